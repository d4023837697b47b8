"""A failover as it is run: what it refuses, in which order it goes, and that it can be ended."""

import json
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from rich.console import Console

from failover.__main__ import main
from settings.file import load_file
from tests.failover.world import ACCOUNT, ARN, AWAY, HOME, PROMOTION, WAIT, Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(folder=tmp_path)


def run(cloud: Cloud, *arguments: str, stack: str = "two") -> tuple[int, str]:
    """The exit code, and what is printed."""
    output = StringIO()
    console = Console(file=output, soft_wrap=True)
    code = main(["--stack", stack, *arguments], cloud.world(), console)
    return code, output.getvalue()


def confirm(cloud: Cloud, *arguments: str, stack: str = "two") -> None:
    code, said = run(cloud, "--confirm", *arguments, stack=stack)
    assert code == 0, said


def records(cloud: Cloud) -> list[dict]:
    folder = cloud.folder / ".local" / "failover"
    return [json.loads(each.read_text()) for each in sorted(folder.glob("*.json"))]


def aws(cloud: Cloud, stack: str):
    found = load_file(stack, folder=cloud.folder).aws
    assert found
    return found


def test_a_standby_is_taken_into_work(cloud: Cloud) -> None:
    confirm(cloud)

    assert cloud.changes == [
        f"invoke n8n-lease-take {AWAY}",
        *("enlarge a", "enlarge b", "enlarge c"),
        "configure two",
        "refresh two",
        "up two primary",
        "promote n8n-1",
    ]
    assert cloud.table.item["holder"] == AWAY
    assert cloud.databases[AWAY, "n8n-1"] is None
    assert cloud.answering == {"two"}
    assert aws(cloud, "two").role == "primary"


def test_of_a_lost_region_the_replica_is_promoted_while_its_lease_runs_out(cloud: Cloud) -> None:
    cloud.lost = True
    began = cloud.now
    confirm(cloud)

    assert cloud.changes == [
        f"invoke n8n-lease-take {AWAY}",
        *("enlarge a", "enlarge b", "enlarge c"),
        "promote n8n-1 ahead",
        "configure two",
        "refresh two",
        "up two primary",
    ]
    assert cloud.databases[AWAY, "n8n-1"] is None
    # The wait for the lease, and what is left of the promotion, not both: then the deployment.
    assert cloud.now - began < PROMOTION + 300 + 2 * 5


@pytest.mark.parametrize(
    ("lag", "fenced", "reason"),
    [
        (2.0, True, "the lease was renewed 0 s ago"),
        (2.0, False, "it is only 2 s behind"),
        (400.0, False, f"RDS in {HOME} says that the one it follows is available"),
    ],
)
def test_as_long_as_the_region_may_still_send_the_replica_follows(
    cloud: Cloud, lag: float, fenced: bool, reason: str
) -> None:
    cloud.lag, cloud.fenced = lag, fenced
    confirm(cloud)
    assert "promote n8n-1 ahead" not in cloud.changes
    (record,) = records(cloud)
    (begun,) = [
        each["outcome"]
        for each in record["events"]
        if (each["step"], each["event"]) == ("begin", "done")
    ]
    assert f"n8n-1 follows until it is deployed: {reason}" in begun


def test_what_cannot_be_begun_ahead_is_done_by_the_deployment(cloud: Cloud) -> None:
    cloud.lost = True
    cloud.broken = {"eks update-nodegroup-config", "rds promote-read-replica"}
    confirm(cloud)
    assert cloud.changes[1:] == ["configure two", "up two primary", "promote n8n-1"]
    assert {cloud.nodes[AWAY, group] for group in "abc"} == {2}


def test_without_confirmation_nothing_is_changed(cloud: Cloud) -> None:
    before, files = cloud.facts(), sorted(cloud.folder.rglob("*"))

    for arguments in ([], ["--back"]):
        run(cloud, *arguments)
        run(cloud, *arguments, stack="one")

    assert not cloud.changes
    assert cloud.facts() == before
    assert sorted(cloud.folder.rglob("*")) == files


def test_the_plan_says_of_each_step_how_long_it_takes_and_how_to_go_back(cloud: Cloud) -> None:
    code, said = run(cloud)

    assert code == 0
    steps = said.count("     takes    ")
    assert steps == said.count("     undo     ") == said.count("     changes  ")
    assert [f"  {number}. " in said for number in range(1, steps + 2)] == [*[True] * steps, False]
    assert 'make failover STACK=two ARGS="--confirm"' in said


