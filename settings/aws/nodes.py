"""What the nodes of an EKS cluster hold: the arithmetic behind their number."""

from dataclasses import dataclass
from decimal import Decimal

from settings.aws.addresses import MAX_PODS

_MEMORY_GIB_PER_CORE = {"c": 2, "m": 4, "r": 8}
_CORES = {"xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32}
"""What a type's name says of it, in each family that `InstanceType` takes."""

_MIB = 2**20

_MEMORY_KEPT_BY_MACHINE = Decimal("0.075")
"""Share of the nominal memory that the machine's own firmware and kernel keep: Karpenter's default
estimate (`vmMemoryOverheadPercent`)."""

_EVICTION_BYTES = 100 * _MIB
"""Free memory below which the kubelet evicts pods: EKS' `evictionHard`."""

_DAEMONS_CPU = Decimal("0.25")
_DAEMONS_MEMORY = 512 * _MIB
"""What one node's daemons ask for: aws-node with its policy agent 50m, kube-proxy 100m, the CSI
driver 30m and 120Mi, node exporter 50m and 64Mi; the rest is for agents of the organisation."""

_DAEMONS = 6
"""Pods of a node that are its daemons."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What pods of the platform and of operators may ask for on one node.

    Attributes:
        cpu: cores.
        memory: bytes.
        pods: their number.
    """

    cpu: Decimal
    memory: Decimal
    pods: int


def room(instance_type: str) -> Room:
    """What one node of a type has for pods, after system, kubelet and daemons took theirs.

    The kubelet's part is as EKS' node image reserves it (awslabs/amazon-eks-ami, nodeadm): of CPU
    6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of all others; of
    memory 255 MiB and 11 MiB for each pod that may be there.

    Args:
        instance_type: one that `InstanceType` takes.
    """
    family, size = instance_type[0], instance_type.partition(".")[2]
    cores = _CORES[size]
    reserved_cpu = Decimal("0.08") + Decimal("0.0025") * (cores - 4)
    nominal = Decimal(cores * _MEMORY_GIB_PER_CORE[family] * 1024 * _MIB)
    reserved_memory = (255 + 11 * MAX_PODS) * _MIB + _EVICTION_BYTES
    return Room(
        cpu=cores - reserved_cpu - _DAEMONS_CPU,
        memory=nominal * (1 - _MEMORY_KEPT_BY_MACHINE) - reserved_memory - _DAEMONS_MEMORY,
        pods=MAX_PODS - _DAEMONS,
    )
