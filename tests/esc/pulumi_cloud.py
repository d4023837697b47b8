"""A stand-in for Pulumi Cloud's API, as far as `pulumi env set` and `pulumi env open` use it.

Pulumi Cloud cannot be reached where tests run. The CLI is the real one; what it is answered is
written after its client (pulumi 3.259.0, pkg/cmd/esc/cli/client/client.go), not recorded.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

NAME = "acme/n8n/staging"
"""The environment."""

_ENVIRONMENT = f"/api/esc/environments/{NAME}"
_TOKEN = "pul-stand-in"


class PulumiCloud:
    """One organisation with one ESC environment.

    Attributes:
        values: of the environment, in plain text.
        refusal: what the next change is refused with, if it is.
        address: for `PULUMI_BACKEND_URL`.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)
        self.refusal: str | None = None
        self.address = ""
        self._lock = threading.Lock()

    def variables(self) -> dict[str, str]:
        """Environment variables with which the CLI uses it."""
        return {"PULUMI_BACKEND_URL": self.address, "PULUMI_ACCESS_TOKEN": _TOKEN}

    def definition(self) -> str:
        """As ESC gives it to who may not see secrets: encrypted, here by name only."""
        secrets = {key: {"fn::secret": {"ciphertext": f"of-{key}"}} for key in self.values}
        return yaml.safe_dump({"values": secrets})

    def change(self, definition: str) -> list[dict[str, str]]:
        """Take a changed definition; the diagnostics with which it is refused."""
        with self._lock:
            if self.refusal:
                return [{"summary": self.refusal}]
            for key, value in yaml.safe_load(definition)["values"].items():
                if isinstance(value["fn::secret"], str):
                    self.values[key] = value["fn::secret"]
            return []

    def opened(self) -> dict[str, Any]:
        """As ESC gives it to who opens it."""
        return {
            "properties": {
                key: {"value": value, "secret": True, "trace": {}}
                for key, value in self.values.items()
            }
        }


@contextmanager
def serving(cloud: PulumiCloud) -> Iterator[None]:
    """Answer on loopback while the body runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/api/user":
                self._answer({"githubLogin": "tester", "organizations": []})
            elif self.path.startswith("/api/user/organizations/default"):
                self._answer({"githubLogin": ""})
            elif self.path == f"{_ENVIRONMENT}/versions/tags/latest":
                self._answer({"name": "latest", "revision": 1})
            elif self.path.startswith(f"{_ENVIRONMENT}/open/"):
                self._answer(cloud.opened())
            elif self.path == _ENVIRONMENT:
                self._answer(cloud.definition())
            else:
                self._answer({"code": 404, "message": "not found"}, status=404)

        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            diagnostics = cloud.change(body)
            self._answer({"diagnostics": diagnostics}, status=400 if diagnostics else 200)

        def do_POST(self) -> None:
            self._answer({"id": "session"})

        def _answer(self, content: Any, *, status: int = 200) -> None:
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("ETag", "1")
            self.send_header("Pulumi-ESC-Revision", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        cloud.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
