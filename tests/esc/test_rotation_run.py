"""A rotation as it is taken: in which order, what stops it, and that no consumer sees a gap."""

import re
import stat
import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from components.governance import REREADS
from esc.definition import FOLDER
from esc.rotated import record
from esc.rotation.__main__ import main, replace, show
from esc.rotation.errors import RotationError
from esc.rotation.keys import GeneratedKey, RedisPassword, Rotated, VendorKey
from esc.rotation.programs import PulumiEsc, run
from esc.rotation.run import Runner
from integrations.catalogue import load as catalogue
from tests.esc.test_definition import write
from tests.esc.world import World

OLD, NEW = "old-value-of-the-key", "new-value-of-the-key"

VENDOR = VendorKey(names=("OPENAI_API_KEY",), service=catalogue().by_id["openai"])
TOKEN = GeneratedKey(names=("N8N_RUNNERS_AUTH_TOKEN",))
PASSWORD = RedisPassword(names=("REDIS_PASSWORD",), user="n8n")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esc.rotation.run._POLL_SECONDS", 0)
    monkeypatch.setattr("sys.stdin", StringIO("\n" * 999))


def vendor_world(**more: object) -> World:
    return World(values={"OPENAI_API_KEY": OLD}, keys={"token": "OPENAI_API_KEY"}, **more)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A definition of the environment, and an empty record of its keys."""
    names = ("OPENAI_API_KEY", *TOKEN.names, *PASSWORD.names)
    secrets = {name: {"fn::secret": ""} for name in names}
    write(tmp_path, {"n8n/staging": {"values": {**secrets, "OPENAI_ORGANIZATION": ""}}})
    (tmp_path / "rotated.yaml").write_text("# Kept.\nn8n/staging:\n")
    return tmp_path


Take = Callable[..., int]


@pytest.fixture
def take(folder: Path) -> Take:
    """Replaces a key, as the command does; the exit code."""

    def taken(runner: Runner, output: StringIO, rotated: Rotated = VENDOR) -> int:
        return replace(runner, rotated, Console(file=output, soft_wrap=True), folder=folder)

    return taken


def test_the_key_is_written_then_copied_then_used(take: Take) -> None:
    world = vendor_world()
    runner, output = world.runner(NEW)

    assert take(runner, output) == 0

    assert world.log == ["write OPENAI_API_KEY", "sync", "restart deployment/consumer"]
    assert world.held == {"token": NEW}
    assert output.getvalue().rstrip().endswith("delete the old key at the vendor")


def test_no_value_is_printed(take: Take) -> None:
    runner, output = vendor_world().runner(NEW)

    take(runner, output)

    assert NEW not in output.getvalue()
    assert OLD not in output.getvalue()


def test_it_ends_when_the_last_pod_with_the_old_key_has_ended(take: Take) -> None:
    world = vendor_world(ending=3)

    assert take(*world.runner(NEW)) == 0
    assert not world.ending


def test_files_that_are_read_again_are_not_restarted(take: Take) -> None:
    world = vendor_world(file=True, annotations={REREADS: "made"})

    runner, output = world.runner(NEW)

    assert take(runner, output) == 0
    assert world.log == ["write OPENAI_API_KEY", "sync"]
    assert "two minutes later" in output.getvalue().rpartition("What is left")[2]


def test_a_value_that_is_in_esc_already_is_not_asked_for_again(take: Take) -> None:
    world = vendor_world()
    world.values["OPENAI_API_KEY"] = NEW

    assert take(*world.runner("")) == 0
    assert world.log == ["sync", "restart deployment/consumer"]
    assert world.held == {"token": NEW}


def test_a_value_with_a_blank_at_its_end_changes_nothing(take: Take) -> None:
    world = vendor_world()
    runner, output = world.runner(f"{NEW} ")

    assert take(runner, output) == 1
    assert not world.log
    assert NEW not in output.getvalue()


def test_what_was_not_copied_is_not_used_and_the_old_key_is_said_to_be_valid(take: Take) -> None:
    world = vendor_world(message="could not get secret data from provider")
    runner, output = world.runner(NEW)

    assert take(runner, output) == 1

    assert world.log == ["write OPENAI_API_KEY", "sync"]
    assert "could not get secret data from provider" in output.getvalue()
    assert "The old key is still valid" in output.getvalue()


def test_what_was_copied_before_is_not_taken_for_the_new_value(take: Take) -> None:
    world = vendor_world(operator=False)
    runner, output = world.runner(NEW)

    assert take(runner, output) == 1
    assert world.log == ["write OPENAI_API_KEY", "sync"]
    assert "perhaps the operator does not run" in output.getvalue()


def test_a_key_that_nothing_copies_is_refused_before_anything_changes(take: Take) -> None:
    world = World(values={"OTHER": OLD}, keys={"token": "OTHER"})
    runner, output = world.runner(NEW)

    assert take(runner, output) == 1
    assert not world.log
    assert "No ExternalSecret" in output.getvalue()
    assert "Nothing was changed" in output.getvalue()


def test_a_key_that_is_copied_once_is_refused_before_anything_changes(take: Take) -> None:
    world = vendor_world(policy="CreatedOnce")
    runner, output = world.runner(NEW)

    assert take(runner, output) == 1
    assert not world.log
    assert "CreatedOnce" in output.getvalue()


def test_the_day_is_written_down_once_the_key_is_replaced(take: Take, folder: Path) -> None:
    runner, output = vendor_world().runner(NEW)
    days = {record.today()}

    assert take(runner, output) == 0

    days.add(record.today())
    assert record.load("n8n", "staging", folder=folder)["OPENAI_API_KEY"] in days
    assert (folder / "rotated.yaml").read_text().startswith("# Kept.\nn8n/staging:\n  OPENAI_API")
    assert "OPENAI_API_KEY was replaced today: commit it" in output.getvalue()


def test_no_day_is_written_of_a_key_that_was_not_replaced(take: Take, folder: Path) -> None:
    runner, output = vendor_world(message="could not get secret data").runner(NEW)

    assert take(runner, output) == 1
    assert record.load("n8n", "staging", folder=folder) == {}


def test_a_part_of_a_key_that_is_no_secret_has_no_day(take: Take, folder: Path) -> None:
    names = ("OPENAI_API_KEY", "OPENAI_ORGANIZATION")
    world = World(values=dict.fromkeys(names, OLD), keys={name: name for name in names})
    runner, output = world.runner(NEW, NEW)

    assert take(runner, output, VendorKey(names=names, service=VENDOR.service)) == 0
    assert set(record.load("n8n", "staging", folder=folder)) == {"OPENAI_API_KEY"}


def test_a_record_that_cannot_be_written_fails_no_rotation(take: Take, folder: Path) -> None:
    world = vendor_world()
    runner, output = world.runner(NEW)
    (folder / "rotated.yaml").write_text("n8n/staging: {}\n")

    assert take(runner, output) == 0

    assert world.held == {"token": NEW}
    said = output.getvalue()
    assert "could not be written into esc/rotated.yaml: esc/rotated.yaml, line 1" in said
    assert re.search(r"^n8n/staging:\n  OPENAI_API_KEY: 20\d\d-\d\d-\d\d$", said, re.MULTILINE)


def test_a_dry_run_changes_nothing() -> None:
    world = vendor_world()
    runner, output = world.runner()

    assert show(runner, VENDOR, Console(file=output, soft_wrap=True)) == 0
    assert not world.log
    assert "deployment/consumer" in output.getvalue()


def test_a_dry_run_needs_neither_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    before = (FOLDER / record.FILE).read_text()

    assert main(["--stack", "staging", "--dry-run", "OPENAI_API_KEY"]) == 0
    assert "looked up in the cluster" in capsys.readouterr().out
    assert (FOLDER / record.FILE).read_text() == before


def test_a_generated_token_is_new_each_time_and_never_shown(take: Take) -> None:
    name = TOKEN.names[0]
    world = World(values={name: OLD}, keys={"token": name})
    made = []
    for _ in range(2):
        runner, output = world.runner()
        assert take(runner, output, TOKEN) == 0
        made.append(world.values[name])
        assert made[-1] not in output.getvalue()

    assert len({OLD, *made}) == 3
    assert world.held == {"token": made[-1]}


class GapError(Exception):
    """A consumer holds a password that Redis refuses."""


class Interrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C."""


