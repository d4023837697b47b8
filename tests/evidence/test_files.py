"""The files of a report, as people and tools read them."""

import json
import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from policies import evidence
from policies.conditions import ALL
from policies.evidence import Report, run
from policies.evidence.__main__ import main
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

FILES = ("report.html", "report.json", "report.sarif", "summary.md")
SECRET = "hunter2"
TRAP = "<script>alert(1)</script>`@everyone`"


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record with every kind of result."""
    folder = tmp_path / "record"
    used = grant(traffic_is_encrypted)
    write_record(
        folder,
        [
            violated(no_privilege_escalation, pods("main"), "spec.a", "spec.b"),
            violated(no_literal_secret, pods(TRAP)),
            undecided(traffic_is_encrypted, pods("webhook")),
            excepted(traffic_is_encrypted, pods("redis"), used),
            passed(traffic_is_encrypted, pods("worker")),
        ],
        grants=[used],
        levels={data_is_deleted.id: "disabled", no_literal_secret.id: "advisory"},
    )
    return folder


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    """A preview whose resources hold something secret."""
    file = tmp_path / "preview.json"
    state = {
        "type": pods("main").type,
        "custom": True,
        "inputs": {"password": SECRET},
        "stackTrace": [{"sourcePosition": "project:///components/main.py#12"}],
    }
    change = {"spec.password": {"kind": "update", "value": SECRET}}
    step = {"op": "update", "urn": pods("main").urn, "newState": state, "detailedDiff": change}
    error = {"severity": "error", "message": f"error: {SECRET}"}
    file.write_text(json.dumps({"steps": [step], "diagnostics": [error]}))
    return file


def written(record: Path, out: Path, preview: Path | None = None) -> Report:
    return evidence.write(STACK, record, out, previewed=preview, conditions=CONDITIONS)


def test_the_json_report_is_as_its_schema_says(record: Path, preview: Path, tmp_path: Path) -> None:
    written(record, tmp_path, preview)
    schema = json.loads((Path(evidence.__file__).parent / "report.schema.json").read_text())
    report = json.loads((tmp_path / "report.json").read_text())

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(report)

    encrypted = report["conditions"][1]
    assert [each["result"] for each in encrypted["resources"]] == [
        "undecided",
        "excepted",
        "passed",
    ]
    assert report["exceptions"][encrypted["resources"][1]["exception"]]["owner"] == "platform team"
    assert report["conditions"][0]["resources"][0]["position"] == {
        "file": "components/main.py",
        "line": 12,
    }


def test_reports_of_one_configuration_differ_in_what_is_said_of_the_run_only(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(record, tmp_path / "one")
    now = run.current(tmp_path, from_nothing=False)
    later = run.Run(
        at="2031-01-01T00:00:00Z",
        commit="c0ffee" * 7,
        dirty=True,
        from_nothing=True,
        folder="",
        tools={},
    )
    monkeypatch.setattr(run, "current", lambda _, **__: later)
    written(record, tmp_path / "two")

    for name in FILES:
        one, two = ((tmp_path / each / name).read_text() for each in ("one", "two"))
        assert one != two or name == "summary.md"
        assert now.at not in _without_run(name, one)
        assert _without_run(name, one) == _without_run(name, two)


def test_a_report_on_a_preview_without_state_says_so(record: Path, tmp_path: Path) -> None:
    written(record, tmp_path / "with")
    evidence.write(STACK, record, tmp_path / "without", from_nothing=True, conditions=CONDITIONS)
    for name, sentence in (
        ("report.html", "nobody was logged in to Pulumi, so all of the stack counts as new"),
        ("summary.md", "Compared with nothing: no login to Pulumi."),
        ("report.json", '"fromNothing": true'),
    ):
        assert sentence in (tmp_path / "without" / name).read_text()
        assert sentence not in (tmp_path / "with" / name).read_text()


def _without_run(name: str, text: str) -> str:
    if name == "report.html":
        return re.sub(r'<section class="run".*?</section>', "", text, flags=re.DOTALL)
    if name == "summary.md":
        return re.sub(r"<sub>.*?</sub>", "", text)
    content = json.loads(text)
    content.pop("run", None)
    for each in content.get("runs", []):
        del each["invocations"]
    return json.dumps(content)


def test_no_file_holds_a_value_of_the_preview_or_claims_too_much(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    written(record, tmp_path, preview)

    for name in FILES:
        text = (tmp_path / name).read_text()
        assert "components/main.py" in text
        assert SECRET not in text
        assert "complian" not in text.lower()


def sarif_results(record: Path, out: Path, preview: Path) -> list[dict[str, Any]]:
    written(record, out, preview)
    log = json.loads((out / "report.sarif").read_text())
    assert log["version"] == "2.1.0"
    return log["runs"][0]["results"]


def test_code_scanning_gets_violations_open_questions_and_suppressed_exceptions(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    results = sarif_results(record, tmp_path, preview)

    assert [(each["ruleId"], each["kind"], each["level"]) for each in results] == [
        ("no-privilege-escalation", "fail", "error"),
        ("no-privilege-escalation", "fail", "error"),
        ("traffic-is-encrypted", "open", "none"),
        ("traffic-is-encrypted", "fail", "note"),
        ("no-literal-secret", "fail", "warning"),
    ]
    assert [each.get("suppressions", []) for each in results if each["level"] == "note"] == [
        [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "One machine, no network between its processes. "
                "Owner: platform team. Ticket: OPS-12. Expires: 2027-03-31.",
            }
        ]
    ]
    assert results[0]["message"]["text"] == (
        "[SOC2 CC6.8, SOC2 CC7.1, GDPR 32(1)(b)] kubernetes:apps/v1:Deployment 'main': found "
        "spec.a not set; requires false. Fix: spec.a. Set allowPrivilegeEscalation to false."
    )


def test_code_scanning_is_shown_lines_and_else_the_project(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    places = [
        each["locations"][0]["physicalLocation"]
        for each in sarif_results(record, tmp_path, preview)
    ]

    assert places[0] == {
        "artifactLocation": {"uri": "components/main.py"},
        "region": {"startLine": 12},
    }
    assert places[2] == {"artifactLocation": {"uri": "Pulumi.yaml"}, "region": {"startLine": 1}}


def test_a_finding_is_the_same_one_in_the_next_run_and_no_other(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    def fingerprints() -> list[str]:
        results = sarif_results(record, tmp_path, preview)
        return [each["partialFingerprints"]["primaryLocationLineHash"] for each in results]

    before = fingerprints()
    preview.write_text(preview.read_text().replace("main.py#12", "main.py#99"))

    assert fingerprints() == before
    assert len(set(before)) == len(before)


class _Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags[tag] += 1
        if identifier := attributes.get("id"):
            self.ids[identifier] += 1
        if target := attributes.get("href"):
            self.links.add(target)
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)

    def handle_data(self, data: str) -> None:
        self.text += f" {data.strip()}"


def page(record: Path, out: Path, preview: Path | None = None) -> _Page:
    written(record, out, preview)
    return _Page((out / "report.html").read_text())


def test_the_page_is_one_file_that_runs_and_fetches_nothing(record: Path, tmp_path: Path) -> None:
    made = page(record, tmp_path)

    assert not {"script", "link", "img", "iframe", "object", "form"} & set(made.tags)
    assert "url(" not in (tmp_path / "report.html").read_text()
    assert TRAP in made.text


def test_every_link_within_the_page_leads_somewhere(record: Path, tmp_path: Path) -> None:
    made = page(record, tmp_path)

    within = {link.removeprefix("#") for link in made.links if link.startswith("#")}
    assert within
    assert within <= set(made.ids)
    assert max(made.ids.values()) == 1


def test_the_page_says_who_answers_for_what_and_what_is_not_shown(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    text = page(record, tmp_path, preview).text

    for expected in (
        "This report is incomplete.",
        "OPS-12",
        "platform team",
        "2027-03-31",
        "components/main.py:12",
        "undecided until up",
        "no condition",
        "Data is deleted after its retention.",
        "That a restore succeeded; only its own record shows it.",
    ):
        assert expected in text


def test_the_comment_neither_mentions_nor_renders_what_resources_are_called(
    record: Path, preview: Path, tmp_path: Path
) -> None:
    written(record, tmp_path, preview)
    comment = (tmp_path / "summary.md").read_text()

    assert "`kubernetes:apps/v1:Deployment main`: `spec.a` found `not set`" in comment
    assert "`+`" not in comment
    assert "`~` update `kubernetes:apps/v1:Deployment main`: `spec`" in comment
    outside_code = re.sub(r"`[^`]*`", "", comment)
    assert "<script>" not in outside_code
    assert "@" not in outside_code


def test_the_comment_stays_short(tmp_path: Path) -> None:
    write_record(
        tmp_path,
        [
            violated(condition, pods(f"pods-{number}"), "spec." + "deep." * 20 + "end")
            for condition in (no_privilege_escalation, traffic_is_encrypted)
            for number in range(500)
        ],
    )
    written(tmp_path, tmp_path)

    comment = (tmp_path / "summary.md").read_text()
    assert "- and 470 more" in comment
    assert "- and 500 more" in comment
    # A comment on GitHub holds 65,536 characters, and four stacks share it.
    assert len(comment) < 65_536 / 4


@pytest.mark.parametrize(
    ("judgement", "code"),
    [(passed, 0), (undecided, 0), (violated, 1)],
)
def test_the_command_fails_after_writing_if_something_is_to_be_remedied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], judgement: Any, code: int
) -> None:
    record, out = tmp_path / "record", tmp_path / "out"
    mapped = next(each for each in ALL if "SOC2" in each.controls)
    write_record(
        record,
        [judgement(mapped, pods("main"))],
        conditions=ALL,
        frameworks=evidence.FRAMEWORKS[:1],
    )

    assert code == main(
        ["--stack", STACK, "--record", str(record), "--out", str(out), "--framework", "SOC2"]
    )
    assert sorted(each.name for each in out.iterdir()) == sorted(FILES)
    assert str(out / "report.html") in capsys.readouterr().out


def test_the_command_fails_without_a_record(tmp_path: Path) -> None:
    arguments = ["--stack", STACK, "--record", str(tmp_path), "--out", str(tmp_path / "out")]

    assert main(arguments) == 1
    assert "incomplete" in (tmp_path / "out" / "report.html").read_text()


def test_an_exception_reads_the_same_after_recording(tmp_path: Path) -> None:
    given = grant(traffic_is_encrypted)
    write_record(tmp_path, [], grants=[given])

    made = written(tmp_path, tmp_path)

    assert made.exceptions[0].grant == given
    assert made.exceptions[0].grant.expires == date(2027, 3, 31)
