"""Which pod is master of which shard, and in which zone: pure, and the one place that says so.

Each zone runs two pods: number 0 is meant to be master of the zone's own shard, number 1 is the
replica of the previous zone's master. With zones A, B and C that is A: m0 r2, B: m1 r0, C: m2 r1.
A lost zone then takes one master, two are left to elect its replica, and that replica is alive.
"""

from collections.abc import Sequence
from dataclasses import dataclass

NAME = "redis"
"""Name of the cluster's Service, and first part of its pods' names."""

PORT = 6379
"""TCP port of clients and of replication."""

BUS_PORT = PORT + 10_000
"""TCP port on which the nodes tell each other who is alive; Redis derives it from the other."""

PODS_PER_ZONE = 2

_SLOTS = 16384
_LETTERS = "abc"


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One availability zone and the StatefulSet that runs in it.

    Attributes:
        name: the zone, as the nodes' label names it.
        stateful_set: name of the StatefulSet, by the zone's place in the settings, so that it is
            short and the same in every cloud.
    """

    name: str
    stateful_set: str

    @property
    def pods(self) -> tuple[str, ...]:
        """Names of the zone's pods."""
        return tuple(f"{self.stateful_set}-{number}" for number in range(PODS_PER_ZONE))


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A third of the slots, and the two pods that hold it.

    Attributes:
        slots: first and last slot.
        master: pod that is meant to be master.
        replica: pod in the next zone that takes over.
    """

    slots: tuple[int, int]
    master: str
    replica: str


def zones(names: Sequence[str]) -> tuple[Zone, ...]:
    """The zones in the order of the settings, with their StatefulSets."""
    return tuple(
        Zone(name=name, stateful_set=f"{NAME}-{letter}")
        for name, letter in zip(names, _LETTERS, strict=True)
    )


def shards(placed: Sequence[Zone]) -> tuple[Shard, ...]:
    """One shard for each zone, its replica in the zone after it."""
    count = len(placed)
    return tuple(
        Shard(
            slots=(_SLOTS * index // count, _SLOTS * (index + 1) // count - 1),
            master=zone.pods[0],
            replica=placed[(index + 1) % count].pods[1],
        )
        for index, zone in enumerate(placed)
    )


def table(placed: Sequence[Shard]) -> str:
    """The shards as the scripts read them: first slot, last slot, master, replica on each line."""
    return "".join(
        f"{shard.slots[0]} {shard.slots[1]} {shard.master} {shard.replica}\n" for shard in placed
    )


def domain(namespace: str) -> str:
    """What follows a pod's name in its host name."""
    return f"{NAME}.{namespace}.svc.cluster.local"
