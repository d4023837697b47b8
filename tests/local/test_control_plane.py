"""Ports, processes, the kubeconfig and the lock of a control plane; engine tests run a real one."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from local import processes
from local.control_plane import audit, kubeconfig, ports
from local.lock import exclusive

WAIT = "import sys, time; print('ready', flush=True); time.sleep(60)"


def test_every_server_gets_a_port_of_its_own() -> None:
    chosen = ports.choose(["a", "b", "c"], {})

    assert len(set(chosen.values())) == 3


def test_the_port_of_an_earlier_start_is_kept_while_it_is_free() -> None:
    earlier = ports.choose(["a"], {})

    assert ports.choose(["a"], earlier) == earlier


def test_a_port_that_another_program_took_is_replaced() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        assert ports.choose(["a"], {"a": port})["a"] != port


@pytest.fixture
def sleeper(tmp_path: Path):
    """A process of a program called etcd, with a file of `tmp_path` as its argument."""
    program = tmp_path / "bin" / "etcd"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    with subprocess.Popen(
        (program, "-c", WAIT, f"--data-dir={tmp_path}/data"), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_server_is_found_by_its_program_and_folder(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    (found,) = processes.using(tmp_path, ["etcd"])

    assert (found.pid, found.program) == (sleeper.pid, "etcd")


def test_the_server_of_another_checkout_is_not_found(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    del sleeper
    assert not processes.using(tmp_path / "other", ["etcd"])
    # Nor that of a folder whose name merely begins alike.
    assert not processes.using(tmp_path / "dat", ["etcd"])


def test_another_program_with_a_file_of_the_folder_is_not_found(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    del sleeper
    assert not processes.using(tmp_path, ["kube-apiserver"])


def test_stopped_processes_are_gone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    assert not processes.stop(processes.using(tmp_path, ["etcd"]))

    assert not processes.is_running(sleeper.pid)


def test_the_kubeconfig_is_private_and_needs_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"

    kubeconfig.write(
        file, server="https://127.0.0.1:6443", authority=b"a", certificate=b"c", key=b"k"
    )

    assert file.stat().st_mode & 0o777 == 0o600
    assert str(tmp_path) not in file.read_text()
    assert yaml.safe_load(file.read_text())["current-context"] == "n8n-platform-local"


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    waits = threading.Event()
    order: list[str] = []

    def second() -> None:
        with exclusive(tmp_path / "lock", on_wait=waits.set):
            order.append("second")

    with exclusive(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(timeout=10)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_the_audit_log_never_holds_what_is_in_a_request(tmp_path: Path) -> None:
    audit.write_policy(tmp_path)
    policy = yaml.safe_load(Path(audit.flags(tmp_path)["audit-policy-file"]).read_text())

    assert {rule["level"] for rule in policy["rules"]} == {"None", "Metadata"}
    # What no rule leaves out is written down.
    assert policy["rules"][-1] == {"level": "Metadata"}


def test_another_audit_policy_starts_the_api_server_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.write_policy(tmp_path / "audit")
    before = audit.flags(tmp_path / "audit")
    other = tmp_path / "other.yaml"
    other.write_text("rules: []")
    monkeypatch.setattr(audit, "_POLICY", other)

    after = audit.flags(tmp_path / "audit")
    assert {name for name in before if before[name] != after[name]} == {"audit-policy-file"}
    audit.write_policy(tmp_path / "audit")
    (written,) = (tmp_path / "audit").iterdir()
    assert str(written) == after["audit-policy-file"]
    assert written.read_text() == "rules: []"


def test_only_its_owner_may_read_who_did_what(tmp_path: Path) -> None:
    audit.write_policy(tmp_path / "audit")

    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
