"""The annotation `pulumi.com/waitFor`: a condition, or a JSONPath in kubectl's syntax.

`condition=Ready`, `condition=Synced=False`, `jsonpath={.status.phase}=Running`,
`jsonpath={.status.conditions[?(@.type=="Ready")].status}=True`, or a JSON list of these.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import rpc

from local.plugins.kubernetes.readiness import Verdict
from local.plugins.server import PluginError

_STEP = re.compile(
    r"""
      \.(?P<field>(?:\\.|[^.\[\]\\{}'"\s])+)
    | \['(?P<quoted>[^']*)'\]
    | \[(?P<index>-?\d+)\]
    | (?P<every>\[\*\]|\.\*)
    | \[\?\(\s*@\.(?P<key>[\w.-]+)\s*==\s*(?P<quote>["'])(?P<wanted>.*?)(?P=quote)\s*\)\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One expression: some value of the object, and what it should be."""

    expression: str
    values: Callable[[Any], Iterator[Any]]
    wanted: str | None
    """What every value found should be; None if it is enough that there is one."""

    def is_met(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object is as expected."""
        found = list(self.values(obj))
        return bool(found) and (
            self.wanted is None or all(_text(value) == self.wanted for value in found)
        )


def parse(annotation: str) -> list[Expectation]:
    """The expectations of an annotation. Raises PluginError for what is not in the syntax.

    None of an annotation that is unknown during this preview.
    """
    if annotation == rpc.UNKNOWN:
        return []
    try:
        listed = json.loads(annotation)
    except ValueError:
        listed = None
    expressions = listed if isinstance(listed, list) else [annotation]
    if not expressions:
        raise PluginError("pulumi.com/waitFor: at least one condition must be specified")
    return [_parse(str(expression)) for expression in expressions]


def judge(expectations: list[Expectation], obj: Mapping[str, Any]) -> Verdict:
    """Whether the object meets all of them."""
    missing = [e.expression for e in expectations if not e.is_met(obj)]
    if not missing:
        return Verdict(ready=True, progress="Conditions satisfied")
    progress = f"Waiting for {', '.join(missing)}"
    return Verdict(ready=False, progress=progress, problems=(progress,))


def _parse(expression: str) -> Expectation:
    if expression.startswith("condition="):
        name, _, status = expression.removeprefix("condition=").partition("=")
        return Expectation(
            expression=expression,
            values=lambda obj: _condition(obj, name),
            wanted=(status or "True").lower(),
        )
    if expression.startswith("jsonpath="):
        path, closing, rest = expression.removeprefix("jsonpath=").rpartition("}")
        wanted = rest.removeprefix("=").strip("'\"") if rest else None
        if path.startswith("{") and closing and (not rest or rest.startswith("=")):
            steps = _steps(path.removeprefix("{").removeprefix("$"), expression)
            return Expectation(
                expression=expression, values=lambda obj: _walk(obj, steps), wanted=wanted
            )
    raise PluginError(
        f"pulumi.com/waitFor: {expression!r} is neither condition=TYPE[=STATUS] "
        "nor jsonpath={.path.to.value}[=VALUE]"
    )


def _steps(path: str, expression: str) -> list[re.Match[str]]:
    steps: list[re.Match[str]] = []
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise PluginError(
                f"pulumi.com/waitFor: cannot read {path[position:]!r} in {expression!r}; "
                "write fields as .name, positions as [0], [*] or [?(@.name=='value')]"
            )
        steps.append(step)
        position = step.end()
    return steps


def _walk(value: Any, steps: list[re.Match[str]]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    for inner in _follow(value, steps[0].groupdict()):
        yield from _walk(inner, steps[1:])


def _follow(value: Any, step: Mapping[str, str | None]) -> Iterator[Any]:
    field = step["quoted"] if step["quoted"] is not None else step["field"]
    if field is not None:
        field = re.sub(r"\\(.)", r"\1", field)
        if isinstance(value, Mapping) and field in value:
            yield value[field]
    elif step["index"] is not None:
        if isinstance(value, list) and -len(value) <= int(step["index"]) < len(value):
            yield value[int(step["index"])]
    elif step["every"]:
        yield from value.values() if isinstance(value, Mapping) else value or ()
    elif isinstance(value, list):
        yield from (
            item
            for item in value
            if isinstance(item, Mapping) and _text(item.get(step["key"] or "")) == step["wanted"]
        )


def _condition(obj: Mapping[str, Any], name: str) -> Iterator[str]:
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if str(condition.get("type", "")).lower() == name.lower():
            yield str(condition.get("status", "")).lower()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
