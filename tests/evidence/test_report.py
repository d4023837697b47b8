"""What the packs recorded becomes a report."""

from dataclasses import replace
from pathlib import Path

import pytest

from policies.evidence import FRAMEWORKS, Report
from policies.evidence.building import build
from policies.evidence.preview import Position, Preview
from policies.evidence.recorded import read
from policies.evidence.report import Counts, State
from policies.evidence.run import Run
from tests.evidence import made_up
from tests.evidence.made_up import (
    CONDITIONS,
    STACK,
    data_is_deleted,
    excepted,
    grant,
    no_literal_secret,
    no_privilege_escalation,
    passed,
    pods,
    traffic_is_encrypted,
    undecided,
    violated,
    write_record,
)

SOC2, GDPR = FRAMEWORKS
RUN = Run(
    at="2026-11-23T12:00:00Z", commit=None, dirty=False, from_nothing=False, folder="", tools={}
)


def report(folder: Path, preview: Preview | None = None, stack: str = STACK) -> Report:
    """The report on what is recorded in a folder."""
    records = [read(folder, framework) for framework in FRAMEWORKS]
    return build(stack, CONDITIONS, records, preview or Preview(), RUN)


def states(report: Report, framework: int = 0) -> dict[str, State]:
    """The state of each control of a framework."""
    return {each.id: each.state for each in report.frameworks[framework].controls}


def test_a_control_comes_to_the_severest_result_of_its_conditions(tmp_path: Path) -> None:
    redis = grant(traffic_is_encrypted)
    write_record(
        tmp_path,
        [
            passed(no_privilege_escalation, pods("main")),
            violated(no_privilege_escalation, pods("worker")),
            undecided(no_privilege_escalation, pods("webhook")),
            excepted(traffic_is_encrypted, pods("redis"), redis),
            passed(traffic_is_encrypted, pods("main")),
            passed(no_literal_secret, pods("main")),
        ],
        grants=[redis],
    )

    made = report(tmp_path)

    soc2 = states(made)
    assert soc2["CC6.8"] is State.VIOLATED
    assert soc2["CC7.1"] is State.VIOLATED
    assert soc2["CC6.7"] is State.EXCEPTED
    assert soc2["CC6.1"] is State.PASSED
    assert soc2["C1.2"] is State.NO_RESOURCE
    assert soc2["A1.3"] is State.NO_CONDITION
    assert states(made, 1)["32"] is State.EXCEPTED
    assert made.counts == Counts(violated=1, undecided=1, excepted=1, passed=3)
    assert made.frameworks[1].counts == Counts(violated=1, undecided=1, excepted=1, passed=2)


def test_a_condition_that_is_switched_off_is_neither_passed_nor_without_resource(
    tmp_path: Path,
) -> None:
    write_record(tmp_path, [], levels={data_is_deleted.id: "disabled"})

    made = report(tmp_path)

    assert states(made)["C1.2"] is State.OFF
    assert states(made, 1)["5(1)(e)"] is State.OFF
    assert [each.state for each in made.conditions if each.condition is data_is_deleted] == [
        State.OFF
    ]


def test_results_stand_in_a_fixed_order_whatever_the_order_of_judging(tmp_path: Path) -> None:
    judgements = [
        passed(no_privilege_escalation, pods("b")),
        passed(no_privilege_escalation, pods("a")),
        violated(no_privilege_escalation, pods("z")),
    ]
    write_record(tmp_path / "one", judgements)
    write_record(tmp_path / "two", judgements[::-1])

    assert report(tmp_path / "one") == report(tmp_path / "two")
    assert [each.judged.name for each in report(tmp_path / "one").conditions[0].outcomes] == [
        "z",
        "a",
        "b",
    ]


def test_of_two_judgements_of_a_resource_the_later_one_counts(tmp_path: Path) -> None:
    write_record(
        tmp_path,
        [
            violated(no_privilege_escalation, pods("main")),
            passed(no_privilege_escalation, pods("main")),
        ],
    )

    assert report(tmp_path).counts == Counts(violated=0, undecided=0, excepted=0, passed=1)


def test_a_new_run_replaces_what_an_earlier_one_recorded(tmp_path: Path) -> None:
    write_record(tmp_path, [violated(no_privilege_escalation, pods("main"))])
    write_record(tmp_path, [passed(no_privilege_escalation, pods("worker"))])

    assert report(tmp_path).counts == Counts(violated=0, undecided=0, excepted=0, passed=1)


def test_of_two_packs_that_disagree_the_severer_result_counts(tmp_path: Path) -> None:
    write_record(tmp_path, [passed(no_privilege_escalation, pods("main"))], frameworks=[SOC2])
    write_record(tmp_path, [violated(no_privilege_escalation, pods("main"))], frameworks=[GDPR])

    assert states(report(tmp_path))["CC6.8"] is State.VIOLATED


