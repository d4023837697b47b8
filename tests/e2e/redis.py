"""The Redis Cluster as its own nodes see it."""

from dataclasses import dataclass

from tests.e2e.platform import Platform, name
from tests.waiting import eventually

QUEUE_SLOT = 9263
"""Where every key of the queue is: the slot of its hash tag, `{bull}`."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """A node of the cluster.

    Attributes:
        pod: its pod.
        is_master: whether it is one.
        slots: ranges of slots that it serves.
    """

    pod: str
    is_master: bool
    slots: tuple[range, ...]


def members(platform: Platform, *, seen_by: str | None = None) -> list[Member]:
    """The nodes that one of them takes for healthy: this one, or the first that is ready."""
    if seen_by is None:
        ready = platform.ready("redis")
        assert ready, "no Redis pod is ready"
        seen_by = name(ready[0])
    # The pod's own tools: lib.sh knows certificates and passwords.
    command = '. "$REDIS_CONFIGURATION/lib.sh"; redis "$POD_IP" CLUSTER NODES | nodes'
    result = platform.execute(seen_by, "sh", "-c", command, container="redis")
    assert result.returncode == 0, result.stderr
    found = []
    for line in result.stdout.splitlines():
        _, pod, _, flags, _, link, slots = line.split()
        if link == "connected" and "fail" not in flags:
            found.append(
                Member(pod=pod, is_master="master" in flags.split(","), slots=_ranges(slots))
            )
    return found


def queue_master(platform: Platform) -> str:
    """The pod of the master that holds the queue."""
    return next(
        each.pod
        for each in members(platform)
        if each.is_master and any(QUEUE_SLOT in slots for slots in each.slots)
    )


def wait_whole(platform: Platform) -> None:
    """Wait until all six nodes are healthy, three masters serve all slots, one in each zone."""

    def whole() -> bool:
        found = members(platform)
        masters = [each for each in found if each.is_master and each.slots]
        zones = {each.pod.rpartition("-")[0] for each in masters}
        served = sum(len(slots) for each in masters for slots in each.slots)
        return len(found) == 6 and len(masters) == len(zones) == 3 and served == 16384

    eventually(whole, "Redis Cluster is whole, with one master a zone", seconds=300)


def _ranges(text: str) -> tuple[range, ...]:
    if text == "-":
        return ()
    ends = (each.partition("-") for each in text.split(","))
    return tuple(range(int(first), int(last or first) + 1) for first, _, last in ends)
