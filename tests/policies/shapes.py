"""Manifests of any shape: what conditions look at, filled with anything.

Blindly generated properties would never have what a condition looks for. So its questions are
noted first: every condition is asked about a resource that answers each question with another
resource to ask. From these paths manifests are made, with anything at their ends.
"""

import ast
import inspect
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import policies
from policies.condition import Context
from policies.conditions import ALL
from policies.judgement import judge
from policies.resources.resource import STACK, Resource, Stack
from tests.policies.judging import DEFAULTS, UNKNOWN, resource
from tests.policies.platform import platform

SECRET = "c0rrect!h0rse"
"""What no message may contain. As a name, which messages may show, it would be of an odd form."""

Steps = tuple[str, ...]

ELEMENT = "[]"
"""A step from a list to its element, or from a mapping to the value of any key."""

_DEEPEST = 12
_DEEPEST_VALUE = 4
_NUMBERS = (0, 1, -1, 2, 30, 53, 5432, 6379, 1e308, math.inf, math.nan, 0.5, 10**400)
SECRETS = (
    SECRET,
    f"postgres://me:{SECRET}@db/x",
    f"run --password={SECRET}",
    f"{SECRET}:latest",
    f"arn:aws:kms:{SECRET}:1:key/2",
    json.dumps({"Statement": [{"Effect": "Allow", "Action": SECRET, "Resource": "*"}]}),
)
_TEXTS = (
    "",
    "*",
    "0",
    "1",
    "true",
    "9" * 400,
    "²",
    "é\u202e",
    "\x00",
    "{",
    "a: [",
    "[*]",
    "0.0.0.0/0",
)
_TYPE = re.compile(r"[a-z-]+:[A-Za-z0-9./*-]+:[A-Za-z*]+")
_MORE_TYPES = (
    STACK,
    *(f"kubernetes:apps/v1:{kind}" for kind in ("DaemonSet", "DeploymentPatch", "ReplicaSet")),
    *(f"kubernetes:batch/v1:{kind}" for kind in ("CronJob", "Job", "JobPatch")),
    *(f"kubernetes:core/v1:{kind}" for kind in ("Pod", "PodTemplate", "ReplicationController")),
    *(
        f"kubernetes:rbac.authorization.k8s.io/v1:{kind}"
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    ),
    "kubernetes:example.com/v1:Widget",
    "kubernetes:helm.sh/v4:Chart",
    "example:index:Component",
)
"""Types that no condition names in full, and such as it does not know."""


@cache
def types() -> tuple[str, ...]:
    """All types of resources that some condition may judge."""
    files = Path(inspect.getfile(policies)).parent.rglob("*.py")
    texts = {text for file in files for text in _in(ast.parse(file.read_text()))}
    named = {text.replace("*", "v1") for text in texts if _TYPE.fullmatch(text)}
    return tuple(sorted({*named, *_MORE_TYPES, *(each.type for each in platform())}))


def program(random: Random) -> list[Resource]:
    """A program with a resource of each of these types, each of any shape."""
    return [_resource(random, type_) for type_ in types()]


def value(random: Random, words: Sequence[str] = (), depth: int = 0) -> Any:
    """What may stand anywhere in a manifest by mistake."""
    kind = random.randrange(12 if depth < _DEEPEST_VALUE else 8)
    match kind:
        case 0 | 1:
            return UNKNOWN
        case 2:
            return random.choice((None, True, False))
        case 3:
            return random.choice(_NUMBERS)
        case 4:
            return random.choice(SECRETS)
        case 5:
            return random.choice(_TEXTS)
        case 6 | 7:
            return random.choice(words or _TEXTS)
        case 8 | 9:
            return [value(random, words, depth + 1) for _ in range(random.randrange(4))]
        case 10:
            keys = [random.choice((*words, *_TEXTS)) for _ in range(random.randrange(4))]
            return {key: value(random, words, depth + 1) for key in keys}
        case _:
            # Pulumi's own values are often JSON in a text.
            return json.dumps(value(random, words, depth + 1), default=str)


def _resource(random: Random, type_: str) -> Resource:
    questions, words = _looked_at(type_)

    def built() -> Any:
        paths = random.choices(questions, k=random.randrange(1, 20))
        return _built((steps, value(random, words)) for steps in paths)

    properties = built() if random.random() < 0.95 else value(random, words)
    if isinstance(properties, dict) and random.random() < 0.2:
        # As policies of IAM are written.
        properties = {key: json.dumps(each, default=str) for key, each in properties.items()}
    return resource(
        type_,
        properties,
        name=random.choice(("example", "restore")),
        protect=random.random() < 0.5,
        ignored=[random.choice((*words, *_TEXTS))],
        provider=built(),
    )


def _built(ends: Iterable[tuple[Steps, Any]]) -> Any:
    """A manifest with these values at these paths, as far as they go together."""
    built: Any = {}
    for steps, end in ends:
        inner = built
        for step, following in zip(steps, (*steps[1:], None), strict=True):
            fresh: Any = end if following is None else [] if following == ELEMENT else {}
            if isinstance(inner, list):
                if not inner:
                    inner.append(fresh)
                inner = inner[0]
            elif isinstance(inner, dict):
                inner = inner.setdefault(step, fresh)
    return built


class _Asked:
    """A value that is a mapping and a list, and notes what it is asked for."""

    def __init__(self, questions: set[Steps], steps: Steps = ()) -> None:
        self._questions, self._steps = questions, steps

    def get(self, key: str) -> Any:
        return self._below(key)

    def __iter__(self) -> Iterator[Any]:
        yield self._below(ELEMENT)

    def __len__(self) -> int:
        return 1

    def _below(self, step: str) -> "_Asked | None":
        steps = (*self._steps, step)
        self._questions.add(steps)
        return _Asked(self._questions, steps) if len(steps) < _DEEPEST else None


Mapping.register(_Asked)  # pyright: ignore[reportAttributeAccessIssue]
Sequence.register(_Asked)  # pyright: ignore[reportAttributeAccessIssue]


@cache
def _looked_at(type_: str) -> tuple[Sequence[Steps], Sequence[str]]:
    """The paths that conditions look at in resources of a type, and texts that they know."""
    questions: set[Steps] = {("metadata",)}
    asked = resource(type_, _Asked(questions))
    context = Context(parameters=DEFAULTS, stack=Stack(resources=[asked, *platform()]))
    asking = [each for each in ALL if judge(each, asked, context, [])]
    files = {inspect.getfile(each.check) for each in asking}
    return sorted(questions), sorted({text for file in files for text in _compared(file)})


@cache
def _compared(file: str) -> frozenset[str]:
    """The texts that a module compares others with: in comparisons, or in lists of its own."""
    module = ast.parse(Path(file).read_text())
    lists = (node for node in module.body if isinstance(node, ast.Assign))
    comparisons = (
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Compare)
        or (isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".must_be", "swith")))
    )
    texts = {text for node in (*lists, *comparisons) for text in _in(node)}
    return frozenset(text for text in texts if len(text) < 60 and not _TYPE.fullmatch(text))


def _in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
