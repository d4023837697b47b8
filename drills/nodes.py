"""Simulated nodes on which n8n takes as long to start as it does on real ones."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from local.nodes import Manifest
from local.nodes.simulated import SimulatedNodes

START_SECONDS = 25
"""From a pod's placement until it is ready; 24 s were seen on real nodes with two cores."""

_STAGE = "pod-ready"
_LABEL = '.metadata.labels["app.kubernetes.io/name"]'


class StartingNodes(SimulatedNodes):
    """Simulated nodes whose pods of n8n become ready after `START_SECONDS`; others do at once."""

    def controller_configuration(self) -> list[Manifest]:
        """kwok's stages, of which the one that makes pods ready is two."""
        return list(_slower(super().controller_configuration()))


def _slower(documents: Iterable[Manifest]) -> Iterable[Manifest]:
    for document in documents:
        if document["metadata"]["name"] != _STAGE:
            yield document
            continue
        at_once, slow = copy.deepcopy(document), copy.deepcopy(document)
        for stage, operator in ((at_once, "NotIn"), (slow, "In")):
            stage["spec"]["selector"]["matchExpressions"].append(
                {"key": _LABEL, "operator": operator, "values": ["n8n"]}
            )
        slow["metadata"]["name"] = f"{_STAGE}-n8n"
        slow["spec"]["delay"] = {"durationMilliseconds": START_SECONDS * 1000}
        yield from (at_once, slow)
