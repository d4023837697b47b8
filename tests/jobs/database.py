"""n8n's tables on a real PostgreSQL, executions as n8n writes them, and the jobs that search it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_gateway.trial import free_port
from components.jobs import job
from tests.fence.postgres import Server, programs

_HERE = Path(__file__).parent
_SCRIPTS = Path(job.__file__).parent / "scripts"
_USER = "n8n"

_RECORDED: list[Any] = json.loads((_HERE / "execution.json").read_text())
"""The data of an execution of n8n 2.40.7: a webhook, and a node that makes a file of its item."""

_BODY = next(
    int(each["body"]) for each in _RECORDED if isinstance(each, dict) and "webhookUrl" in each
)
"""Where in it the body of the request is."""

_TRIAL = """
CREATE SCHEMA trial;
CREATE FUNCTION trial.execute(
    workflow text, data text, status text, stored text, file text, deleted boolean
) RETURNS int LANGUAGE sql AS $$
    WITH new AS (
        INSERT INTO execution_entity (finished, mode, status, "workflowId", "storedAt", "deletedAt")
        VALUES (true, 'webhook', $3, 'people', $4, CASE WHEN $6 THEN now() END) RETURNING id
    ), file AS (
        INSERT INTO binary_data ("fileId", "sourceType", "sourceId", data, "fileName", "fileSize")
        SELECT gen_random_uuid(), 'execution', id::text, decode($5, 'hex'), 'file.json', 1 FROM new
    )
    INSERT INTO execution_data ("executionId", "workflowData", data)
    SELECT id, $1::json, $2 FROM new RETURNING "executionId"
$$;
CREATE FUNCTION trial.rewrite(int, text) RETURNS void LANGUAGE sql AS
    'UPDATE execution_data SET data = $2 WHERE "executionId" = $1';
CREATE FUNCTION trial.note(int, text, text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO execution_metadata ("executionId", key, value) VALUES ($1, 'said', $2);
    INSERT INTO execution_annotations ("executionId", note) VALUES ($1, $3);
$$;
"""
"""What tests do to n8n's tables."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a job said, and how it ended."""

    status: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Database:
    """n8n's database, and the folders of requests and answers.

    Attributes:
        server: PostgreSQL.
        requests: as the Secret is mounted.
        exports: as the volume is mounted.
    """

    server: Server
    requests: Path
    exports: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, sql: str) -> str:
        """What PostgreSQL answers to n8n's role."""
        return self.server.run(sql, user=_USER, database="n8n")

    def clear(self) -> None:
        """Neither executions nor requests, answers or records."""
        self.run(
            "TRUNCATE workflow_entity, binary_data CASCADE; DROP SCHEMA IF EXISTS data_subjects "
            "CASCADE; INSERT INTO workflow_entity (id, name, active, nodes, connections, "
            "\"versionId\") VALUES ('people', 'People', true, '[]', '{}', 'one')"
        )
        for folder in (self.requests, self.exports):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()

    def execute(
        self,
        body: Any,
        *,
        status: str = "success",
        stored: str = "db",
        workflow: Mapping[str, Any] | None = None,
        file: bytes = b"file",
        deleted: bool = False,
    ) -> int:
        """Have run a workflow whose webhook was sent this; the id of its execution.

        Args:
            body: of the request: a text, or what was JSON.
            status: of the execution.
            stored: where n8n keeps its data.
            workflow: more of the workflow as it was then.
            file: what it made.
            deleted: whether n8n has marked it to be deleted.
        """
        given = (json.dumps(workflow or {}), flatted(body), status, stored, file.hex())
        quoted = ", ".join(f"$n8n${each}$n8n$" for each in given)
        return int(self.run(f"SELECT trial.execute({quoted}, {deleted})"))

    def rewrite(self, execution: int, data: str) -> None:
        """Have other data for an execution, in whatever form."""
        self.run(f"SELECT trial.rewrite({execution}, $n8n${data}$n8n$)")

    def note(self, execution: int, *, metadata: str = "", annotation: str = "") -> None:
        """What the workflow said of an execution, and what people noted of it."""
        self.run(f"SELECT trial.note({execution}, '{metadata}', '{annotation}')")

    def executions(self) -> set[int]:
        """The ids of all that are there."""
        return set(map(int, self.run("SELECT id FROM execution_entity").split()))

    def ask(self, request: str, *identifiers: str) -> None:
        """Write a request."""
        (self.requests / request).write_text("\n".join(identifiers) + "\n")

    def job(self, right: str, **environment: str) -> Done:
        """Run a job as its CronJob does."""
        done = subprocess.run(
            ("sh", _SCRIPTS / "requests.sh", right, self.requests, self.exports),
            env={
                **self.environment,
                "MAXIMUM_EXECUTIONS": "50",
                "EXPORT_DAYS": "30",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(status=done.returncode, output=done.stdout)

    def log(self) -> str:
        """All that PostgreSQL itself wrote down, every statement among it."""
        return (self.server.data.parent / f"{self.server.port}.log").read_text()


def flatted(body: Any) -> str:
    """The recorded execution with another body, as n8n writes it.

    Objects and lists stand in one list, and refer to what is in them by its position; so do texts.
    """
    entries = [*_RECORDED]

    def place(value: Any) -> Any:
        """What stands for a value in what refers to it."""
        if not isinstance(value, str | dict | list):
            return value
        entries.append(None)
        position = len(entries) - 1
        entries[position] = content(value)
        return str(position)

    def content(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: place(each) for key, each in value.items()}
        return [place(each) for each in value] if isinstance(value, list) else value

    entries[_BODY] = content(body)
    # As JSON.stringify does: only what JSON asks for is escaped.
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"))


@contextmanager
def running(folder: Path) -> Iterator[Database]:
    """The database in a folder."""
    tools = programs()
    server = Server(programs=tools, data=folder / "data", port=free_port())
    options = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
    done = tools.run("initdb", "-D", server.data, "-U", "postgres", *options)
    assert done.returncode == 0, done.stderr
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("log_statement = 'all'\nlog_min_error_statement = 'debug5'\n")
    server.start()
    try:
        server.run(f"CREATE ROLE {_USER} LOGIN", user="postgres")
        server.run(f"CREATE DATABASE n8n OWNER {_USER}", user="postgres")
        server.run(f"ALTER SCHEMA public OWNER TO {_USER}", user="postgres", database="n8n")
        database = Database(
            server=server,
            requests=folder / "requests",
            exports=folder / "exports",
            environment={
                **tools.environment,
                "PATH": f"{tools.folder}{os.pathsep}{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(server.port),
                "PGDATABASE": "n8n",
                "PGUSER": _USER,
            },
        )
        database.run((_HERE / "n8n.sql").read_text())
        database.run(_TRIAL)
        yield database
    finally:
        server.stop("immediate")
