"""n8n's database is lost and comes back on a new server: from a dump, and from WAL.

Both with real PostgreSQL and real n8n. A database is back when every table holds what it held and
n8n, with the escrowed encryption key, serves on it and decrypts a credential.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from drills import n8n, postgres
from drills.figures import Figure, Report
from drills.postgres import DATABASE, Programs, Server
from local.errors import LocalError
from local.progress import Steps

RTO_SECONDS = 900
"""Recovery in fifteen minutes."""

_EXECUTED = 2_000
"""Executions that n8n really makes."""

_EXECUTIONS = 50_000
"""Executions in the database, most of them copies of those: as many as production keeps
(`n8n.executionRetentionCount`)."""

_PAYLOAD_DIGITS = 4_096
"""Hexadecimal digits that each execution is sent, and keeps."""

_AFTER_BACKUP = 200
"""Executions between the base backup and the loss, which only WAL holds."""

_WAIT_SECONDS = 300

_COPIES = """
CREATE TEMP TABLE copied AS
    SELECT id AS old, nextval(pg_get_serial_sequence('execution_entity', 'id')) AS new
    FROM (SELECT id FROM execution_entity ORDER BY id LIMIT {executed}) e,
        generate_series(1, {times});
INSERT INTO execution_entity SELECT (jsonb_populate_record(
    NULL::execution_entity, to_jsonb(e) || jsonb_build_object('id', new))).*
    FROM copied JOIN execution_entity e ON e.id = old;
INSERT INTO execution_data SELECT (jsonb_populate_record(
    NULL::execution_data, to_jsonb(d) || jsonb_build_object('executionId', new, 'data',
        regexp_replace(d.data, '[0-9a-f]{{255,}}', payload, 'g')))).*
    FROM copied JOIN execution_data d ON d."executionId" = old, LATERAL (
        SELECT string_agg(md5(new || ' ' || n || random()), '') AS payload
        FROM generate_series(1, {digits} / 32) n) fresh;
