"""Real PostgreSQL servers on loopback, as RDS has them, with stand-ins for what only RDS has."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ai_gateway.trial import free_port
from local.toolchain import debian
from tests.waiting import eventually

ROLE, PASSWORD = "n8n", "in-a-test-only"
NEW, ALONE = "new", "alone"
"""Roles whose database has no fence yet, and never will."""

MASTER = "platform"

_SQL = Path(__file__).parents[2] / "components/aws/sql"
_EXTENSION = "CREATE EXTENSION"
_SECONDS = 30

_MASTER = f"""
CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB;
GRANT pg_signal_backend, pg_monitor TO {MASTER};
ALTER DATABASE postgres OWNER TO {MASTER};
"""
"""RDS' master user, who is no superuser."""

_EXTENSIONS = """
CREATE SCHEMA cron;
CREATE TABLE cron.job (name text, schedule text, command text);
CREATE FUNCTION cron.schedule(text, text, text) RETURNS void LANGUAGE sql AS
    'INSERT INTO cron.job VALUES ($1, $2, $3)';
CREATE SCHEMA aws_lambda;
CREATE TABLE aws_lambda.answer (seconds double precision, status_code int, payload json);
INSERT INTO aws_lambda.answer VALUES (0, 200, '{"errorType": "NotHeldError"}');
CREATE FUNCTION aws_lambda.invoke(text, json)
    RETURNS TABLE (status_code int, payload json) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT a.status_code, a.payload
        FROM aws_lambda.answer a, LATERAL (SELECT pg_sleep(a.seconds)) waited;
END
$$;
CREATE SCHEMA trial;
CREATE PROCEDURE trial.answer(json, int, double precision) LANGUAGE sql AS
    'UPDATE aws_lambda.answer SET payload = $1, status_code = $2, seconds = $3';
CREATE PROCEDURE trial.lease_for(double precision) LANGUAGE plpgsql AS
    'BEGIN UPDATE fence.lease SET length = make_interval(secs => $1); END';
"""
"""pg_cron and aws_lambda, as far as fence.sql knows them. What Lambda answers is in a table."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """PostgreSQL's programs, from PATH or from Debian's package.

    Attributes:
        folder: where they are.
        environment: with which they start.
    """

    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one to its end. The server's own refuse to run as root: they are somebody else's."""
        program, *arguments = command
        as_nobody = ("unshare", "--user") if os.geteuid() == 0 else ()
        return subprocess.run(
            (*as_nobody, self.folder / program, *arguments),
            env={**os.environ, **self.environment, **environment},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


def programs() -> Programs:
    """PostgreSQL 15 or newer of this machine, or Debian's."""
    found = shutil.which("initdb")
    if found:
        return Programs(folder=Path(found).resolve().parent, environment={})
    packages = debian.fetch("postgresql-15", report=lambda _: None)
    return Programs(
        folder=packages.root / "usr/lib/postgresql/15/bin", environment=packages.environment()
    )


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server, which can be killed and come back.

    Attributes:
        programs: PostgreSQL's programs.
        data: its directory.
        port: where it listens.
    """

    programs: Programs
    data: Path
    port: int

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self.data.parent}"
        # Its output must not be the test's: it lives longer than the program that starts it.
        log = self.data.parent / f"{self.port}.log"
        done = self.programs.run("pg_ctl", "start", "-w", "-D", self.data, "-o", options, "-l", log)
        assert done.returncode == 0, log.read_text()

    def stop(self, mode: str) -> None:
        """Stop it: `immediate` is as if it had been killed."""
        self.programs.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", mode)

    def run(self, sql: str, *, user: str = MASTER, database: str = "postgres") -> str:
        """What the server answers.

        Raises:
            AssertionError: with what it said instead.
        """
        done = self._psql("-c", sql, user=user, database=database)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def run_file(self, name: str, *, database: str, **variables: str) -> None:
        """Run a file of `components/aws/sql`, less what a stand-in is there for."""
        text = (_SQL / name).read_text()
        lines = [line for line in text.splitlines() if not line.startswith(_EXTENSION)]
        options = [part for pair in variables.items() for part in ("-v", "=".join(pair))]
        file = self.data.parent / name
        file.write_text("\n".join(lines))
        done = self._psql("-v", "ON_ERROR_STOP=1", *options, "-f", file, database=database)
        assert done.returncode == 0, done.stderr

    def lets_in(self, user: str = ROLE, database: str = "n8n") -> bool:
        """Whether n8n can connect, with its password."""
        done = self._psql("-c", "SELECT 1", user=user, database=database, PGPASSWORD=PASSWORD)
        if done.returncode:
            assert "password authentication failed" in done.stderr, done.stderr
        return done.returncode == 0

    @contextmanager
    def connection(self) -> Iterator[subprocess.Popen[str]]:
        """A connection of n8n's that stays open until somebody ends it."""
        process = subprocess.Popen(
            self._command(ROLE, "n8n", "-c", "SELECT pg_sleep(600)"),
            env={**os.environ, **self.programs.environment, "PGPASSWORD": PASSWORD},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'n8n'"
        try:
            eventually(lambda: self.run(count) == "1", "n8n is connected")
            yield process
        finally:
            process.kill()
            process.wait(_SECONDS)

    def _psql(
        self,
        *arguments: str | Path,
        user: str = MASTER,
        database: str = "postgres",
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        program, *rest = self._command(user, database, *arguments)
        return self.programs.run(program, *rest, **environment)

    def _command(self, user: str, database: str, *arguments: str | Path) -> Sequence[str | Path]:
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database)
        return (self.programs.folder / "psql", "-X", "-w", "-q", "-At", *address, *arguments)


@contextmanager
def primary(folder: Path, *, lease_seconds: int) -> Iterator[Server]:
    """A server with n8n's role and the fence."""
    server = Server(programs=programs(), data=folder / "primary", port=free_port())
    done = server.programs.run(
        "initdb", "-D", server.data, "-U", "postgres", "--auth=trust", "--no-sync"
    )
    assert done.returncode == 0, done.stderr
    (server.data / "pg_hba.conf").write_text(
        f"host all {ROLE},{NEW},{ALONE} 127.0.0.1/32 scram-sha-256\n"
        "host all all 127.0.0.1/32 trust\n"
        "host replication postgres 127.0.0.1/32 trust\n"
    )
    with _running(server):
        server.run(_MASTER, user="postgres")
        server.run("CREATE DATABASE n8n")
        server.run(_EXTENSIONS)
        server.run_file("role.sql", database="n8n", role=ROLE)
        server.run(f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'")
        server.run_file(
            "fence.sql",
            database="postgres",
            role=ROLE,
            function="n8n-lease-renew",
            seconds=str(lease_seconds),
        )
        yield server


@contextmanager
def replica(folder: Path, source: Server) -> Iterator[Server]:
    """A server that follows another one."""
    server = Server(programs=source.programs, data=folder / "replica", port=free_port())
    address = ("-h", "127.0.0.1", "-p", str(source.port), "-U", "postgres")
    done = server.programs.run("pg_basebackup", *address, "-D", server.data, "-R", "--no-sync")
    assert done.returncode == 0, done.stderr
    with _running(server):
        yield server


@contextmanager
def _running(server: Server) -> Iterator[None]:
    server.start()
    try:
        yield
    finally:
        server.stop("immediate")