def test_everything_that_is_wrong_is_said_at_once(cloud: Cloud) -> None:
    cloud.account = "444455556666"
    cloud.databases.clear()
    cloud.broken = {"lambda get-function-configuration", "eks list-nodegroups", "pulumi"}
    cloud.quota = 5

    code, said = run(cloud, "--confirm", stack="one")

    assert code == 1
    assert not cloud.changes
    wanted = (
        "is primary, not standby: the standby is two",
        "aws.database.sourceArn in Pulumi.one.yaml is empty",
        f"444455556666, not {ACCOUNT}",
        "not logged in",
        "lambda get-function-configuration: broken",
        "DBInstance n8n-1 not found",
        "eks list-nodegroups: broken",
        "EC2 allows 5 CPUs",
    )
    assert [each for each in wanted if each not in said] == []


def test_a_stack_without_a_peer_is_refused(cloud: Cloud) -> None:
    (cloud.folder / "Pulumi.alone.yaml").write_text("config: {}\n")
    code, said = run(cloud, stack="alone")
    assert code == 1
    assert "no environment that can fail over" in said


def test_the_newest_measurement_of_the_lag_is_what_may_be_lost(cloud: Cloud) -> None:
    cloud.lag = 95
    code, said = run(cloud)
    assert code == 0
    assert "95 s behind" in said


def test_a_lag_that_is_not_known_does_not_keep_a_region_down(cloud: Cloud) -> None:
    cloud.lag = -1
    assert "is not known" in run(cloud)[1]
    cloud.broken = {"cloudwatch get-metric-statistics"}
    confirm(cloud)


def test_a_step_that_fails_stops_it_and_is_done_again(cloud: Cloud) -> None:
    cloud.broken = {"lambda invoke"}
    code, said = run(cloud, "--confirm")
    assert code == 1
    assert "The same command goes on" in said
    assert "up two primary" not in cloud.changes

    cloud.broken = set()
    confirm(cloud)

    (record,) = records(cloud)
    took = [each["event"] for each in record["events"] if each["step"] == "take"]
    assert took == ["begun", "failed", "begun", "done"]
    times = [each["at"] for each in record["events"]]
    assert times == sorted(times)


def test_who_was_overtaken_does_not_go_on(cloud: Cloud) -> None:
    cloud.ends_at = {moment_after("configure two")}
    assert run(cloud, "--confirm")[0] == 130
    cloud.table.item["holder"] = HOME

    code, said = run(cloud, "--confirm")

    assert code == 1
    assert "somebody has failed over since" in said
    assert "up two primary" not in cloud.changes


def test_what_was_done_is_not_done_again(cloud: Cloud) -> None:
    cloud.ends_at = {moment_after("configure two") + 1}
    assert run(cloud, "--confirm")[0] == 130
    done = len(cloud.changes)

    confirm(cloud)

    assert cloud.changes[done:] == ["refresh two", "up two primary", "promote n8n-1"]
    assert cloud.calls.count("sleep") == WAIT / 5


def test_a_deployment_that_was_ended_after_the_promotion_does_not_promote_again(
    cloud: Cloud,
) -> None:
    cloud.ends_at = {moment_after("promote n8n-1")}
    assert run(cloud, "--confirm")[0] == 130
    assert cloud.databases[AWAY, "n8n-1"] is None
    done = len(cloud.changes)

    confirm(cloud)

    assert cloud.changes[done:] == ["refresh two", "up two primary"]
    assert cloud.answering == {"two"}


@pytest.mark.parametrize("status", ["backing-up", "storage-optimization"])
def test_a_database_that_is_busy_does_not_keep_a_region_down(cloud: Cloud, status: str) -> None:
    cloud.busy[AWAY, "n8n-1"] = (cloud.now + WAIT + 120, status)

    confirm(cloud)

    # While the lease runs out its backup goes on: only the rest is waited for.
    waited = {"backing-up": WAIT + 120, "storage-optimization": WAIT}
    assert cloud.calls.count("sleep") == waited[status] / 5


@pytest.mark.parametrize(("degraded", "stops"), [("b", False), ("bc", True)])
def test_two_zones_carry_the_platform_and_one_does_not(
    cloud: Cloud, degraded: str, stops: bool
) -> None:
    cloud.degraded = degraded
    code, said = run(cloud)
    assert code == stops
    assert "The node group b is DEGRADED" in said


def test_a_database_that_stays_busy_is_named(cloud: Cloud) -> None:
    cloud.busy[AWAY, "n8n-1"] = (cloud.now + 9000, "backing-up")
    code, said = run(cloud, "--confirm")
    assert code == 1
    assert "n8n-1 is backing-up for 15 min" in said
    assert "up two primary" not in cloud.changes


def test_a_database_that_nobody_can_promote_stops_it(cloud: Cloud) -> None:
    cloud.busy[AWAY, "n8n-1"] = (cloud.now + 9000, "storage-full")
    code, said = run(cloud, "--confirm")
    assert code == 1
    assert "is storage-full, not available" in said
    assert not cloud.changes


def test_the_way_back_raises_the_generation_once(cloud: Cloud) -> None:
    confirm(cloud)
    for call in ("configure one", "up one standby"):
        cloud.ends_at = {cloud.moment + moments_until(call)}
        run(cloud, "--back", "--confirm", stack="one")
    cloud.ends_at = set()
    confirm(cloud, "--back", stack="one")
    assert aws(cloud, "one").database.generation == 2


