"""Real PostgreSQL servers: what is compared, and a recovery that stops before the accident."""

from pathlib import Path

import pytest

from drills import postgres
from drills.postgres import Programs
from tests.waiting import eventually


@pytest.fixture(scope="module")
def programs() -> Programs:
    return postgres.programs(lambda _: None)


def test_a_recovery_has_all_that_was_done_until_then_and_nothing_after(
    programs: Programs, tmp_path: Path
) -> None:
    archive, base = tmp_path / "archive", tmp_path / "base"
    archive.mkdir()
    server = postgres.new(programs, tmp_path / "lost", archive=archive)
    with server.running():
        postgres.create_database(server)
        server.ask('CREATE TABLE "Kept" (id int)')
        programs.run("pg_basebackup", *server.address, "-D", base, "--checkpoint=fast")
        server.ask('INSERT INTO "Kept" VALUES (1), (2)')
        held, until = server.fingerprints(), server.ask("SELECT clock_timestamp()")
        server.ask('DELETE FROM "Kept"')
        segment = server.finish_segment()
        eventually(lambda: server.archived(segment), "the archive has the accident", seconds=30)
    recovered = postgres.recovered(server, base, archive=archive, until=until)
    with recovered.running():
        eventually(lambda: not recovered.recovers(), "recovery ends", seconds=30)
        assert recovered.fingerprints() == held
    assert held['"Kept"'].startswith("2 ")


def test_a_fingerprint_tells_another_content_of_as_many_rows(
    programs: Programs, tmp_path: Path
) -> None:
    server = postgres.new(programs, tmp_path / "data")
    with server.running():
        postgres.create_database(server)
        server.ask("CREATE TABLE held (id int, said text)")
        server.ask("INSERT INTO held VALUES (1, 'this'), (2, NULL)")
        first = server.fingerprints()
        server.ask("UPDATE held SET said = 'that' WHERE id = 1")
        assert server.fingerprints()["held"] != first["held"]
        server.ask("UPDATE held SET said = 'this' WHERE id = 1")
        assert server.fingerprints() == first
