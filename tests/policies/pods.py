"""Workloads with pods, as a program declares them."""

from collections.abc import Mapping
from typing import Any

from policies.resources.resource import Resource
from tests.policies.judging import resource

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POD = "spec.template.spec"
APP = f"{POD}.containers[app]"


def deployment(container: Mapping[str, Any] | None = None, /, **pod: Any) -> Resource:
    """A Deployment of pods with these settings, and one container `app` with those."""
    return of_pods(DEPLOYMENT, containers=[{"name": "app", **(container or {})}], **pod)


def of_pods(type_: str, **pod: Any) -> Resource:
    """A workload of another type that has a template of its pods."""
    return resource(type_, {"spec": {"template": {"spec": pod}}})


def secured(**security_context: Any) -> Mapping[str, Any]:
    """A container with this security context."""
    return {"securityContext": security_context}