def redis_world() -> World:
    keys = {
        f"{prefix}{password}": f"REDIS_{prefix}{password}".replace("-", "_").upper()
        for password in ("password", "cluster-password")
        for prefix in ("", "next-", "previous-")
    }
    # As after a first deployment: nothing but the passwords themselves.
    values = {remote: "" if "-" in key[:9] else OLD for key, remote in keys.items()}
    values["REDIS_CLUSTER_PASSWORD"] = OLD
    return World(values=values, keys=keys)


def watch(world: World, *, stop_at: int | None = None, operator: bool = False) -> list[int]:
    """See after each call that what pods hold is accepted; the calls so far.

    Args:
        world: what is watched.
        stop_at: number of the call after which somebody presses Ctrl-C.
        operator: whether the operator copies of its own accord after each call.
    """
    calls: list[int] = []

    def after() -> None:
        if operator:
            world.copy()
        calls.append(len(calls))
        if world.held["password"] not in world.accepted("password"):
            raise GapError
        if calls[-1] == stop_at:
            raise KeyboardInterrupt

    world.after = after
    return calls


def test_redis_refuses_the_old_password_at_the_end_and_no_pods_before(take: Take) -> None:
    world = redis_world()
    watch(world)
    runner, output = world.runner()

    assert take(runner, output, PASSWORD) == 0

    assert OLD not in world.accepted("password")
    assert world.held["password"] == world.values["REDIS_PASSWORD"]
    assert world.values["REDIS_PASSWORD"] not in output.getvalue()
    assert world.accepted("cluster-password") == {OLD}


