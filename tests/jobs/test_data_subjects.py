"""What the jobs for data subjects do to n8n's executions, on a real PostgreSQL."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from tests.jobs import database as databases
from tests.jobs.database import Database

JANE = "jane.doe@example.com"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("jobs")
    with databases.running(folder) as database:
        yield database


@pytest.fixture
def database(running: Database) -> Database:
    running.clear()
    return running


_THEIRS = {
    "alone": (JANE, JANE),
    "in any case": (JANE, "Jane.DOE@Example.com"),
    "in a sentence": (JANE, "Write to jane.doe@example.com."),
    "after a line's end": (JANE, "To:\njane.doe@example.com\nHello"),
    "after a tab": (JANE, "\tjane.doe@example.com"),
    "in brackets": (JANE, "Jane <jane.doe@example.com>"),
    "in JSON that is a text": (JANE, json.dumps({"to": JANE, "n": "\n"})),
    "in JSON within JSON": ('Jane "J" O\'Neil', json.dumps(json.dumps('x Jane "J" O\'Neil'))),
    "in an address of the web": (JANE, "https://example.net/?to=jane.doe%40example.com&x=1"),
    "after a space of an address": (JANE, "a%20jane.doe@example.com"),
    "with quotes": ('Jane "J" O\'Neil', 'dear Jane "J" O\'Neil,'),
    "with a backslash": (r"EXAMPLE\jane", r"by EXAMPLE\jane today"),
    "with letters of other alphabets": ("Jürgen Żółć", "für JÜRGEN ŻÓŁĆ"),
    "in another normal form": ("Jürgen Doe", "Ju\u0308rgen Doe"),
    "with letters that JSON can escape": ("Jürgen Doe", r'{"name": "J\u00fcrgen Doe"}'),
    "with characters that mean something to SQL": ("it's; 100%_", "it's; 100%_"),
    "with characters that mean something to expressions": ("a+b(c)[d]{2}^$", "x a+b(c)[d]{2}^$ y"),
    "a number": ("4711-0815", "customer 4711-0815"),
}
"""Identifier of a person, and a text that is about that person."""

_OTHERS = {
    "a longer name": (JANE, "mary-jane.doe@example.com"),
    "a longer name, by letters": (JANE, "xjane.doe@example.com"),
    "a longer domain": (JANE, "jane.doe@example.com.au"),
    "a longer top-level domain": (JANE, "jane.doe@example.community"),
    "a longer number": ("4711-0815", "14711-0815"),
    "a longer number, by its end": ("4711-0815", "4711-0815-2"),
    "a dot is no wildcard": (JANE, "janeXdoe@example.com"),
    "an underscore is no wildcard": ("john_smith@example.com", "johnXsmith@example.com"),
    "a percent sign is no wildcard": ("100%sure", "100 is not sure, 100xxsure"),
    "a bracket is no class": ("a[bc]d-e", "ab d-e abd-e"),
    "a bar is no alternative": ("first|second", "first second"),
    "nothing of hers": (JANE, "john@example.com"),
}
"""Identifier of a person, and a text that is about somebody else."""


@pytest.mark.parametrize(("identifier", "text"), _THEIRS.values(), ids=_THEIRS)
def test_an_erasure_deletes_what_is_about_the_person(database, identifier, text):
    database.execute({"note": text})
    others = {database.execute({"note": "somebody else"})}
    database.ask("erasure-1", identifier)

    done = database.job("erasure")

    assert done.status == 0, done.output
    assert database.executions() == others
    assert database.run('SELECT "executionId" FROM execution_data') == str(*others)
    assert database.run('SELECT "sourceId" FROM binary_data') == str(*others)
    assert "erasure-1: deleted 1 executions with 1 files" in done.output


@pytest.mark.parametrize(("identifier", "text"), _OTHERS.values(), ids=_OTHERS)
def test_an_erasure_leaves_what_is_about_others(database, identifier, text):
    others = {database.execute({"note": text}), database.execute(text)}
    database.ask("erasure-1", identifier)

    done = database.job("erasure")

    assert (done.status, database.executions()) == (0, others), done.output


def test_each_identifier_of_each_request_is_looked_for(database):
    for text in (JANE, "customer 4711-0815", "mary@example.com", 4711081500):
        database.execute({"about": text})
    rest = {database.execute("about nobody")}
    # As somebody writes it who does not see the ends of lines.
    (database.requests / "erasure-1").write_text(f"{JANE} \r\n\n  4711-0815\r\n")
    database.ask("erasure-2026-2", "mary@example.com", "4711081500")

    done = database.job("erasure")

    assert (done.status, database.executions()) == (0, rest), done.output


def test_pinned_data_and_the_memory_of_a_workflow_count_and_its_own_text_does_not(database):
    pinned = {"pinData": {"Webhook": [{"json": {"email": JANE}}]}}
    database.execute("nobody", workflow=pinned)
    database.execute("nobody", workflow={"staticData": {"last": JANE}})
    kept = {database.execute("nobody", workflow={"nodes": [{"parameters": {"to": JANE}}]})}
    database.ask("erasure-1", JANE)

    assert database.job("erasure").status == 0
    assert database.executions() == kept


def test_what_workflows_said_of_an_execution_and_people_noted_counts(database):
    told, noted, other = (database.execute("nobody") for _ in range(3))
    database.note(told, metadata=f"customer: {JANE}")
    database.note(noted, annotation=f"of {JANE}")
    database.note(other, metadata="nobody", annotation="nobody")
    database.ask("erasure-1", JANE)

    done = database.job("erasure")

    assert (done.status, database.executions()) == (0, {other}), done.output


def test_what_n8n_has_marked_to_be_deleted_counts(database):
    database.execute(JANE, deleted=True)
    database.ask("erasure-1", JANE)

    assert database.job("erasure").status == 0
    assert database.executions() == set()


def test_a_second_run_finds_nothing_and_what_a_restore_brings_back_goes_again(database):
    database.ask("erasure-1", JANE)
    database.execute(JANE)
    assert "deleted 1 executions" in database.job("erasure").output
    assert "deleted 0 executions" in database.job("erasure").output

    database.execute(JANE)
    assert database.job("erasure").status == 0

    assert database.executions() == set()
    records = "SELECT request, executions, files, elsewhere FROM data_subjects.record ORDER BY at"
    assert database.run(records).split() == ["erasure-1|1|1|0"] * 2


def test_what_still_runs_is_left_and_gone_when_it_has_ended(database):
    busy = database.execute(JANE, status="running")
    database.execute(JANE, status="waiting")
    database.ask("erasure-1", JANE)

    first = database.job("erasure")
    assert (first.status, database.executions()) == (3, {busy}), first.output
    assert "1 still run" in first.output

    database.run("UPDATE execution_entity SET status = 'success'")
    assert database.job("erasure").status == 0
    assert database.executions() == set()


def test_where_else_a_person_is_found_is_said_and_needs_somebody(database):
    database.run(
        'UPDATE workflow_entity SET nodes = \'[{"parameters": {"to": "jane.doe@example.com"}}]\''
    )
    database.run('CREATE TABLE data_table_user_x1 (id int, "e-mail" text)')
    database.run("INSERT INTO data_table_user_x1 VALUES (1, 'Jane.Doe@example.com'), (2, 'x')")
    database.execute(JANE)
    database.ask("erasure-1", JANE)

    done = database.job("erasure")
    database.run("DROP TABLE data_table_user_x1")

    assert (done.status, database.executions()) == (3, set())
    assert "workflow_entity: 1" in done.output
    assert "data_table_user_x1: 1" in done.output
    assert JANE not in done.output.lower()


def test_data_that_is_not_in_the_database_is_said(database):
    database.execute("nobody", stored="fs")
    database.ask("erasure-1", JANE)

    done = database.job("erasure")

    assert done.status == 3
    assert "executions whose data is not in the database: 1" in done.output


def test_an_identifier_that_is_in_too_much_deletes_nothing_and_fails(database):
    everybody = {database.execute({"at": "corp.example", "number": each}) for each in range(4)}
    database.execute(JANE)
    database.ask("erasure-1", "corp.example")
    database.ask("erasure-2", JANE)

    done = database.job("erasure", MAXIMUM_EXECUTIONS="3")

    assert (done.status, database.executions()) == (1, everybody)
    assert "more executions than dataSubjects.maximumExecutions" in done.output
    assert database.job("erasure", MAXIMUM_EXECUTIONS="4").status == 0
    assert database.executions() == set()


@pytest.mark.parametrize(
    ("request_", "content", "said"),
    [
        ("erasure-1", "\n \n", "the request has no identifier"),
        ("erasure-1", "", "the request has no identifier"),
        ("erasure-1", "jane\n", "an identifier has less than 6 characters"),
        ("erasure-1", b"jane.d\xf6e@example.com", "failed"),
        ("erasure-jane-doe", JANE, "a request is named neither"),
        ("jane", JANE, "a request is named neither"),
        ("erasure-1;jane", JANE, "a request is named neither"),
    ],
)
def test_a_request_that_cannot_be_meant_so_fails_the_job_without_being_repeated(
    database, request_, content, said
):
    kept = {database.execute(JANE), database.execute("jane")}
    file = database.requests / request_
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    database.ask("erasure-9", "4711-0815")

    done = database.job("erasure")

    assert (done.status, database.executions()) == (1, kept)
    assert said in done.output
    assert "jane" not in done.output.lower()
    # The others are answered all the same.
    assert "erasure-9: deleted 0" in done.output


def test_without_a_database_the_job_fails(database):
    database.ask("erasure-1", JANE)
    database.ask("export-1", JANE)
    for right in ("erasure", "export"):
        done = database.job(right, PGPORT="1")
        assert done.status == 1
        assert JANE not in done.output
    assert list(database.exports.iterdir()) == []


def test_without_requests_nothing_is_asked(database):
    kept = {database.execute(JANE)}
    for right in ("erasure", "export"):
        assert database.job(right, PGPORT="1").status == 0
    assert database.executions() == kept


def test_each_job_answers_its_own_requests_only(database):
    kept = {database.execute(JANE)}
    database.ask("export-1", JANE)
    assert database.job("erasure").status == 0
    assert database.executions() == kept

    database.ask("erasure-2", JANE)
    assert database.job("export").status == 0
    assert [each.name for each in database.exports.iterdir()] == ["export-1.jsonl"]


def test_an_answer_is_the_data_as_it_was(database):
    body = {"email": JANE, "list": [1, "two", None, True, {"deep": ["x"]}], "nul": "a\0b", "2": "1"}
    number = database.execute(body, file=b"\x00\xffscan")
    database.execute("somebody else")
    database.ask("export-1", JANE)

    done = database.job("export")

    assert (done.status, done.output.strip()) == (0, "export-1: wrote 1 executions")
    (file,) = database.exports.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    head, execution = map(json.loads, file.read_text().splitlines())
    assert (head["request"], head["executions"], head["elsewhere"]) == ("export-1", 1, {})
    assert (execution["execution"], execution["workflow"]) == (number, "People")
    assert execution["files"] == [{"name": "file.json", "type": None, "base64": "AP9zY2Fu"}]
    (run,) = execution["data"]["resultData"]["runData"]["Webhook"]
    item = run["data"]["main"][0][0]["json"]
    assert item["body"] == {**body, "nul": "ab"}
    assert item["webhookUrl"].endswith("/webhook/people")


def test_data_that_is_in_no_known_form_is_handed_out_as_it_is(database):
    number = database.execute("nobody")
    database.rewrite(number, f"[oops {JANE}")
    database.ask("export-1", JANE)

    assert database.job("export").status == 0
    _, execution = (database.exports / "export-1.jsonl").read_text().splitlines()
    assert json.loads(execution)["data"] == f"[oops {JANE}"


def test_a_request_is_answered_once_and_its_answer_deleted_in_time(database):
    database.execute(JANE)
    database.ask("export-1", JANE)
    database.job("export")
    file = database.exports / "export-1.jsonl"
    before = file.read_text()

    database.execute(JANE)
    assert "was answered before" in database.job("export").output
    assert file.read_text() == before

    long_ago = time.time() - 30 * 86400 - 1
    os.utime(file, (long_ago, long_ago))
    assert "deleted after 30 days" in database.job("export").output
    assert not file.exists()
    assert "was answered before" in database.job("export").output
    assert not file.exists()


def test_no_identifier_and_nothing_that_is_found_is_in_a_log(database):
    database.execute({"email": JANE, "phone": "+49 170 1234567"})
    number = database.execute("nobody")
    database.rewrite(number, "[oops zz@z.example")
    already = len(database.log())
    identifiers = (JANE, "Żółć'; DROP TABLE x", "+49 170 1234567", "zz@z.example")
    database.ask("export-1", *identifiers)
    database.ask("erasure-1", *identifiers)

    said = database.job("export").output + database.job("erasure").output
    log = database.log()[already:]

    assert "deleted 2 executions" in said
    # PostgreSQL was told to log every statement, and did.
    assert "DELETE FROM execution_entity" in log
    for each in ("jane", "Żółć", "DROP TABLE x", "1234567", "zz@z"):
        assert each not in said + log
