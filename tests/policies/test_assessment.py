"""One run of a pack: what it says of violations, exceptions, levels, and what is not known."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi_policy import EnforcementLevel, Severity

from policies.assessment import Assessment, Said
from policies.condition import Condition, Context, condition
from policies.pack import policies
from policies.parameters import ConfigurationError
from policies.resources.place import Verdict
from policies.resources.resource import Resource, Stack, is_stack, of_type
from policies.soc2.controls import FRAMEWORK
from tests.policies.judging import UNKNOWN, resource

TYPE = "example:index:Database"


def _condition(check: Any, **given: Any) -> Condition:
    defaults: dict[str, Any] = {
        "applies": of_type(TYPE),
        "severity": Severity.HIGH,
        "steps": "Do it.",
        "url": "https://example.com",
        "soc2": ("CC6.1", "CC6.7"),
        "gdpr": ("32(1)(a)",),
    }
    return condition(**{**defaults, **given})(check)


def databases_are_encrypted(judged: Resource, _: Context) -> Iterator[Verdict]:
    """Databases are encrypted."""
    yield from judged.at("encrypted").must_be(True)


def databases_are_few(_: Resource, context: Context) -> Iterator[Verdict]:
    """There are no two databases."""
    for other in list(context.stack.of(TYPE))[1:]:
        yield from other.at("allowed").must_be(True)


ENCRYPTED = _condition(databases_are_encrypted)
FEW = _condition(
    databases_are_few,
    applies=is_stack,
    scope="stack",
    level=EnforcementLevel.ADVISORY,
    soc2=("CC6.1",),
    gdpr=(),
)
ONLY_GDPR = _condition(databases_are_encrypted, soc2=())

GRANT = {
    "controls": ["SOC2 CC6.1", "SOC2 CC6.7", "GDPR 32(1)(a)"],
    "condition": ENCRYPTED.id,
    "resource": f"{TYPE}::old-*",
    "stacks": ["production"],
    "reason": "They are deleted in the next quarter.",
    "owner": "data team",
    "ticket": "OPS-1",
    "expires": (date.today() + timedelta(days=30)).isoformat(),
}
OF_A_CHART = {**GRANT, "resource": "*::store:*", "chart": "store"}
GRANTED = f"'{ENCRYPTED.id}' for {TYPE}::old-* until {GRANT['expires']}, owner data team, OPS-1"


def assessment(
    folder: Path,
    *,
    grants: Sequence[Mapping[str, Any]] = (),
    levels: Mapping[str, str] | None = None,
) -> Assessment:
    (folder / "config").mkdir()
    (folder / "config" / "production.json").write_text(json.dumps({"enforcement": levels or {}}))
    (folder / "exceptions.yaml").write_text(yaml.safe_dump(list(grants)))
    return Assessment(FRAMEWORK, [ENCRYPTED, FEW], "production", folder)


def database(name: str = "main", **properties: Any) -> Resource:
    return resource(TYPE, properties, name=name)


def judged(by: Assessment, *resources: Resource) -> list[Said]:
    stack = Stack(resources=resources)
    return [
        said for each in by.conditions for one in resources for said in by.judge(each, one, stack)
    ]


def test_a_violation_is_said_at_its_resource_with_both_ways_out(tmp_path: Path) -> None:
    bad = database(encrypted=False)
    assert judged(assessment(tmp_path), bad, database("good", encrypted=True)) == [
        (
            f"[SOC2 CC6.1] {TYPE} 'main': found encrypted false; requires true. Fix: encrypted. "
            "Exception: policies/exceptions.yaml, condition databases-are-encrypted, with owner "
            "and expiry.",
            bad.urn,
        )
    ]


def test_what_is_not_known_is_no_violation_and_is_said_at_the_end(tmp_path: Path) -> None:
    run = assessment(tmp_path)
    unknown = database(encrypted=UNKNOWN)

    assert judged(run, unknown) == []
    assert [*run.deviations()] == [
        (
            f"[SOC2 CC6.1] {TYPE} 'main': undecided until up, as encrypted is not known at "
            "preview; will require true.",
            unknown.urn,
        )
    ]


def test_what_is_not_known_of_several_resources_is_said_once(tmp_path: Path) -> None:
    run = assessment(tmp_path)
    unknown = [database(name, encrypted=UNKNOWN) for name in ("one", "two")]
    judged(run, *unknown)

    assert [*run.deviations()] == [
        (
            "[SOC2 CC6.1] undecided until up, as not known at preview; will require true:\n"
            f"  {TYPE} 'one': encrypted\n  {TYPE} 'two': encrypted",
            None,
        )
    ]


def test_an_exception_silences_what_it_covers_and_stays_visible(tmp_path: Path) -> None:
    run = assessment(tmp_path, grants=[GRANT])
    said = judged(run, database("old-one"), database("old-two"), database("new"))

    assert [urn for _, urn in said] == [database("new").urn]
    assert [*run.unused_exceptions()] == []
    assert [*run.deviations()] == [(f"[SOC2 CC6.1] excepted for 2 resources: {GRANTED}.", None)]


def test_an_exception_that_covers_nothing_is_to_be_deleted(tmp_path: Path) -> None:
    run = assessment(tmp_path, grants=[GRANT])
    judged(run, database("old-one", encrypted=True), database("new", encrypted=True))

    assert [*run.unused_exceptions()] == [
        (f"[SOC2] the exception {GRANTED} covers nothing: delete it.", None)
    ]
    assert [*run.deviations()] == []


@pytest.mark.parametrize(
    ("name", "is_asked_for"), [("of-the-program", False), ("store:n8n/of-the-chart", True)]
)
def test_an_exception_for_a_chart_is_asked_for_once_something_of_the_chart_is_seen(
    name: str, is_asked_for: bool, tmp_path: Path
) -> None:
    run = assessment(tmp_path, grants=[OF_A_CHART])
    judged(run, database(name, encrypted=True))
    assert bool([*run.unused_exceptions()]) is is_asked_for


def test_an_exception_for_a_chart_covers_what_the_chart_brings(tmp_path: Path) -> None:
    run = assessment(tmp_path, grants=[OF_A_CHART])
    said = judged(run, database("store:n8n/of-the-chart"), database("of-the-program"))
    assert [urn for _, urn in said] == [database("of-the-program").urn]
    assert [*run.unused_exceptions()] == []


def test_an_exception_may_be_needed_for_what_is_not_known_yet(tmp_path: Path) -> None:
    run = assessment(tmp_path, grants=[GRANT])
    judged(run, database("old-one", encrypted=UNKNOWN))

    assert [*run.unused_exceptions()] == []


def test_the_later_judgement_of_a_resource_counts(tmp_path: Path) -> None:
    run = assessment(tmp_path)
    judged(run, database(encrypted=UNKNOWN))
    judged(run, database(encrypted=True))

    assert [*run.deviations()] == []


def test_a_condition_that_is_switched_off_is_said_in_every_run(tmp_path: Path) -> None:
    run = assessment(tmp_path, grants=[GRANT], levels={ENCRYPTED.id: "disabled"})

    # Its exception waits for it.
    assert [*run.unused_exceptions()] == []
    assert [*run.deviations()] == [
        ("[SOC2 CC6.1] databases-are-encrypted is switched off for stack 'production'.", None)
    ]


def test_a_level_is_the_condition_s_own_unless_it_is_configured(tmp_path: Path) -> None:
    run = assessment(tmp_path, levels={ENCRYPTED.id: "advisory"})

    assert run.level(ENCRYPTED) is EnforcementLevel.ADVISORY
    assert run.level(FEW) is EnforcementLevel.ADVISORY
    assert run.level(ONLY_GDPR) is EnforcementLevel.ADVISORY


def test_a_framework_has_the_conditions_that_are_mapped_to_it(tmp_path: Path) -> None:
    assert Assessment(FRAMEWORK, [FEW, ONLY_GDPR], "production", tmp_path).conditions == [FEW]


def test_a_wrong_file_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="expired on 2020-01-01"):
        assessment(tmp_path, grants=[{**GRANT, "expires": "2020-01-01"}])


@pytest.mark.parametrize(
    ("levels", "names"),
    [
        ({}, ["CC6.1-advisory-stack", "CC6.1"]),
        ({ENCRYPTED.id: "advisory"}, ["CC6.1-advisory", "CC6.1-advisory-stack"]),
        ({FEW.id: "mandatory"}, ["CC6.1", "CC6.1-stack"]),
        ({ENCRYPTED.id: "disabled"}, ["CC6.1-advisory-stack"]),
    ],
)
def test_a_pack_has_a_policy_for_each_control_level_and_scope(
    tmp_path: Path, levels: dict[str, str], names: list[str]
) -> None:
    pack = policies(assessment(tmp_path, levels=levels))

    assert [each.name for each in pack] == [*names, "exceptions-are-used", "known-deviations"]
    assert [each.enforcement_level for each in pack if "advisory" in each.name] == [
        EnforcementLevel.ADVISORY for name in names if "advisory" in name
    ]