"""
"""Each copy gets a payload of its own: equal ones would be compressed to nothing in a dump."""

_ACCIDENT = 'TRUNCATE execution_entity CASCADE; DELETE FROM "credentials_entity"'


@dataclass(frozen=True, kw_only=True)
class _Lost:
    """What there was, and what is left of it.

    Attributes:
        instance: n8n with the key that was escrowed.
        name: of the credential that n8n made after the base backup.
        secret: what is secret in it.
        tables: what the tables held.
        size: bytes of the database.
        dump: a dump of it.
        dump_seconds: how long that took.
        base: a base backup.
        archive: the WAL segments.
        until: the last moment at which all was well.
        server: the lost server.
    """

    instance: n8n.Instance
    name: str
    secret: str
    tables: Mapping[str, str]
    size: int
    dump: Path
    dump_seconds: float
    base: Path
    archive: Path
    until: str
    server: Server

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"_Lost(tables={len(self.tables)})"


@dataclass(frozen=True, kw_only=True)
class _Back:
    """How a database came back.

    Attributes:
        restored: seconds until the new server had the data.
        served: seconds until n8n served on it.
        different: tables that do not hold what they held.
        decrypted: whether the escrowed key decrypts the credential.
        decrypted_by_another: whether any other key does.
    """

    restored: float
    served: float
    different: int
    decrypted: bool
    decrypted_by_another: bool


def run(steps: Steps) -> Report:
    """Make a database, lose it, restore it twice.

    Raises:
        LocalError: PostgreSQL or n8n failed at something that is not what the drill measures.
    """
    with tempfile.TemporaryDirectory(prefix="drill-") as temporary:
        folder = Path(temporary)
        with steps.step("n8n's packages and PostgreSQL's") as step:
            root = n8n.unpack(folder / "n8n", step.detail)
            programs = postgres.programs(step.detail)
        instance = n8n.Instance(root=root, key=secrets.token_urlsafe(24))
        lost = _make_and_lose(instance, programs, folder, steps)
        with steps.step("Restore from the dump") as step:
            by_dump = _from_dump(lost, folder / "by-dump")
            step.done(f"n8n serves after {by_dump.served:.0f} s")
        with steps.step("Restore from base backup and WAL, to the moment before the loss") as step:
            by_wal = _from_wal(lost, folder / "by-wal")
            step.done(f"n8n serves after {by_wal.served:.0f} s")
        return Report(
            drill="restore",
            title="n8n's database is lost and restored to a new server",
            figures=[
                Figure(what="database", measured=lost.size / 2**20, unit="MiB"),
                Figure(
                    what="its executions",
                    measured=float(lost.tables["execution_entity"].split()[0]),
                    unit="",
                    note=f"{_EXECUTED + _AFTER_BACKUP:,} made by n8n, the rest copies of those",
                ),
                Figure(
                    what="its dump",
                    measured=lost.dump.stat().st_size / 2**20,
                    unit="MiB",
                    note=f"taken in {lost.dump_seconds:.0f} s",
                ),
                *_figures("dump", by_dump),
                *_figures("base backup and WAL", by_wal),
                _per_gibibyte(by_dump, lost.size),
            ],
            remarks=[
                "Time begins with an empty folder on this machine and ends when n8n serves. On AWS "
                "a new instance has to be made first, and reads its blocks from S3 as they are "
                "asked for: that is not in these figures. Nor is the time in which people decide.",
                "What was written after a dump is lost with it. WAL loses what was not archived "
                "yet; here the last segment was.",
            ],
        )


def _make_and_lose(instance: n8n.Instance, programs: Programs, folder: Path, steps: Steps) -> _Lost:
    archive, base, dump = folder / "archive", folder / "base", folder / "n8n.dump"
    archive.mkdir()
    name, secret = "Drill", secrets.token_urlsafe(24)
    password = f"{secrets.token_urlsafe(16)}aA1"
    server = postgres.new(programs, folder / "source", archive=archive)
    with server.running():
        with steps.step("A database that n8n made") as step:
            postgres.create_database(server)
            step.detail("n8n's first start")
            with instance.serving(server) as url:
                n8n.set_up(url, password=password)
                step.detail(f"{_EXECUTED:,} executions")
                n8n.execute(url, times=_EXECUTED, digits=_PAYLOAD_DIGITS)
                _until_saved(server, _EXECUTED)
            step.detail("copies of executions")
            times = _EXECUTIONS // _EXECUTED - 1
            server.ask(_COPIES.format(executed=_EXECUTED, times=times, digits=_PAYLOAD_DIGITS))
            step.detail("base backup")
            programs.run("pg_basebackup", *server.address, "-D", base, "--checkpoint=fast")
            step.detail("a credential and executions that only WAL has")
            with instance.serving(server) as url:
                n8n.add_credential(url, password=password, name=name, secret=secret)
                n8n.execute(url, times=_AFTER_BACKUP, digits=_PAYLOAD_DIGITS)
                _until_saved(server, _EXECUTIONS + _AFTER_BACKUP)
            step.done(f"{server.size() / 2**20:,.0f} MiB")
        with steps.step("Dump") as step:
            since = time.monotonic()
            options = ("--format=custom", "--compress=1", f"--dbname={DATABASE}")
            programs.run("pg_dump", *server.address, *options, f"--file={dump}")
            dump_seconds = time.monotonic() - since
        tables, size = server.fingerprints(), server.size()
        until = server.ask("SELECT clock_timestamp()")
        with steps.step("The data is deleted by accident, then the server is lost") as step:
            server.ask(_ACCIDENT)
            segment = server.finish_segment()
            _until(lambda: server.archived(segment), "WAL is archived")
            step.done("the archive has all of it, the accident too")
    shutil.rmtree(server.data)
    return _Lost(
        instance=instance,
        name=name,
        secret=secret,
        tables=tables,
        size=size,
        dump=dump,
        dump_seconds=dump_seconds,
        base=base,
        archive=archive,
        until=until,
        server=server,
    )


def _from_dump(lost: _Lost, data: Path) -> _Back:
    since = time.monotonic()
    server = postgres.new(lost.server.programs, data)
    with server.running():
        postgres.create_database(server)
        options = ("--jobs=2", "--exit-on-error", f"--dbname={DATABASE}")
        server.programs.run("pg_restore", *options, *server.address, lost.dump)
        return _back(lost, server, since)


def _from_wal(lost: _Lost, data: Path) -> _Back:
    since = time.monotonic()
    shutil.copytree(lost.base, data)
    server = postgres.recovered(lost.server, data, archive=lost.archive, until=lost.until)
    with server.running():
        _until(lambda: not server.recovers(), "recovery ends")
        return _back(lost, server, since)


def _back(lost: _Lost, server: Server, since: float) -> _Back:
    """Look whether all is there, and whether n8n is content with it.

    What the drill only looks at does not count as time of the recovery.
    """
    restored = time.monotonic() - since
    found = server.fingerprints()
    looked = time.monotonic()
    with lost.instance.serving(server):
        served = restored + time.monotonic() - looked
    other = replace(lost.instance, key=secrets.token_urlsafe(24))
    return _Back(
        restored=restored,
        served=served,
        different=sum(found.get(table) != held for table, held in lost.tables.items()),
        decrypted=_decrypts(lost, lost.instance, server),
        decrypted_by_another=_decrypts(lost, other, server),
    )


def _decrypts(lost: _Lost, instance: n8n.Instance, server: Server) -> bool:
    return n8n.holds(instance.credentials(server), name=lost.name, secret=lost.secret)


def _figures(kind: str, back: _Back) -> list[Figure]:
    return [
        Figure(
            what=f"from {kind}: data is on the new server after", measured=back.restored, unit="s"
        ),
        Figure(
            what=f"from {kind}: n8n serves after",
            measured=back.served,
            unit="s",
            at_most=RTO_SECONDS,
            note="with n8n's start",
        ),
        Figure(
            what=f"from {kind}: tables whose rows or content differ",
            measured=back.different,
            unit="",
            at_most=0,
        ),
        Figure(
            what=f"from {kind}: credentials that the escrowed key decrypts, of 1",
            measured=int(back.decrypted),
            unit="",
            at_least=1,
        ),
        Figure(
            what=f"from {kind}: credentials that another key decrypts",
            measured=int(back.decrypted_by_another),
            unit="",
            at_most=0,
        ),
    ]


def _per_gibibyte(back: _Back, size: int) -> Figure:
    return Figure(
        what="from dump: data of 1 GiB would take",
        measured=back.restored * 2**30 / size,
        unit="s",
        note="not measured: reckoned from the above, as if time grew with size",
    )


def _until_saved(server: Server, executions: int) -> None:
    asked = "SELECT count(*) FROM execution_entity WHERE status = 'success'"
    _until(lambda: int(server.ask(asked)) >= executions, f"n8n has saved {executions:,} executions")


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise LocalError(f"After {_WAIT_SECONDS} s it is still not so that {what}.")
        time.sleep(0.1)
