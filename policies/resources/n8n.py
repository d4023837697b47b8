"""Where n8n runs, and what its environment variables tell it.

A manifest shows a variable only where it holds the value itself. What comes from a ConfigMap, a
Secret or a file can change without the manifest, so that it is no evidence: where a condition
requires a setting, it requires it in the container's own `env`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from policies.resources.kubernetes import containers
from policies.resources.place import Absent, Finding, Place, Undecided, Verdict
from policies.resources.resource import Resource, Stack
from policies.resources.workloads import runs_pods

_OWN_VARIABLES = ("N8N_ENCRYPTION_KEY", "N8N_ENCRYPTION_KEY_FILE", "EXECUTIONS_MODE")
"""What only n8n itself is given; its task runners are told other things."""

_SERVING = ("start", "worker", "webhook")
"""n8n's commands that serve; `start`, which is main, also without any command."""

_PASSING = re.compile(r"audit|execute|executeBatch|[a-z][a-z-]*:[a-z-]+")
"""n8n's commands that do one thing and end, as `export:workflow`: they prune and report nothing."""

_PROGRAMS = re.compile(r"(.*/)?(n8n|docker-entrypoint\.sh)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Process:
    """A container that runs n8n.

    Attributes:
        container: the container.
        role: `start`, `worker` or `webhook`; unknown where its command is.
    """

    container: Place
    role: str | Absent

    def variable(self, name: str) -> Place:
        """An environment variable: a truth value, number or text, as n8n reads it."""
        place = variable(self.container, name)
        text = (place.text or "").strip().lower()
        if text in ("true", "false"):
            return Place(place.path, text == "true")
        if _NUMBER.fullmatch(text):
            return Place(place.path, float(text) if "." in text else int(text))
        return place

    def requires(
        self, name: str, satisfied: Callable[[Place], bool], requires: str
    ) -> Iterator[Verdict]:
        """The manifest must set the variable, and so that it satisfies."""
        place = self.variable(name)
        if self.role is Absent.UNKNOWN:
            # It may be a command that needs no such setting.
            command = self.container.at("command")
            unknown = any(word.unknown for word in command.each())
            yield Undecided(command.path if unknown else f"{self.container.path}.args", requires)
        elif _is_elsewhere(place):
            yield Finding(place.path, f"{place.path} not visible in the manifest", requires)
        else:
            yield from place.must(satisfied, requires)

    def forbids(
        self, name: str, refused: Callable[[Place], bool], requires: str
    ) -> Iterator[Verdict]:
        """If the manifest sets the variable, then to something else; n8n's default is right."""
        if not self.variable(name).missing:
            yield from self.requires(name, lambda place: not refused(place), requires)


def processes(resource: Resource) -> Iterator[Process]:
    """The containers of a resource that run n8n, recognised by image or own variables.

    Not the task runners beside it, and not a container that has n8n's image for another program.
    """
    if runs_pods(resource):
        for container in containers(resource):
            told = any(_names(container, name) for name in _OWN_VARIABLES)
            role = _role(container, told) if told or _has_image(container) else None
            if role is not None:
                yield Process(container, role)


def mains(resource: Resource) -> Iterator[Process]:
    """The processes that are main: the ones that prune, and serve the editor."""
    return (each for each in processes(resource) if each.role in ("start", Absent.UNKNOWN))


def runs_n8n(resource: Resource) -> bool:
    """Whether it runs n8n, in any role."""
    return any(True for _ in processes(resource))


def runs_main(resource: Resource) -> bool:
    """Whether it runs n8n's main process."""
    return any(True for _ in mains(resource))


def is_in(stack: Stack) -> bool:
    """Whether n8n is part of the stack."""
    return any(map(runs_n8n, stack.resources))


def is_true(place: Place) -> bool:
    """Whether n8n takes the value of a variable for true."""
    return place.value is True or place.number == 1


def is_false(place: Place) -> bool:
    """Whether n8n takes the value of a variable for false."""
    return place.value is False or place.number == 0


def variable(container: Place, name: str) -> Place:
    """An environment variable of any container: its `value`, or `valueFrom`, which is no text.

    Of two with one name the later counts, as for Kubernetes. An entry that is not known at preview
    may be the one that is looked for.
    """
    env = container.at("env")
    found = Place(f"{env.path}[{name}]", Absent.MISSING)
    for entry in env.each():
        given = entry.at("name")
        if given.unknown and found.missing:
            found = entry if entry.unknown else given
        elif given.text == name:
            source = entry.at("valueFrom")
            found = entry.at("value") if source.missing else source
    return found


def _is_elsewhere(place: Place) -> bool:
    return place.path.endswith(".valueFrom") and not place.unknown


def _names(container: Place, name: str) -> bool:
    return any(entry.at("name").text == name for entry in container.at("env").each())


def _has_image(container: Place) -> bool:
    image = (container.at("image").text or "").partition("@")[0]
    return image.rpartition("/")[2].partition(":")[0] == "n8n"


def _role(container: Place, told: bool) -> str | Absent | None:
    """What the container does with n8n; None if it serves nothing.

    Args:
        container: the container.
        told: whether it has n8n's own variables, so that an unfamiliar command is a wrapper.
    """
    command, args = container.at("command"), container.at("args")
    given = [*command.each(), *args.each()]
    if any(place.unknown for place in given):
        return Absent.UNKNOWN
    words = " ".join(place.text or "" for place in given).split()
    serving = next((word for word in words if word in _SERVING), None)
    if serving is not None or any(map(_PASSING.fullmatch, words)):
        return serving
    is_n8n = told or not list(command.each()) or any(map(_PROGRAMS.fullmatch, words))
    return "start" if is_n8n else None
