"""Pods of n8n, as somebody's program declares them."""

from typing import Any

from policies.resources.resource import Resource
from tests.policies.judging import resource

ENV = "spec.template.spec.containers[n8n].env"


def n8n(*variables: Any, args: Any = ("start",), **container: Any) -> Resource:
    """A Deployment of n8n with these environment variables."""
    command = {"args": list(args)} if isinstance(args, tuple) else {"args": args}
    declared = {"name": "n8n", "image": "docker.io/n8nio/n8n:2.43.3", **command, **container}
    spec = {"containers": [{"env": list(variables), **declared}]}
    return resource("kubernetes:apps/v1:Deployment", {"spec": {"template": {"spec": spec}}})


def env(**variables: Any) -> list[dict[str, Any]]:
    """Environment variables with their values."""
    return [{"name": name, "value": value} for name, value in variables.items()]
