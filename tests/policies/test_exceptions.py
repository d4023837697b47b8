"""Exceptions: whom they cover, and why a file of them is refused."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies import exceptions
from policies.conditions import ALL
from policies.conditions.images import images_are_pinned
from policies.conditions.pod_hardening import runs_as_non_root
from policies.exceptions import Grant
from policies.parameters import ConfigurationError
from tests.policies.judging import resource

TODAY = date(2026, 11, 30)

GRANT: Mapping[str, Any] = {
    "controls": ["SOC2 CC6.8", "SOC2 CC7.1", "GDPR 32(1)(b)"],
    "condition": "images-are-pinned",
    "resource": "kubernetes:apps/v1:*::n8n-*",
    "stacks": ["staging", "production"],
    "reason": "Images are built where no digest can be read.",
    "owner": "platform team",
    "ticket": "OPS-1",
    "expires": "2026-11-30",
}


def load(folder: Path, *grants: Any, stack: str = "production") -> list[Grant]:
    file = folder / "exceptions.yaml"
    file.write_text(yaml.safe_dump(list(grants)))
    return exceptions.load(stack, ALL, TODAY, file)


def refused(folder: Path, *grants: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load(folder, *grants)
    first, *problems = str(raised.value).splitlines()
    assert first == "policies/exceptions.yaml cannot be used:"
    return [problem.removeprefix("  - ") for problem in problems]


def test_an_exception_covers_its_condition_for_resources_of_its_pattern(tmp_path: Path) -> None:
    (grant,) = load(tmp_path, GRANT)

    def covers(type_: str, name: str) -> bool:
        return grant.covers(images_are_pinned, resource(type_, name=name))

    assert covers("kubernetes:apps/v1:Deployment", "n8n-main")
    assert not covers("kubernetes:apps/v1:Deployment", "redis")
    assert not covers("kubernetes:batch/v1:Job", "n8n-main")
    main = resource("kubernetes:apps/v1:Deployment", name="n8n-main")
    assert not grant.covers(runs_as_non_root, main)


def test_it_holds_through_its_last_day_for_its_stacks_only(tmp_path: Path) -> None:
    assert len(load(tmp_path, GRANT, stack="staging")) == 1
    assert load(tmp_path, GRANT, stack="local") == []
    assert refused(tmp_path, {**GRANT, "expires": "2026-11-29"}) == [
        "[0] (images-are-pinned): expired on 2026-11-29: remedy what it covers, or have its owner "
        "platform team agree to a new date"
    ]


def test_it_says_who_answers_for_it(tmp_path: Path) -> None:
    (grant,) = load(tmp_path, GRANT)
    assert str(grant) == (
        "'images-are-pinned' for kubernetes:apps/v1:*::n8n-* until 2026-11-30, "
        "owner platform team, OPS-1"
    )


def test_no_file_and_an_empty_one_are_no_exceptions(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    assert exceptions.load("production", ALL, TODAY, file) == []
    file.write_text("# none\n")
    assert exceptions.load("production", ALL, TODAY, file) == []


@pytest.mark.parametrize("field", GRANT)
def test_one_that_lacks_a_field_is_refused(tmp_path: Path, field: str) -> None:
    lacking = {key: value for key, value in GRANT.items() if key != field}
    assert refused(tmp_path, lacking) == [f"[0]: '{field}' is a required property"]


def test_everything_wrong_is_said_at_once_also_of_other_stacks(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        {**GRANT, "condition": "image-is-pinned", "stacks": ["local"]},
        {**GRANT, "controls": ["SOC2 CC6.8"], "expires": "2026-01-01"},
        {**GRANT, "expires": "2026-02-30"},
    ) == [
        "[0] (image-is-pinned): no such condition; did you mean images-are-pinned?",
        "[1] (images-are-pinned): controls: write all that it weakens: GDPR 32(1)(b), "
        "SOC2 CC6.8, SOC2 CC7.1",
        "[1] (images-are-pinned): expired on 2026-01-01: remedy what it covers, or have its owner "
        "platform team agree to a new date",
        "[2] (images-are-pinned): expires: 2026-02-30 is no day",
    ]


def test_a_date_may_be_written_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(yaml.safe_dump([GRANT]).replace("'2026-11-30'", "2026-11-30"))

    (grant,) = exceptions.load("production", ALL, TODAY, file)

    assert grant.expires == TODAY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "exceptions.yaml is no YAML"),
        ("a: 1", "the file: {'a': 1} is not of type 'array'"),
        ("- text", "[0]: 'text' is not of type 'object'"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        exceptions.load("production", ALL, TODAY, file)
    assert problem in str(raised.value)
