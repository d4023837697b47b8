"""What every component of the platform shares: its type token, its children's options, labels."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar

import pulumi

MANAGED_BY = "pulumi"
PART_OF = "n8n-platform"


class Component(pulumi.ComponentResource):
    """A part of the platform: one concept, made of native Kubernetes resources.

    A subclass names its `area`; its type token is then `n8n-platform:<area>:<ClassName>`. Its
    constructor calls the `_create_…` methods in order and ends in `register_outputs`.
    """

    area: ClassVar[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{PART_OF}:{self.area}:{type(self).__name__}", name, {}, opts)

    def child_options(
        self,
        *,
        depends_on: list[pulumi.Resource] | None = None,
        protect: bool = False,
        retain_on_delete: bool = False,
    ) -> pulumi.ResourceOptions:
        """The options of a child: the one place that says how children relate to a component.

        Args:
            depends_on: resources that must be ready before the child is changed.
            protect: refuse to delete the child; for what holds data or keys.
            retain_on_delete: leave the child in the cluster when the stack is destroyed.
        """
        # None, not False: a child then takes what its component says.
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=depends_on,
            protect=protect or None,
            retain_on_delete=retain_on_delete or None,
        )


def labels(component: str, *, instance: str = "n8n", version: str | None = None) -> dict[str, str]:
    """Kubernetes' recommended labels for a part of the platform.

    Args:
        component: the part, for example `worker`.
        instance: what it is an instance of: `n8n`, `redis` or `postgres`.
        version: version of the software in it, where it has one.
    """
    recommended = {
        **selector(component, instance=instance),
        "app.kubernetes.io/part-of": PART_OF,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }
    return recommended if version is None else {**recommended, "app.kubernetes.io/version": version}


def selector(component: str, *, instance: str = "n8n") -> Mapping[str, str]:
    """The labels that choose a part's pods: those of `labels` that never change."""
    return {
        "app.kubernetes.io/name": instance,
        "app.kubernetes.io/component": component,
    }


def digest(files: Mapping[str, str]) -> str:
    """A short fingerprint of configuration files.

    As an annotation of a pod template it restarts the pods when what they read only at their start
    has changed.
    """
    return sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:16]
