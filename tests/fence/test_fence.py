"""The database lets n8n in while it has the lease, and puts it out when it has none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fence import postgres
from tests.fence.postgres import Server
from tests.waiting import eventually

LONG = 600
"""Seconds of a lease that does not run out during a test."""

HELD = '{"held": true}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with postgres.primary(tmp_path_factory.mktemp("fence"), lease_seconds=LONG) as running:
        yield running


@pytest.fixture(autouse=True)
def without_a_lease(server: Server) -> None:
    answer(server, '{"errorType": "NotHeldError"}')
    length(server, LONG)
    server.run("UPDATE fence.lease SET until = '-infinity'")
    server.run("CALL fence.enforce()")


def answer(server: Server, payload: str, *, status: int = 200, seconds: float = 0) -> None:
    """What the function of the lease answers from now on, and after which time."""
    server.run(f"CALL trial.answer('{payload}', {status}, {seconds})")


def length(server: Server, seconds: float) -> None:
    server.run(f"CALL trial.lease_for({seconds})")


def test_n8n_comes_in_with_the_lease_and_not_before(server: Server) -> None:
    assert not server.lets_in()
    answer(server, HELD)
    server.run("CALL fence.renew()")
    assert server.lets_in()


def test_without_the_fence_nobody_comes_in_but_where_there_is_no_peer(server: Server) -> None:
    for role, variables in ((postgres.NEW, {}), (postgres.ALONE, {"alone": "yes"})):
        server.run(f"CREATE DATABASE {role}")
        server.run_file("role.sql", database=role, role=role, **variables)
        server.run(f"ALTER ROLE {role} PASSWORD '{postgres.PASSWORD}'")
    assert not server.lets_in(postgres.NEW, postgres.NEW)
    assert server.lets_in(postgres.ALONE, postgres.ALONE)


@pytest.mark.parametrize(
    ("payload", "status"),
    [('{"errorType": "NotHeldError"}', 200), ('{"held": false}', 200), ("{}", 200), (HELD, 500)],
)
def test_any_other_answer_lets_nobody_in(server: Server, payload: str, status: int) -> None:
    answer(server, payload, status=status)
    server.run("CALL fence.renew()")
    assert not server.lets_in()


def test_a_lease_that_runs_out_lets_nobody_in_without_anybody_doing_anything(
    server: Server,
) -> None:
    length(server, 3)
    answer(server, HELD)
    server.run("CALL fence.renew()")
    assert server.lets_in()
    eventually(lambda: not server.lets_in(), "n8n is not let in any more")


def test_an_answer_counts_from_when_it_was_asked_for(server: Server) -> None:
    length(server, 1)
    answer(server, HELD, seconds=1.5)
    server.run("CALL fence.renew()")
    assert not server.lets_in()


def test_who_is_in_is_put_out_when_the_lease_has_run_out(server: Server) -> None:
    length(server, 3)
    answer(server, HELD)
    server.run("CALL fence.renew()")
    with server.connection() as connection:

        def ended() -> bool:
            server.run("CALL fence.enforce()")
            return connection.poll() is not None

        eventually(ended, "the connection is ended")
        assert connection.stderr
        assert "terminating connection" in connection.stderr.read()


def test_who_has_the_lease_is_left_alone(server: Server) -> None:
    answer(server, HELD)
    server.run("CALL fence.renew()")
    with server.connection() as connection:
        server.run("CALL fence.enforce()")
        server.run("CALL fence.enforce()")
        assert connection.poll() is None
    assert server.lets_in()


def test_a_server_that_was_away_lets_nobody_in_when_it_comes_back(server: Server) -> None:
    length(server, 2)
    answer(server, HELD)
    server.run("CALL fence.renew()")
    server.stop("immediate")
    server.start()
    eventually(lambda: not server.lets_in(), "the lease has run out, with no job that runs")


def test_a_promoted_replica_does_not_work_with_the_lease_of_its_source(
    server: Server, tmp_path: Path
) -> None:
    answer(server, HELD)
    server.run("CALL fence.renew()")
    with postgres.replica(tmp_path, server) as promoted:
        promoted.run("SELECT pg_promote()", user="postgres")
        promoted.run("CALL fence.enforce()")
        assert not promoted.lets_in()
        # Its own region has the lease in the end.
        promoted.run("CALL fence.renew()")
        assert promoted.lets_in()


def test_n8n_owns_its_database_and_others_have_no_way_into_it(server: Server) -> None:
    answer(server, HELD)
    server.run("CALL fence.renew()")
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'n8n'"
    assert server.run(owner) == postgres.ROLE
    server.run("CREATE ROLE stranger LOGIN")
    with pytest.raises(AssertionError, match="permission denied for database"):
        server.run("SELECT 1", user="stranger", database="n8n")


def test_the_check_does_not_wait_for_an_answer(server: Server) -> None:
    jobs = dict(
        line.split("|") for line in server.run("SELECT name, command FROM cron.job").splitlines()
    )
    assert jobs == {"fence-renew": "CALL fence.renew()", "fence-enforce": "CALL fence.enforce()"}
