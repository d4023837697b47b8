"""Prometheus, its operator and Alertmanager, as a cluster has them that is watched already.

What they watch and whom they tell comes with the stack, which says `monitoring.stack: installed`.
Both are configured as the chart would configure them elsewhere, with one pod each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import yaml

from local.nodes import Manifest
from settings.file import load_file

STACK = "local"

_RECEIVER = "alert-receiver"
_HERE = Path(__file__).parent
_API_VERSION = "monitoring.coreos.com/v1"

_LIKE_THE_CHART = {
    "prometheus": (
        "evaluationInterval",
        "podMetadata",
        "retention",
        "retentionSize",
        "scrapeInterval",
        "topologySpreadConstraints",
    ),
    "alertmanager": (
        "alertmanagerConfigMatcherStrategy",
        "alertmanagerConfigNamespaceSelector",
        "alertmanagerConfigSelector",
        "topologySpreadConstraints",
    ),
}
"""What the chart's values say that its templates hand on as it is."""

_SELECTED = ("podMonitor", "probe", "rule", "serviceMonitor")
"""What Prometheus takes from every namespace, as the chart has it do."""

_PODS = {
    "replicas": 1,
    "resources": {
        "requests": {"cpu": "20m", "memory": "128Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    },
    "securityContext": {
        "runAsUser": 65534,
        "runAsGroup": 65534,
        "runAsNonRoot": True,
        "fsGroup": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}


def namespace() -> Manifest:
    """Where they run, and where Grafana would look for dashboards."""
    name = load_file(STACK).monitoring.namespace
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def manifests(images: Mapping[str, str]) -> list[Manifest]:
    """All objects, in the order to apply them.

    Args:
        images: references, with a tag, of all images by name.
    """
    # Pulumi's SDK comes with it, which takes a second that most commands need not wait.
    from components.monitoring.values import values

    settings = load_file(STACK)
    chart = values(settings)
    names = {name.replace("-", "_"): reference for name, reference in images.items()}
    source = (_HERE / "receiver.py").read_text()
    text = Template((_HERE / "objects.yaml").read_text()).substitute(
        names,
        namespace=settings.monitoring.namespace,
        receiver_digest=hashlib.sha256(source.encode()).hexdigest()[:16],
    )
    metadata = {"namespace": settings.monitoring.namespace}
    program = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _RECEIVER, **metadata},
        "data": {"receiver.py": source},
    }
    return [
        namespace(),
        *yaml.safe_load_all(text),
        program,
        {
            "apiVersion": _API_VERSION,
            "kind": "Alertmanager",
            "metadata": {"name": "alertmanager", **metadata},
            "spec": {
                **_like_the_chart("alertmanager", chart["alertmanager"]["alertmanagerSpec"]),
                **_PODS,
                **_image(images["alertmanager"]),
                "storage": _volume(settings.monitoring.alert_storage),
            },
        },
        {
            "apiVersion": _API_VERSION,
            "kind": "Prometheus",
            "metadata": {"name": "prometheus", **metadata},
            "spec": {
                **_like_the_chart("prometheus", chart["prometheus"]["prometheusSpec"]),
                **_PODS,
                **_image(images["prometheus"]),
                "storage": _volume(settings.monitoring.storage),
                "serviceAccountName": "prometheus",
                **{f"{kind}Selector": {} for kind in _SELECTED},
                **{f"{kind}NamespaceSelector": {} for kind in _SELECTED},
                "alerting": {
                    "alertmanagers": [{"name": "alertmanager-operated", "port": "web", **metadata}]
                },
            },
        },
    ]


def receiver_secret(platform: str) -> Manifest:
    """The Secret that all receivers of the stack name: it leads to the program that prints.

    One, and no more: of several that are missing, the operator waits for the first alone.

    Args:
        platform: the platform's namespace, which is there once the stack is deployed.
    """
    where = f"http://{_RECEIVER}.{load_file(STACK).monitoring.namespace}.svc"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _RECEIVER, "namespace": platform},
        "stringData": {"url": where},
    }


def _like_the_chart(program: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: spec[key] for key in _LIKE_THE_CHART[program]}


def _image(reference: str) -> dict[str, str]:
    # The operator writes for the version what it understands.
    return {"image": reference, "version": reference.rpartition(":")[2]}


def _volume(size: str) -> dict[str, Any]:
    return {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": size}}}}}
