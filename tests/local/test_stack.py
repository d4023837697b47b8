"""The settings file that the CLI gets, and locks that nobody holds any more."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack import merged_settings, release_stale_locks


def test_the_salt_of_this_checkout_is_kept_beside_the_committed_settings() -> None:
    committed = {"config": {"n8n-platform:namespace": "n8n"}}

    assert merged_settings(committed, "v1:mine", {}) == {"encryptionsalt": "v1:mine", **committed}


def test_a_committed_salt_does_not_replace_the_one_of_this_checkout() -> None:
    merged = merged_settings({"encryptionsalt": "v1:theirs"}, "v1:mine", {})

    assert merged["encryptionsalt"] == "v1:mine"


def test_what_the_nodes_replace_leaves_the_other_settings_of_a_key_alone() -> None:
    committed = {"config": {"n8n-platform:n8n": {"image": "published:1", "timezone": "Etc/UTC"}}}

    merged = merged_settings(committed, "v1:mine", {"n8n-platform:n8n": {"image": "stand-in:1"}})

    assert merged["config"] == {"n8n-platform:n8n": {"image": "stand-in:1", "timezone": "Etc/UTC"}}


def write_lock(folder: Path, *, pid: int, hostname: str = "") -> Path:
    lock = folder / "lock.json"
    content = {
        "pid": pid,
        "username": "me",
        "hostname": hostname or socket.gethostname(),
        "timestamp": "2026-11-22T01:02:03Z",
    }
    lock.write_text(json.dumps(content))
    return lock


@pytest.fixture
def gone() -> int:
    """The id of a process that ended."""
    with subprocess.Popen((sys.executable, "-c", "")) as process:
        process.wait()
    return process.pid


def test_a_lock_whose_process_is_gone_is_released_and_named(tmp_path: Path, gone: int) -> None:
    lock = write_lock(tmp_path, pid=gone)

    remarks = release_stale_locks(tmp_path)

    assert not lock.exists()
    assert [str(gone) in remark for remark in remarks] == [True]


def test_the_lock_of_a_running_process_stays(tmp_path: Path) -> None:
    lock = write_lock(tmp_path, pid=os.getpid())

    assert not release_stale_locks(tmp_path)
    assert lock.exists()


def test_the_lock_of_another_machine_stays(tmp_path: Path, gone: int) -> None:
    lock = write_lock(tmp_path, pid=gone, hostname="another-machine")

    assert not release_stale_locks(tmp_path)
    assert lock.exists()


def test_a_lock_that_is_just_being_written_stays(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text("")

    assert not release_stale_locks(tmp_path)
    assert (tmp_path / "lock.json").exists()
