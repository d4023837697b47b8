"""The workflow of pull requests does what `make pr-check` does, and may do no more."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
FILE = REPOSITORY / ".github" / "workflows" / "pull-request.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]

# What hands results on to GitHub, and has no meaning elsewhere.
PLUMBING = re.compile(
    r'cat \S+ >> "\$GITHUB_STEP_SUMMARY"|find evidence -name summary\.md .* gh pr comment .*'
)
MAKE = re.compile(r"make (?:--silent )?([a-z-]+)((?: [A-Z]+=\S+)*)")
READ = {"contents": "read"}
MORE_THAN_READ = {
    "stack": {"id-token": "write"},
    "annotate": {"actions": "read", "security-events": "write"},
    "comment": {"pull-requests": "write"},
}


def steps(job: str) -> list[dict[str, Any]]:
    return JOBS[job]["steps"]


def made(job: str) -> list[str]:
    """The targets that a job makes."""
    return [
        match[1] for step in steps(job) if "run" in step and (match := MAKE.search(step["run"]))
    ]


def targets() -> dict[str, list[str]]:
    """The Makefile's targets and what they need."""
    rules = re.findall(r"^([a-z-]+):([^=#\n]*)", (REPOSITORY / "Makefile").read_text(), re.M)
    return {name: needs.split() for name, needs in rules}


@pytest.mark.parametrize("job", JOBS)
def test_a_step_is_an_action_or_a_target_of_the_makefile(job: str) -> None:
    for step in steps(job):
        if "run" in step and not PLUMBING.fullmatch(step["run"]):
            call = re.sub(r'^echo "stacks=\$\((.*)\)" >> "\$GITHUB_OUTPUT"$', r"\1", step["run"])
            match = MAKE.fullmatch(call)
            assert match, step["run"]
            assert match[1] in targets()


def test_pr_check_makes_what_the_workflow_makes() -> None:
    by_workflow = {target for job in JOBS for target in made(job)} - {"stacks"}

    assert by_workflow == set(targets()["pr-check"])


def test_every_action_is_pinned_by_commit_beside_its_version() -> None:
    uses = re.findall(r"uses: (.*)", FILE.read_text())

    assert uses
    for each in uses:
        assert re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_one_action_has_one_commit() -> None:
    pinned = {tuple(each.split("@")) for each in re.findall(r"uses: (\S+)", FILE.read_text())}

    assert len(pinned) == len({action for action, _ in pinned})


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_do_what_it_needs_and_nothing_else(job: str) -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS[job]["permissions"].items() <= {**READ, **MORE_THAN_READ.get(job, {})}.items()
    assert JOBS[job]["timeout-minutes"] <= 45


@pytest.mark.parametrize("job", sorted(MORE_THAN_READ))
def test_no_job_that_may_more_than_read_runs_for_a_fork(job: str) -> None:
    assert "head.repo.full_name == github.repository" in JOBS[job]["if"]


@pytest.mark.parametrize("job", ["annotate", "comment"])
def test_who_may_write_runs_nothing_of_the_pull_request(job: str) -> None:
    assert made(job) == []


@pytest.mark.parametrize("job", JOBS)
def test_nothing_that_somebody_else_wrote_stands_in_a_command(job: str) -> None:
    for step in steps(job):
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("job", ["local", "stack"])
def test_evidence_is_kept_also_of_a_run_that_failed(job: str) -> None:
    keeping = next(step for step in steps(job) if "upload-artifact" in step.get("uses", ""))

    assert keeping["if"] == "${{ !cancelled() }}"


def test_the_workflow_is_not_run_with_the_rights_of_the_repository_for_foreign_code() -> None:
    # YAML 1.1 reads the key `on` as true.
    triggers = WORKFLOW[True]  # pyright: ignore[reportArgumentType]

    assert set(triggers) == {"pull_request", "push"}
