"""A stand-in for n8n's API with the rules that matter here, served on loopback."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_COOKIE = "n8n-auth=signed"


class FakeN8n:
    """What an instance knows; answers as n8n 2.40 does."""

    def __init__(self) -> None:
        self.port = 0
        self.owner: dict[str, str] | None = None
        self.workflows: dict[str, dict[str, Any]] = {}
        self.hosts: set[str] = set()
        self.greets = True

    @property
    def editor_url(self) -> str:
        return f"http://n8n.localhost:{self.port}/"

    @property
    def webhook_url(self) -> str:
        return f"http://hooks.n8n.localhost:{self.port}/"

    def answer(
        self, method: str, path: str, content: Any, cookie: str
    ) -> tuple[int, dict[str, Any]]:
        if path == "/rest/settings":
            return 200, {"data": {"userManagement": {"showSetupOnFirstLoad": not self.owner}}}
        if path == "/rest/owner/setup":
            return self._set_up(content)
        if path == "/rest/login":
            return self._log_in(content)
        if path == "/webhook/hello":
            return self._call_sample(content)
        if cookie != _COOKIE:
            return 401, {"message": "Unauthorized"}
        return self._workflow(method, path, content)

    def _set_up(self, content: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.owner:
            return 400, {"message": "Instance owner already setup"}
        password = content["password"]
        if not (
            8 <= len(password) <= 64 and re.search(r"\d", password) and re.search("[A-Z]", password)
        ):
            return 400, {"message": "Password must contain a number and an uppercase letter."}
        self.owner = {"email": content["email"], "password": password}
        return 200, {"data": {}}

    def _log_in(self, content: dict[str, str]) -> tuple[int, dict[str, Any]]:
        given = {"email": content["emailOrLdapLoginId"], "password": content["password"]}
        if given != self.owner:
            return 401, {"message": "Wrong username or password."}
        return 200, {"data": {}}

    def _call_sample(self, content: dict[str, str]) -> tuple[int, dict[str, Any]]:
        published = any(each["activeVersionId"] for each in self.workflows.values())
        if not (published and self.greets):
            return 404, {"message": "The requested webhook is not registered."}
        return 200, {"greeting": f"Hello, {content['name']}!"}

    def _workflow(self, method: str, path: str, content: Any) -> tuple[int, dict[str, Any]]:
        if path == "/rest/workflows":
            self.workflows[content["id"]] = content | {"versionId": "1", "activeVersionId": None}
            return 200, {"data": self.workflows[content["id"]]}
        workflow_id = path.split("/")[3]
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            return 404, {"message": "Could not load the workflow"}
        if path.endswith("/activate"):
            workflow["activeVersionId"] = content["versionId"]
        elif method == "PATCH":
            workflow |= content | {"versionId": str(int(workflow["versionId"]) + 1)}
        return 200, {"data": workflow}


@contextmanager
def served(n8n: FakeN8n) -> Iterator[FakeN8n]:
    """Serve it at `editor_url` and `webhook_url` while the body runs."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            n8n.hosts.add(self.headers["Host"])
            length = int(self.headers.get("Content-Length") or 0)
            content = json.loads(self.rfile.read(length)) if length else None
            status, answer = n8n.answer(
                self.command, self.path, content, self.headers.get("Cookie", "")
            )
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            if status == 200 and self.path in ("/rest/login", "/rest/owner/setup"):
                self.send_header("Set-Cookie", f"{_COOKIE}; Path=/; HttpOnly; SameSite=Lax")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its signature)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        n8n.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield n8n
        finally:
            server.shutdown()
            thread.join()
