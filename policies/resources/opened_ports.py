"""Which ports of pods a Service or a rule of a network policy opens."""

from collections.abc import Collection, Iterable

from policies.resources.answers import Answer, every, known, some
from policies.resources.kubernetes import containers
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource


def opens(
    port: Place,
    wanted: Collection[float],
    pods: Iterable[tuple[Resource, Answer]],
    *,
    last: Place | None = None,
) -> Answer:
    """Whether one of some ports is meant by what names a port.

    Args:
        port: the number, or a name that pods give it; a missing one means all ports.
        wanted: the ports that are asked for.
        pods: workloads, and whether their pods are meant.
        last: the end of a range that begins with the number.
    """
    last = last or Place(port.path, Absent.MISSING)
    if port.unknown or last.unknown:
        return None
    if port.missing:
        return True
    if port.number is not None:
        return any(port.number <= each <= (last.number or port.number) for each in wanted)
    return some(
        every([meant, _is_named(declared, port), _is_one_of(declared, wanted)])
        for pod, meant in pods
        if meant is not False
        for container in containers(pod)
        for declared in container.at("ports").each()
    )


def _is_named(declared: Place, name: Place) -> Answer:
    return known(declared.at("name"), declared.at("name").text == name.text)


def _is_one_of(declared: Place, wanted: Collection[float]) -> Answer:
    number = declared.at("containerPort")
    return known(number, number.number in wanted)
