"""Real PostgreSQL servers for the restore drill, on loopback, in folders that are thrown away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ai_gateway.trial import free_port
from local.errors import LocalError
from local.toolchain import debian

DATABASE = "n8n"
ROLE = "n8n"

_FINGERPRINTS = """
SELECT json_object_agg(name, (xpath('/row/said/text()', said))[1]::text) FROM (
    SELECT format('%I', table_name) AS name, query_to_xml(format(
        'SELECT concat(count(*), '' '', md5(string_agg(hash, '''' ORDER BY hash))) AS said'
        ' FROM (SELECT md5(t::text) AS hash FROM public.%I t) hashed',
        table_name), false, true, '') AS said
    FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE') each
"""
"""Of each table its number of rows, and a hash of all that is in them."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """PostgreSQL's programs.

    Attributes:
        folder: where they are.
        environment: with which they start.
    """

    folder: Path
    environment: Mapping[str, str]

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one to its end; what it printed.

        Raises:
            LocalError: it failed, with what it said.
        """
        # PostgreSQL refuses to run as root. In a user namespace it is somebody else who owns the
        # same files.
        as_nobody = ("unshare", "--user") if os.geteuid() == 0 else ()
        done = subprocess.run(
            (*as_nobody, self.folder / program, *arguments),
            env={"PATH": os.environ["PATH"], **self.environment},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocalError(f"`{program}` failed: {done.stderr.strip()[-2000:]}")
        return done.stdout


def programs(report: Callable[[str], None]) -> Programs:
    """PostgreSQL of this machine, or else Debian's."""
    found = shutil.which("initdb")
    if found:
        return Programs(folder=Path(found).resolve().parent, environment={})
    packages = debian.fetch("postgresql-15", report=report)
    return Programs(
        folder=packages.root / "usr/lib/postgresql/15/bin", environment=packages.environment()
    )


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server.

    Attributes:
        programs: PostgreSQL's.
        data: its directory; its log is beside it.
        port: where it listens.
    """

    programs: Programs
    data: Path
    port: int

    @property
    def address(self) -> Sequence[str]:
        """Options with which its programs reach it."""
        return ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")

    def ask(self, sql: str, *, database: str = DATABASE) -> str:
        """What the server answers, rows as lines."""
        options = ("-X", "-w", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database)
        return self.programs.run("psql", *options, *self.address, "-c", sql).strip()

    def fingerprints(self) -> dict[str, str]:
        """Of each table its number of rows and a hash of their content."""
        return json.loads(self.ask(_FINGERPRINTS))

    def size(self) -> int:
        """Bytes of the database."""
        return int(self.ask(f"SELECT pg_database_size('{DATABASE}')"))

    def finish_segment(self) -> str:
        """End the WAL segment that is written now, so that it is archived; its name."""
        return self.ask("SELECT pg_walfile_name(pg_switch_wal())")

    def archived(self, segment: str) -> bool:
        """Whether the archive has this segment and all before it."""
        return self.ask("SELECT last_archived_wal FROM pg_stat_archiver") >= segment

    def recovers(self) -> bool:
        """Whether it still does again what the WAL says, and takes no changes."""
        return self.ask("SELECT pg_is_in_recovery()") == "t"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have it running while the body does; its end is as sudden as a lost machine's."""
        log = self.data.with_suffix(".log")
        options = f"-h 127.0.0.1 -p {self.port} -k {self.data.parent}"
        command = ("start", "-w", "-t", "300", "-D", self.data, "-o", options, "-l", log)
        try:
            try:
                self.programs.run("pg_ctl", *command)
            except LocalError as error:
                raise LocalError(f"{error}\n{log.read_text()[-2000:]}") from error
            yield
        finally:
            # Stopped already if the body lost it.
            if (self.data / "postmaster.pid").exists():
                self.programs.run("pg_ctl", "stop", "-w", "-D", self.data, "-m", "immediate")


def new(programs: Programs, data: Path, *, archive: Path | None = None) -> Server:
    """A server without a database, not started yet.

    Args:
        programs: PostgreSQL's.
        data: its directory, which does not exist.
        archive: where it copies its finished WAL segments to, if anywhere.
    """
    programs.run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8")
    if archive:
        # A segment has its name only once it is whole.
        partial, segment = f"{archive}/%f.partial", f"{archive}/%f"
        _append(
            data / "postgresql.conf",
            {
                "archive_mode": "on",
                "archive_command": f"cp %p {partial} && mv {partial} {segment}",
            },
        )
    return Server(programs=programs, data=data, port=free_port())


def recovered(source: Server, base: Path, *, archive: Path, until: str) -> Server:
    """A server made of a base backup and of the WAL since then, not started yet.

    Args:
        source: whose backup it is; it need not run any more.
        base: a copy of the base backup, which becomes the server's directory.
        archive: the WAL segments.
        until: the time up to which what was done is done again.
    """
    (base / "recovery.signal").touch()
    _append(
        base / "postgresql.auto.conf",
        {
            "archive_mode": "off",
            "restore_command": f"cp {archive}/%f %p",
            "recovery_target_time": until,
            "recovery_target_action": "promote",
        },
    )
    return Server(programs=source.programs, data=base, port=free_port())


def create_database(server: Server) -> None:
    """The role and the empty database of n8n."""
    server.ask(f"CREATE ROLE {ROLE} LOGIN", database="postgres")
    server.ask(f"CREATE DATABASE {DATABASE} OWNER {ROLE}", database="postgres")


def _append(file: Path, settings: Mapping[str, str]) -> None:
    with file.open("a") as opened:
        opened.writelines(f"{key} = '{value}'\n" for key, value in settings.items())
