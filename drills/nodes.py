"""Simulated nodes on which pods take time to start, as they do on real ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

from local.nodes import Manifest
from local.nodes.simulated import SimulatedNodes

START_SECONDS: Mapping[str, int] = {"n8n": 25, "redis": 10}
"""From a pod's placement until it is ready, by `app.kubernetes.io/name`; others are so at once.

24 s were seen of n8n on real nodes with two cores; Redis' is an assumption.
"""

_STAGE = "pod-ready"
_LABEL = '.metadata.labels["app.kubernetes.io/name"]'


class StartingNodes(SimulatedNodes):
    """Simulated nodes whose pods become ready after `START_SECONDS`."""

    def controller_configuration(self) -> list[Manifest]:
        """kwok's stages, the one that makes pods ready once for each kind of pod."""
        return list(_starting(super().controller_configuration()))


def _starting(documents: Iterable[Manifest]) -> Iterable[Manifest]:
    for document in documents:
        if document["metadata"]["name"] != _STAGE:
            yield document
            continue
        yield _only(document, "NotIn", list(START_SECONDS))
        for name, seconds in START_SECONDS.items():
            stage = _only(document, "In", [name])
            stage["metadata"]["name"] = f"{_STAGE}-{name}"
            stage["spec"]["delay"] = {"durationMilliseconds": seconds * 1000}
            yield stage


def _only(document: Manifest, operator: str, names: list[str]) -> Manifest:
    stage = copy.deepcopy(document)
    chosen = {"key": _LABEL, "operator": operator, "values": names}
    stage["spec"]["selector"]["matchExpressions"].append(chosen)
    return stage
