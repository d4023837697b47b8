"""S3 on loopback: it takes what a role's policy lets somebody put there, and keeps who asked what.

The AWS CLI that talks to it is a real one. What IAM would say is decided here by the policy that
the platform writes, of which this knows what that one uses.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAINATESTONLY",
    "AWS_SECRET_ACCESS_KEY": "in-a-test-only",
    "AWS_SESSION_TOKEN": "a-session-in-a-test",
}

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_ACTIONS = {
    "PUT": "s3:PutObject",
    "POST": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
}
"""What a method asks for; parts of an upload are objects that are put."""


@dataclass(kw_only=True)
class Bucket:
    """A bucket, and what a role may do with it.

    Attributes:
        name: its name.
        region: its region.
        account: the account that owns it.
        policy: the role's policy.
        refuses: ends of keys that it refuses, whatever the policy says.
        objects: what it holds, by key.
        headers: names of the headers of requests that it took.
        endpoint: where it listens.
    """

    name: str
    region: str
    account: str
    policy: str
    refuses: tuple[str, ...] = ()
    objects: dict[str, bytes] = field(default_factory=dict)
    headers: set[str] = field(default_factory=set)
    endpoint: str = ""

    def allows(self, action: str, resource: str) -> bool:
        """Whether the role may."""
        return any(
            self._applies(each, action, resource) for each in json.loads(self.policy)["Statement"]
        )

    def _applies(self, statement: Mapping[str, Any], action: str, resource: str) -> bool:
        known = {"aws:ResourceAccount": self.account}
        wanted = statement.get("Condition", {}).get("StringEquals", {})
        return (
            statement["Effect"] == "Allow"
            and action in statement["Action"]
            and any(fnmatchcase(resource, each) for each in statement["Resource"])
            and all(known.get(key) == value for key, value in wanted.items())
        )


@contextmanager
def serving(bucket: Bucket) -> Iterator[Bucket]:
    """The bucket, as long as it listens."""
    handler = type("Handler", (_Handler,), {"bucket": bucket, "parts": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    bucket.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """As much of the API as an upload needs, in one piece or in parts."""

    protocol_version = "HTTP/1.1"
    bucket: Bucket
    parts: dict[str, dict[int, bytes]]

    def do_PUT(self) -> None:
        key, query = self._asked()
        if self._refused(key, query):
            return
        if "uploadId" in query:
            self.parts[key][int(query["partNumber"])] = self.body
        else:
            self.bucket.objects[key] = self.body
        self._answer(200)

    def do_POST(self) -> None:
        key, query = self._asked()
        if self._refused(key, query):
            return
        if "uploads" in query:
            self.parts[key] = {}
            self._answer(
                200,
                f"<InitiateMultipartUploadResult><UploadId>{key}</UploadId>"
                "</InitiateMultipartUploadResult>",
            )
            return
        self.bucket.objects[key] = b"".join(part for _, part in sorted(self.parts[key].items()))
        self._answer(
            200, '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>'
        )

    def do_DELETE(self) -> None:
        key, query = self._asked()
        if not self._refused(key, query):
            self._answer(204)

    def do_GET(self) -> None:
        self._refused(*self._asked())

    def do_HEAD(self) -> None:
        self._refused(*self._asked())

    def _asked(self) -> tuple[str, dict[str, str]]:
        """The key and the query; reads the body, so that the connection can go on."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        query = {key: each[0] for key, each in parse_qs(url.query, keep_blank_values=True).items()}
        return unquote(url.path).removeprefix("/"), query

    def _refused(self, path: str, query: Mapping[str, str]) -> bool:
        bucket = self.bucket
        action = _ACTIONS[self.command]
        if self.command == "DELETE" and "uploadId" in query:
            action = "s3:AbortMultipartUpload"
        elif self.command == "GET" and "list-type" in query:
            action = "s3:ListBucket"
        allowed = (
            self._is_signed()
            and path.partition("/")[0] == bucket.name
            and not path.endswith(bucket.refuses or "\0")
            and bucket.allows(action, f"arn:aws:s3:::{path}")
        )
        if not allowed:
            self._answer(
                403, f"<Error><Code>AccessDenied</Code><Message>{action}</Message></Error>"
            )
            return True
        bucket.headers.update(each.lower() for each in self.headers)
        return False

    def _is_signed(self) -> bool:
        """Whether it is in the role's name, for S3 in this region."""
        key, _, scope, service, _ = (
            self.headers["Authorization"].partition("Credential=")[2].partition(",")[0].split("/")
        )
        return (
            key == CREDENTIALS["AWS_ACCESS_KEY_ID"]
            and self.headers["X-Amz-Security-Token"] == CREDENTIALS["AWS_SESSION_TOKEN"]
            and (scope, service) == (self.bucket.region, "s3")
        )

    def _answer(self, status: int, text: str = "") -> None:
        body = f"{_XML}{text}".encode() if text and self.command != "HEAD" else b""
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: what is asked is looked at by tests."""
