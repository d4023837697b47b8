"""What is configured for a stack, and what is said of a file that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel

from policies import parameters
from policies.parameters import ConfigurationError, Parameters

CONDITIONS = ("images-are-pinned", "runs-as-non-root")


def load(folder: Path, text: str | None) -> Parameters:
    if text is not None:
        (folder / "production.json").write_text(text)
    return parameters.load("production", CONDITIONS, folder)


def refused(folder: Path, document: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load(folder, json.dumps(document))
    first, *problems = str(raised.value).splitlines()
    assert first == "policies/config/production.json cannot be used:"
    return [problem.removeprefix("  - ") for problem in problems]


def test_a_stack_without_a_file_has_every_default(tmp_path: Path) -> None:
    assert load(tmp_path, None) == load(tmp_path, "{}")
    assert str(load(tmp_path, None).backup_retention) == "7 to 35 days"


def test_what_a_file_says_replaces_the_default_and_nothing_else(tmp_path: Path) -> None:
    configured = load(
        tmp_path,
        json.dumps(
            {
                "enforcement": {"images-are-pinned": "advisory"},
                "logRetention": {"maximumDays": 3650},
                "regions": ["eu-central-1", "europe-west4", "westeurope"],
            }
        ),
    )

    assert configured.enforcement == {"images-are-pinned": EnforcementLevel.ADVISORY}
    assert str(configured.log_retention) == "90 to 3650 days"
    assert configured.regions == ("eu-central-1", "europe-west4", "westeurope")
    assert configured.processors == load(tmp_path, "{}").processors


def test_everything_wrong_is_said_at_once_with_what_was_meant(tmp_path: Path) -> None:
    assert refused(
        tmp_path,
        {
            "imageRegistry": ["ghcr.io"],
            "backupRetention": {"maximumDays": "35", "minimum": 7},
            "n8nMinimumVersions": ["2.43"],
            "enforcement": {"runs-as-non-root": "warn"},
            "zzz": 1,
        },
    ) == [
        "imageRegistry: no such setting; did you mean imageRegistries?",
        "zzz: no such setting",
        "backupRetention.minimum: no such setting; did you mean minimumDays?",
        "backupRetention.maximumDays: '35' is not of type 'number'",
        "enforcement['runs-as-non-root']: 'warn' is not one of ['mandatory', 'advisory', "
        "'remediate', 'disabled']",
        r"n8nMinimumVersions[0]: '2.43' does not match '^\\d+\\.\\d+\\.\\d+$'",
    ]


def test_conditions_that_do_not_exist_and_bounds_upside_down_are_said_together(
    tmp_path: Path,
) -> None:
    assert refused(
        tmp_path,
        {
            "enforcement": {"image-is-pinned": "disabled", "zzz": "disabled"},
            "dataRetention": {"minimumDays": 400},
        },
    ) == [
        "enforcement.image-is-pinned: no such condition; did you mean images-are-pinned?",
        "enforcement.zzz: no such condition",
        "dataRetention: minimumDays is more than maximumDays",
    ]


@pytest.mark.parametrize("document", [[], None, "text", 1])
def test_a_file_that_holds_no_object_is_refused(tmp_path: Path, document: Any) -> None:
    assert refused(tmp_path, document) == [f"the file: {document!r} is not of type 'object'"]


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^production\.json is no JSON: "):
        load(tmp_path, "{")