def test_one_that_was_begun_elsewhere_is_taken_over_and_waits_once_more(cloud: Cloud) -> None:
    cloud.table.item.update(holder=AWAY, opens=cloud.now + 10)
    began = cloud.now
    confirm(cloud)
    assert cloud.now - began >= WAIT


def moment_after(call: str) -> int:
    """The moment right after a call of a failover that nobody ends."""
    with TemporaryDirectory() as folder:
        trial = Cloud(folder=Path(folder))
        confirm(trial)
        return trial.after[call]


def moments_until(call: str) -> int:
    """The same for a way back, from its beginning."""
    with TemporaryDirectory() as folder:
        trial = Cloud(folder=Path(folder))
        confirm(trial)
        before = trial.moment
        confirm(trial, "--back", stack="one")
        return trial.after[call] - before


def test_what_worked_before_becomes_the_standby(cloud: Cloud) -> None:
    confirm(cloud)
    confirm(cloud, "--back", stack="one")

    home = aws(cloud, "one")
    assert home.role == "standby"
    assert home.database.source_arn == ARN.format(AWAY, "n8n-1")
    assert cloud.databases[HOME, "n8n-2"] == ARN.format(AWAY, "n8n-1")
    assert cloud.databases[HOME, "n8n-1"] is None  # stays
    assert cloud.answering == {"two"}


def test_home_again(cloud: Cloud) -> None:
    confirm(cloud)
    confirm(cloud, "--back", stack="one")
    confirm(cloud, stack="one")
    confirm(cloud, "--back", stack="two")

    assert cloud.table.item["holder"] == HOME
    assert cloud.answering == {"one"}
    assert cloud.databases[HOME, "n8n-2"] is None
    assert cloud.databases[AWAY, "n8n-2"] == ARN.format(HOME, "n8n-2")


def test_who_never_renewed_the_lease_is_not_shut_out_by_it(cloud: Cloud) -> None:
    assert "last renewed the lease" in run(cloud)[1]
    cloud.fenced = False
    # The region may be lost: then it does not matter.
    code, said = run(cloud)
    assert code == 0
    assert f"that of {HOME} has no fence" in said


def test_nobody_becomes_the_standby_of_a_region_that_does_not_work(cloud: Cloud) -> None:
    confirm(cloud)
    cloud.fenced = False
    done = len(cloud.changes)
    code, said = run(cloud, "--back", "--confirm", stack="one")
    assert code == 1
    assert f"The database of {AWAY} has not renewed the lease for 60 s" in said
    assert len(cloud.changes) == done


def test_who_works_does_not_become_a_standby(cloud: Cloud) -> None:
    code, said = run(cloud, "--back", "--confirm", stack="one")
    assert code == 1
    assert f"{HOME} has the lease" in said
    assert "Pulumi.two.yaml is not that of an environment that works" in said
    assert not cloud.changes


def test_one_way_is_finished_before_the_other_begins(cloud: Cloud) -> None:
    cloud.ends_at = {moment_after("configure two")}
    run(cloud, "--confirm")
    code, said = run(cloud, "--back", "--confirm")
    assert code == 1
    assert "the other way was interrupted" in said


@cache
def wanted(*, lost: bool, back: bool) -> object:
    """How it ends when nobody ends it."""
    with TemporaryDirectory() as folder:
        cloud = Cloud(folder=Path(folder), lost=lost)
        confirm(cloud)
        cloud.lost = cloud.lost and not back
        if back:
            confirm(cloud, "--back", stack="one")
        return cloud.facts()


@examples(max_examples=60)
@given(
    ends=st.lists(st.integers(min_value=1, max_value=130), max_size=6),
    skew=st.integers(min_value=-3600, max_value=3600),
    pause=st.sampled_from([0, 20, 4000]),
    lost=st.booleans(),
    back=st.booleans(),
)
def test_however_often_it_is_ended_it_comes_to_the_same(
    ends: list[int], skew: int, pause: int, lost: bool, back: bool
) -> None:
    # That nothing is deployed as primary before the lease opens is asserted by FakePulumi.up.
    with TemporaryDirectory() as folder:
        cloud = Cloud(folder=Path(folder), skew=skew, lost=lost)
        arguments, stack = [], "two"
        if back:
            confirm(cloud)
            arguments, stack = ["--back"], "one"
            # The lost region is there again.
            cloud.lost = False
            cloud.now += 60
        cloud.ends_at = {cloud.moment + each for each in ends}
        while (result := run(cloud, "--confirm", *arguments, stack=stack))[0] != 0:
            assert result[0] == 130, result[1]
            cloud.now += pause
        assert cloud.facts() == wanted(lost=lost, back=back)
        assert all(each["events"][-1]["step"] == "failover" for each in records(cloud))
