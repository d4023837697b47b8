"""The policy packs as a user meets them: the CLI, the engine, both packs in processes of their own.

What each condition says in detail is tested in `tests/policies`; here, that it gets to see what it
judges, and that what it says arrives.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.environment import Environment
from policies import messages
from policies.conditions import ALL
from policies.evidence.__main__ import main as make_report
from policies.gdpr.controls import FRAMEWORK as GDPR
from policies.soc2.controls import FRAMEWORK as SOC2
from tests.engine.cluster import Cluster
from tests.engine.policy_programs.leaks import Leaks
from tests.engine.policy_programs.running import PACKS, Outcome, PolicedStack, Program, output
from tests.engine.policy_programs.twins import (
    ALERTS_ALONE,
    ALONE,
    CONFIG,
    SOUND,
    UNSOUND,
    VIOLATIONS,
)
from tests.engine.policy_programs.workloads import kubernetes_object

_CONDITIONS = {each.id: each for each in ALL}
_FRAMEWORKS = {each.id: each for each in (SOC2, GDPR)}

_FINDS_ONLY = {
    "clusters-push-no-secrets",
    "no-lasting-credentials",
    "secret-stores-belong-to-a-namespace",
}
"""Conditions on what should not be there at all: nothing that they judge passes."""

_MESSAGE = re.compile(
    r"\[(?P<control>.+?)\] \S+ '.+': found .+; requires .+\. Fix: (?P<path>.+)\. "
    r"Exception: policies/exceptions\.yaml, condition (?P<condition>[a-z0-9-]+), "
    r"with owner and expiry\."
)

_IN_CONFIG_MAPS = "no-literal-secret-in-config-maps"
_IN_ANNOTATIONS = "no-literal-secret-in-annotations"
_FILLED = "secrets-are-filled-from-outside"
_SECCOMP, _TOKEN = "seccomp-profile-is-set", "pods-mount-no-token"

Declare = Callable[..., PolicedStack]


def policed(environment: Environment, folder: Path, program: Program, **files: Any) -> PolicedStack:
    stack = PolicedStack(environment, folder)
    stack.declare(program)
    stack.allow(**{"config": {}, **files})
    return stack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policies")


@pytest.fixture(scope="module")
def unsound(environment: Environment, folder: Path) -> Outcome:
    return policed(environment, folder / "unsound", UNSOUND, config=CONFIG).run("preview")


@pytest.fixture(scope="module")
def sound(environment: Environment, folder: Path) -> Outcome:
    return policed(environment, folder / "sound", SOUND, config=CONFIG).run("preview")


@pytest.fixture
def declare(environment: Environment, tmp_path: Path) -> Iterator[Declare]:
    """Makes a stack of a program, perhaps with files for the packs; destroyed afterwards."""
    stacks = []

    def made(program: Program, **files: Any) -> PolicedStack:
        stacks.append(policed(environment, tmp_path / "stack", program, **files))
        return stacks[-1]

    yield made
    for stack in stacks:
        stack.destroy()


def config_map(name: str, **data: Any) -> dict[str, Any]:
    return kubernetes_object("core/v1", "ConfigMap", name, data=data)


def exception(condition: str, resource: str, **others: Any) -> dict[str, Any]:
    controls = [
        f"{framework} {control}"
        for framework, controls in _CONDITIONS[condition].controls.items()
        for control in controls
    ]
    return {
        "controls": controls,
        "condition": condition,
        "resource": resource,
        "stacks": ["policed"],
        "reason": "Nobody outside of this test sees it.",
        "owner": "platform team",
        "ticket": "OPS-12",
        "expires": (datetime.now(UTC).date() + timedelta(days=30)).isoformat(),
        **others,
    }


def only(levels: Mapping[str, str]) -> dict[str, Any]:
    """A configuration with all conditions switched off but these."""
    return {"enforcement": {**dict.fromkeys(_CONDITIONS, "disabled"), **levels}}


def test_every_condition_has_a_violation_here() -> None:
    assert {each.condition for each in (*VIOLATIONS, ALONE)} == set(_CONDITIONS)


@pytest.mark.parametrize("framework", PACKS)
def test_each_violation_is_found_once_at_its_place_and_nothing_else_is(
    unsound: Outcome, framework: str
) -> None:
    found = Counter(unsound.findings(framework))
    assert found == Counter(
        each.finding for each in VIOLATIONS if framework in _CONDITIONS[each.condition].controls
    )


def test_each_violation_is_told_once_with_its_control_at_its_resource(unsound: Outcome) -> None:
    told: Counter[tuple[str, ...]] = Counter()
    for message, resource in unsound.messages:
        match = _MESSAGE.fullmatch(message)
        assert match, message
        assert message in unsound.text
        told[match["control"], match["condition"], resource, match["path"]] += 1
    assert told == Counter(
        (messages.control(_FRAMEWORKS[framework], _CONDITIONS[each.condition]), *each.finding)
        for each in VIOLATIONS
        for framework in _CONDITIONS[each.condition].controls
    )
    assert unsound.code != 0


def test_alerts_without_any_configuration_of_alertmanager_are_found(declare: Declare) -> None:
    outcome = declare(ALERTS_ALONE, config=CONFIG).run("preview")
    assert list(outcome.findings("SOC2")) == list(outcome.findings("GDPR")) == [ALONE.finding]
    assert outcome.code != 0


def test_the_sound_twin_passes_every_condition(sound: Outcome) -> None:
    assert sound.messages == []
    assert sound.code == 0
    for framework in PACKS:
        judged = sound.judgements(framework)
        assert [each for each in judged if each["result"] != "passed"] == []
        assert {each["condition"] for each in judged} == {
            each.id for each in ALL if framework in each.controls
        } - _FINDS_ONLY


@pytest.mark.parametrize(
    "condition",
    [
        "buckets-are-encrypted-with-own-key",
        "buckets-block-public-access",
        "buckets-refuse-plain-http",
    ],
)
def test_preview_knows_what_belongs_together_before_anything_has_an_id(
    sound: Outcome, unsound: Outcome, condition: str
) -> None:
    assert (condition, "bucket") in sound.by_result("passed")
    assert (condition, "another-bucket") in unsound.by_result("violated")


def test_unknown_values_are_undecided_at_preview_and_decided_at_up(
    declare: Declare, cluster: Cluster
) -> None:
    stack = declare(
        {
            "password": {
                "type": "random:index/randomPassword:RandomPassword",
                "properties": {"length": 20},
                "outputs": ["result"],
            },
            "settings": config_map("unknown-at-preview", DB_PASSWORD=output("password", "result")),
        }
    )
    preview = stack.run("preview")
    assert preview.code == 0
    undecided = set(preview.by_result("undecided until up"))
    assert (_IN_CONFIG_MAPS, "settings") in undecided
    # The other conditions that read it have to wait as well, and nothing else.
    assert {resource for _, resource in undecided} == {"settings"}
    assert (
        "[SOC2 CC6.1] kubernetes:core/v1:ConfigMap 'settings': undecided until up, as "
        "data.DB_PASSWORD is not known at preview; will require a reference to a Secret."
    ) in preview.text

    up = stack.run("up", "--yes", "--skip-preview")
    assert up.code != 0
    assert (_IN_CONFIG_MAPS, "settings") in up.by_result("violated")
    assert "unknown-at-preview" not in cluster.names("configmaps", namespace="default")


@pytest.mark.parametrize("marked", [False, True], ids=["plain", "marked"])
def test_no_secret_is_in_what_is_printed_recorded_or_reported(
    declare: Declare, tmp_path: Path, marked: bool
) -> None:
    leaks = Leaks(marked=marked)
    stack = declare(leaks.program)
    # Only of what is marked does the CLI itself keep the value out of its JSON.
    outcome = stack.run("preview", *(["--json", "--show-sames"] if marked else []))
    preview = tmp_path / "preview.json"
    preview.write_text(outcome.output if marked else "{}")
    report = tmp_path / "report"
    make_report(
        [
            *("--stack", stack.name, "--record", str(outcome.record), "--out", str(report)),
            *("--project", str(stack.folder), "--preview", str(preview)),
        ]
    )

    written = {file.name: file.read_text() for file in outcome.record.iterdir()}
    written |= {file.name: file.read_text() for file in report.iterdir()}
    written["terminal"] = outcome.text
    written["messages"] = "\n".join(message for message, _ in outcome.messages)
    leaked = {name: leaks.found_in(text) for name, text in written.items()}
    assert not any(leaked.values()), leaked
    # They are where conditions look, of which one sees that a broken policy allows nothing; and
    # no file is empty.
    violated = {resource for _, resource in outcome.by_result("violated")}
    assert violated >= set(leaks.program) - {"broken"}
    assert written.keys() >= {"report.html", "report.json", "report.sarif"}
    assert all("settings" in text for text in written.values())


def test_a_mandatory_violation_stops_preview_and_up_before_anything_is_changed(
    declare: Declare, cluster: Cluster
) -> None:
    stack = declare(
        {
            "good": config_map("stopped-good", GREETING="hello"),
            "bad": config_map("stopped-bad", DB_PASSWORD="hunter2hunter2"),
        }
    )
    for command in (["preview"], ["up", "--yes"]):
        outcome = stack.run(*command)
        assert outcome.code != 0
        assert set(outcome.by_result("violated")) == {(_IN_CONFIG_MAPS, "bad")}
        assert "[SOC2 CC6.1] kubernetes:core/v1:ConfigMap 'bad': found" in outcome.text
    names = cluster.names("configmaps", namespace="default")
    assert not [name for name in names if name.startswith("stopped-")]


def test_what_is_lowered_switched_off_or_excepted_lets_pass_and_stays_visible(
    declare: Declare,
) -> None:
    bad = config_map("bad", DB_PASSWORD="hunter2hunter2")
    bad["properties"]["metadata"]["annotations"] = {"a": "https://a:hunter2hunter2@example.com"}
    credentials = kubernetes_object("core/v1", "Secret", "filled", stringData={"a": "hunter2"})
    outcome = declare(
        {"bad": bad, "credentials": credentials},
        config={"enforcement": {_IN_CONFIG_MAPS: "advisory", _IN_ANNOTATIONS: "disabled"}},
        exceptions=[exception(_FILLED, "kubernetes:core/v1:Secret::cred*")],
    ).run("preview")
    assert outcome.code == 0
    assert set(outcome.by_result("violated")) == {(_IN_CONFIG_MAPS, "bad")}
    assert set(outcome.by_result("excepted")) == {(_FILLED, "credentials")}
    told = [message for message, _ in outcome.messages]
    assert sum(f"condition {_IN_CONFIG_MAPS}," in message for message in told) == len(PACKS)
    for control in ("SOC2 CC6.1", "GDPR 32(1)(a)"):
        assert f"[{control}] {_IN_ANNOTATIONS} is switched off for stack 'policed'." in told
        assert any(
            message.startswith(f"[{control}] excepted for 1 resource: '{_FILLED}' for ")
            and "owner platform team, OPS-12" in message
            for message in told
        )
    assert all(message in outcome.text for message in told)


_EXPIRED = exception(_FILLED, "*::*", expires="2020-01-31")
_INCOMPLETE = {key: value for key, value in _EXPIRED.items() if key != "owner"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"config": {"enforcment": {}, "regions": ["eu-west-1 "]}},
            [
                "policies/config/policed.json cannot be used:",
                "enforcment: no such setting; did you mean enforcement?",
                "regions[0]: 'eu-west-1 ' does not match",
            ],
        ),
        (
            {"config": {"enforcement": {"images-are-pined": "advisory"}}},
            ["enforcement.images-are-pined: no such condition; did you mean images-are-pinned?"],
        ),
        (
            {"exceptions": [_EXPIRED]},
            [
                f"policies/exceptions.yaml cannot be used:\n  - [0] ({_FILLED}): expired on "
                "2020-01-31: remedy what it covers, or have its owner platform team agree to a new "
                "date"
            ],
        ),
        ({"exceptions": [_INCOMPLETE]}, ["[0]: 'owner' is a required property"]),
        (
            {"exceptions": [exception(_FILLED, "*::gone")]},
            [f"[SOC2] the exception '{_FILLED}' for *::gone until ", "covers nothing: delete it."],
        ),
    ],
    ids=["typo", "no such condition", "expired", "incomplete", "unused"],
)
def test_a_mistake_in_the_packs_files_fails_the_run_and_is_named(
    declare: Declare, files: dict[str, Any], said: list[str]
) -> None:
    outcome = declare({}, **files).run("preview", frameworks=["SOC2"])
    assert outcome.code != 0
    text = "\n".join(line.strip() for line in outcome.text.splitlines())
    for each in said:
        assert "\n".join(line.strip() for line in each.splitlines()) in text
    assert "Traceback" not in outcome.text


def test_remediation_changes_what_is_deployed_where_it_is_asked_for(
    declare: Declare, cluster: Cluster
) -> None:
    labels = {"app": "remedied"}
    deployment = kubernetes_object(
        "apps/v1",
        "Deployment",
        "remedied",
        {"annotations": {"pulumi.com/skipAwait": "true"}},
        spec={
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "ghcr.io/example/app:1.2.3"}]},
            },
        },
    )
    stack = declare({"app": deployment}, config=only({_SECCOMP: "mandatory", _TOKEN: "mandatory"}))
    preview = stack.run("preview")
    assert set(preview.by_result("violated")) == {(_SECCOMP, "app"), (_TOKEN, "app")}

    stack.allow(only({_SECCOMP: "remediate", _TOKEN: "remediate"}))
    up = stack.run("up", "--yes")
    assert up.code == 0
    assert set(up.by_result("passed")) == {(_SECCOMP, "app"), (_TOKEN, "app")}
    document = cluster.kubectl("get", "deployment", "remedied", "--namespace", "default", "-o=json")
    pod = json.loads(document)["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
