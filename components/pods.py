"""What every pod of the platform has in common: hardening, sizes, spread over zones."""

from collections.abc import Mapping

import pulumi_kubernetes as kubernetes

from settings.platform import Resources

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"

UNREACHABLE_SECONDS = 30
"""How long a pod stays bound to a node that is gone. Kubernetes' default of 300 s is half the ten
minutes in which the platform must have failed over."""


def pod_security(*, user: int, group: int) -> kubernetes.core.v1.PodSecurityContextArgs:
    """A pod that runs as one unprivileged user, as Pod Security `restricted` asks.

    Args:
        user: user id of the image's own user.
        group: its group id; volumes belong to it.
    """
    return kubernetes.core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=user,
        run_as_group=group,
        fs_group=group,
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=kubernetes.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> kubernetes.core.v1.SecurityContextArgs:
    """A container that cannot gain rights or write outside its volumes."""
    return kubernetes.core.v1.SecurityContextArgs(
        run_as_non_root=True,
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=kubernetes.core.v1.CapabilitiesArgs(drop=["ALL"]),
        seccomp_profile=kubernetes.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def requirements(resources: Resources) -> kubernetes.core.v1.ResourceRequirementsArgs:
    """A container's requests and limits."""
    return kubernetes.core.v1.ResourceRequirementsArgs(
        requests={"cpu": resources.cpu_request, "memory": resources.memory_request},
        limits={"cpu": resources.cpu_limit, "memory": resources.memory_limit},
    )


def lost_node_tolerations() -> list[kubernetes.core.v1.TolerationArgs]:
    """Leave a node that is gone after 30 s, so that a lost zone is made up for elsewhere soon."""
    return [
        kubernetes.core.v1.TolerationArgs(
            key=f"node.kubernetes.io/{condition}",
            operator="Exists",
            effect="NoExecute",
            toleration_seconds=UNREACHABLE_SECONDS,
        )
        for condition in ("not-ready", "unreachable")
    ]


def spread_over_zones_and_nodes(
    pod_labels: Mapping[str, str],
) -> list[kubernetes.core.v1.TopologySpreadConstraintArgs]:
    """Pods of one Deployment evenly over zones and nodes, as long as there are enough of them.

    Evenness yields to availability (`ScheduleAnyway`): with a zone lost its pods run elsewhere.
    Each rollout is spread by itself (`pod-template-hash`), else the old pods would skew the new.
    """
    return [
        kubernetes.core.v1.TopologySpreadConstraintArgs(
            max_skew=1,
            topology_key=key,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=dict(pod_labels)),
            match_label_keys=["pod-template-hash"],
            node_taints_policy="Honor",
        )
        for key in (ZONE, HOST)
    ]


def scratch(
    name: str, path: str, *, size: str, memory: bool = False
) -> tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]:
    """An empty directory that ends with its pod: what a read-only root needs to write to.

    Args:
        name: name of the volume.
        path: where the container sees it.
        size: quantity at which the pod is evicted.
        memory: keep it in memory, for what must not reach a disk; counts as the pod's memory.
    """
    volume = kubernetes.core.v1.VolumeArgs(
        name=name,
        empty_dir=kubernetes.core.v1.EmptyDirVolumeSourceArgs(
            size_limit=size, medium="Memory" if memory else None
        ),
    )
    return volume, kubernetes.core.v1.VolumeMountArgs(name=name, mount_path=path)


def secret_files(
    name: str, secret: str, path: str, *, keys: tuple[str, ...], optional: bool = False
) -> tuple[kubernetes.core.v1.VolumeArgs, kubernetes.core.v1.VolumeMountArgs]:
    """Some keys of a Secret as read-only files of the pod's group.

    Args:
        name: name of the volume.
        secret: name of the Secret.
        path: directory in which the container sees one file for each key.
        keys: the keys; the rest of the Secret stays out of the pod.
        optional: start without them.
    """
    volume = kubernetes.core.v1.VolumeArgs(
        name=name,
        secret=kubernetes.core.v1.SecretVolumeSourceArgs(
            secret_name=secret,
            default_mode=0o440,
            optional=optional or None,
            items=[kubernetes.core.v1.KeyToPathArgs(key=key, path=key) for key in keys],
        ),
    )
    mount = kubernetes.core.v1.VolumeMountArgs(name=name, mount_path=path, read_only=True)
    return volume, mount
