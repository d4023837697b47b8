"""Kubernetes objects as the API server would return them, for tests of what judges them."""

from typing import Any

Object = dict[str, Any]


def deployment(*, replicas: int = 2, generation: int = 1, **status: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "generation": generation},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"observedGeneration": generation, **status},
    }


def condition(name: str, status: str, reason: str = "", message: str = "") -> Object:
    return {"type": name, "status": status, "reason": reason, "message": message}


ROLLED_OUT = [
    condition("Available", "True", "MinimumReplicasAvailable"),
    condition("Progressing", "True", "NewReplicaSetAvailable"),
]


def stateful_set(*, wanted: int = 3, generation: int = 1, **status: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "redis", "namespace": "default", "generation": generation},
        "spec": {"replicas": wanted, "updateStrategy": {"type": "RollingUpdate"}},
        "status": {"observedGeneration": generation, **status},
    }


def config_map(**data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "default"},
        "data": data,
    }


def pod(name: str, *conditions: Object, **status: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "apps"},
        "status": {"conditions": list(conditions), **status},
    }