@pytest.mark.parametrize("operator", [False, True])
def test_wherever_it_is_interrupted_the_same_command_ends_it_without_a_gap(
    take: Take, operator: bool
) -> None:
    whole = redis_world()
    calls = watch(whole, operator=operator)
    assert take(*whole.runner(), PASSWORD) == 0

    for stop_at in calls:
        world = redis_world()
        watch(world, stop_at=stop_at, operator=operator)
        assert take(*world.runner(), PASSWORD) == 130
        watch(world, operator=operator)
        assert take(*world.runner(), PASSWORD) == 0, stop_at
        assert OLD not in world.accepted("password")
        assert world.words("password") == "settled"


def test_a_next_password_that_somebody_set_by_hand_is_put_to_use_in_order(take: Take) -> None:
    world = redis_world()
    world.values["REDIS_NEXT_PASSWORD"] = NEW
    world.copy()
    watch(world)
    assert world.words("password") == "unordered"

    assert take(*world.runner(), PASSWORD) == 0
    assert world.held["password"] == NEW
    assert world.accepted("password") == {NEW}


def test_nodes_of_redis_that_do_not_agree_stop_it_before_anything_changes(take: Take) -> None:
    world = redis_world()
    runner, output = world.runner()
    answers = iter(["n8n settled", "n8n pending"] * 9)
    world_answer = world.answer
    world.answer = lambda *arguments: (  # pyright: ignore[reportAttributeAccessIssue]
        next(answers) if arguments[0] == "exec" else world_answer(*arguments)
    )

    assert take(runner, output, PASSWORD) == 1
    assert not world.log
    assert "redis-b-0 pending" in output.getvalue()


# What the real CLI does is in tests/engine/test_rotation.py: it is built there, and not for these
# tests. This one stands in for it, and writes down what it is given.
_STAND_IN = """\
#!{python}
import json, pathlib, sys
said = {{"arguments": sys.argv[1:], "input": sys.stdin.read()}}
pathlib.Path({record!r}).write_text(json.dumps(said))
sys.stderr.write({errors!r}.replace("INPUT", said["input"]))
sys.exit({code})
"""


def stand_in(folder: Path, *, errors: str = "", code: int = 0) -> Mapping[str, str]:
    """A `pulumi` in a folder; the environment in which it is found."""
    program = folder / "pulumi"
    record = str(folder / "record.json")
    program.write_text(
        _STAND_IN.format(python=sys.executable, record=record, errors=errors, code=code)
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder)}


def test_a_value_reaches_pulumi_by_its_input_and_in_no_argument(tmp_path: Path) -> None:
    esc = PulumiEsc(name="acme/n8n/staging", environment=stand_in(tmp_path))

    esc.write("OPENAI_API_KEY", NEW)

    record = (tmp_path / "record.json").read_text()
    assert f'"input": "{NEW}"' in record
    assert record.count(NEW) == 1


@pytest.mark.parametrize("code", [0, 1])
def test_what_pulumi_says_of_a_refusal_is_shown_without_the_value(
    tmp_path: Path, code: int
) -> None:
    value = 'new"value'
    environment = stand_in(tmp_path, errors="[400] no: INPUT is not allowed", code=code)
    esc = PulumiEsc(name="acme/n8n/staging", environment=environment)

    with pytest.raises(RotationError, match="is not allowed") as caught:
        esc.write("OPENAI_API_KEY", value)

    assert value not in str(caught.value)
    assert "[secret]" in str(caught.value)


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(RotationError, match="kubectl is not on PATH"):
        run(["kubectl"], environment={"PATH": "/nonexistent"})
