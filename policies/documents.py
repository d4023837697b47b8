"""The parts of `README.md` that come from code and schemas; `make docs` writes them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from policies.condition import Condition
from policies.conditions import ALL
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.resources.place import Absent, Place
from policies.resources.resource import STACK, Resource
from policies.soc2.controls import FRAMEWORK as SOC2

_FOLDER = Path(__file__).parent
_FRAMEWORKS = (SOC2, GDPR)

_PROBES = {
    "AWS": ("aws:s3/bucket:Bucket",),
    "Kubernetes": (
        "kubernetes:core/v1:PersistentVolumeClaim",
        "kubernetes:storage.k8s.io/v1:StorageClass",
    ),
}
"""Types by which a condition of one cloud shows that it judges the other's resources too."""


def parts() -> dict[str, str]:
    """What stands between the lines BEGIN and END of each name."""
    return {
        "configuration": "".join(_configuration()),
        "exceptions": "".join(_exceptions()),
        "controls": "".join(_controls()),
        "conditions": "".join(_conditions()),
        "not shown": "".join(_not_shown()),
    }


def _configuration() -> Iterator[str]:
    schema = json.loads((_FOLDER / "config" / "schema.json").read_text())
    yield from _table("key", "default", "meaning")
    for name, key in schema["properties"].items():
        if "description" in key:
            yield _row(f"`{name}`", _default(key), key["description"])


def _default(key: Mapping[str, Any]) -> str:
    if "properties" in key:
        inner = key["properties"].items()
        return ", ".join(f"`{name}` {each['default']}" for name, each in inner)
    default = key["default"]
    if isinstance(default, list) and default:
        return ", ".join(f"`{each}`" for each in default)
    return "none"


def _exceptions() -> Iterator[str]:
    schema = json.loads((_FOLDER / "exceptions.schema.json").read_text())
    yield from _table("field", "meaning")
    for name, field in schema["items"]["properties"].items():
        # What is between angle brackets would be taken for HTML.
        yield _row(f"`{name}`", field["description"].replace("<", "&lt;"))


def _controls() -> Iterator[str]:
    for framework in _FRAMEWORKS:
        yield f"\n### {framework.name}\n\n{framework.version}.\n\n"
        yield from _table("control", "subject", "conditions")
        for control, conditions in framework.conditions(ALL).items():
            ids = ", ".join(f"`{each.id}`" for each in conditions)
            yield _row(control, framework.controls[control], ids)


def _conditions() -> Iterator[str]:
    yield from _table("condition", "sentence", "severity", "level", "looks at")
    for each in ALL:
        level = each.level.value + (", can remediate" if each.remediate else "")
        yield _row(f"`{each.id}`", each.title, each.severity.value, level, _looks_at(each))


def _looks_at(condition: Condition) -> str:
    if condition.applies(_unknown(STACK)):
        return "the stack"
    topic = condition.check.__module__.rpartition(".")[2]
    clouds = {"AWS" if topic.startswith("aws_") else "Kubernetes"}
    clouds |= {
        cloud for cloud, types in _PROBES.items() if any(map(condition.applies, _each(types)))
    }
    words = " and ".join(sorted(clouds))
    return f"{words}, in its stack" if condition.scope == "stack" else words


def _each(types: Iterable[str]) -> Iterator[Resource]:
    return map(_unknown, types)


def _unknown(type_: str) -> Resource:
    """A resource of that type of which nothing is known, so that it may be anything."""
    missing = Place("provider", Absent.MISSING)
    return Resource(type=type_, name="", urn="", read=lambda: Absent.UNKNOWN, provider=missing)


def _not_shown() -> Iterator[str]:
    yield from _table("framework", "control", "not shown by infrastructure")
    for framework in _FRAMEWORKS:
        for control, subject in framework.not_shown.items():
            yield _row(framework.name, control, subject)


def _table(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