def test_an_exception_says_how_much_it_covers(tmp_path: Path) -> None:
    used, unused = grant(traffic_is_encrypted), grant(no_privilege_escalation)
    write_record(
        tmp_path,
        [excepted(traffic_is_encrypted, pods(name), used) for name in ("redis-a", "redis-b")],
        grants=[used, unused],
        unused=[unused],
    )

    made = report(tmp_path)

    assert [(each.grant, each.resources, each.unused) for each in made.exceptions] == [
        (used, 2, False),
        (unused, 0, True),
    ]
    assert made.problems == ["Exceptions that cover nothing and are to be deleted: 1."]


@pytest.mark.parametrize(
    ("level", "problems"),
    [
        ("mandatory", ["Mandatory conditions that are violated: 1."]),
        # What a remediation could not remedy is reported as mandatory.
        ("remediate", ["Mandatory conditions that are violated: 1."]),
        ("advisory", []),
    ],
)
def test_only_what_is_mandatory_is_against_a_change(
    tmp_path: Path, level: str, problems: list[str]
) -> None:
    write_record(
        tmp_path,
        [violated(no_privilege_escalation, pods("main"))],
        levels={no_privilege_escalation.id: level},
    )

    made = report(tmp_path)

    assert made.problems == problems
    assert made.counts.violated == 1


def test_a_whole_record_without_violation_has_no_problem(tmp_path: Path) -> None:
    write_record(tmp_path, [undecided(no_privilege_escalation, pods("main"))])

    assert report(tmp_path).problems == []


def test_a_report_without_a_record_is_incomplete(tmp_path: Path) -> None:
    write_record(tmp_path, [], frameworks=[SOC2])

    assert report(tmp_path).gaps == ["The policy pack for GDPR recorded nothing."]


def test_a_report_is_incomplete_if_the_stack_was_not_judged_to_its_end(tmp_path: Path) -> None:
    write_record(tmp_path, [passed(no_privilege_escalation, pods("main"))], ended=False)

    assert report(tmp_path).gaps == [
        "The policy pack for SOC 2 did not come to the end of the stack.",
        "The policy pack for GDPR did not come to the end of the stack.",
    ]


def test_half_a_line_of_a_pack_that_was_killed_is_no_end(tmp_path: Path) -> None:
    write_record(tmp_path, [passed(no_privilege_escalation, pods("main"))])
    file = tmp_path / f"{SOC2.pack}.jsonl"
    file.write_text(file.read_text()[:-5])

    made = report(tmp_path)

    assert made.gaps == ["The policy pack for SOC 2 did not come to the end of the stack."]
    assert made.counts.passed == 1


def test_the_record_of_another_stack_is_not_taken_for_this_one(tmp_path: Path) -> None:
    write_record(tmp_path, [], frameworks=[GDPR])
    write_record(tmp_path, [], frameworks=[SOC2], stack="production")

    assert report(tmp_path).gaps == ["The policy pack for SOC 2 judged another stack, production."]


def test_the_record_of_another_version_of_the_conditions_is_noticed(tmp_path: Path) -> None:
    former = replace(no_privilege_escalation, id="no-escalation")
    write_record(tmp_path, [], conditions=[*CONDITIONS, former])

    assert report(tmp_path).gaps == ["The record has conditions of another version: no-escalation."]


def test_a_preview_that_failed_otherwise_makes_a_report_incomplete(tmp_path: Path) -> None:
    write_record(tmp_path, [passed(no_privilege_escalation, pods("main"))])

    made = report(tmp_path, Preview(errors=["error: the database password is hunter2"]))

    assert made.gaps == ["The preview failed for another reason than a violation."]


def test_resources_are_found_where_the_program_declares_them(tmp_path: Path) -> None:
    write_record(tmp_path, [passed(no_privilege_escalation, pods("main"))])
    position = Position("components/main.py", 12)

    made = report(tmp_path, Preview(positions={pods("main").urn: position}))

    assert made.conditions[0].outcomes[0].position == position


def test_resources_of_one_name_are_told_apart_by_their_component(tmp_path: Path) -> None:
    components = ("n8n-platform:n8n:Main", "n8n-platform:n8n:Worker")
    write_record(
        tmp_path,
        [
            passed(
                no_privilege_escalation,
                replace(
                    pods("deployment"),
                    urn=f"urn:pulumi:s::p::{each}$kubernetes:apps/v1:Deployment::deployment",
                ),
            )
            for each in components
        ],
    )

    outcomes = report(tmp_path).conditions[0].outcomes

    assert [each.judged.label for each in outcomes] == ["Main/deployment", "Worker/deployment"]


def test_nothing_is_recorded_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(made_up.record.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)

    pack = made_up.Record(SOC2)
    pack.started(STACK, {}, [])
    pack.ended()

    assert not list(tmp_path.iterdir())
