"""Requests to the platform's public addresses, as a browser or a caller makes them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from local.errors import LocalError

_SECONDS = 30
"""How long one answer may take: a loaded machine is slow, but not slower than that."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered.

    Attributes:
        status: HTTP status.
        headers: its headers; of one that comes more than once, all values.
        body: its body, undecoded.
    """

    status: int
    headers: Mapping[str, list[str]]
    body: bytes

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: it is something else, an HTML page for instance.
        """
        return json.loads(self.body)


@dataclass(kw_only=True)
class Session:
    """Requests to one public address; keeps the cookies that it is given.

    Attributes:
        url: where paths begin, for example `http://n8n.localhost:8080/`.
        seconds: how long one answer may take.
    """

    url: str
    seconds: float = _SECONDS
    cookies: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, content: object = None) -> Answer:
        """Send a request, with `content` as JSON unless it is None.

        Raises:
            OSError, http.client.HTTPException: nobody answered, or not in time.
        """
        address = urlsplit(self.url)
        headers = {"Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        connection = connect(address, seconds=self.seconds)
        try:
            connection.request(
                method,
                f"{address.path.rstrip('/')}/{path.lstrip('/')}",
                body=None if content is None else json.dumps(content),
                # http.client would name the address it connects to, not the one that was asked for.
                headers=headers | {"Host": address.netloc},
            )
            response = connection.getresponse()
            answer = Answer(
                status=response.status,
                headers={
                    name.lower(): response.headers.get_all(name, []) for name in response.headers
                },
                body=response.read(),
            )
        finally:
            connection.close()
        for cookie in answer.headers.get("set-cookie", []):
            name, _, text = cookie.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer


def connect(address: SplitResult, *, seconds: float) -> http.client.HTTPConnection:
    """A connection to a public address, not opened yet.

    Names under localhost are this machine (RFC 6761). Browsers and curl know that; not every
    system's resolver does.
    """
    host = address.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        host = "127.0.0.1"
    if address.scheme == "https":
        return http.client.HTTPSConnection(host, address.port, timeout=seconds)
    return http.client.HTTPConnection(host, address.port, timeout=seconds)


def expect_json(answer: Answer, what: str) -> Any:
    """The data in n8n's answer.

    Args:
        answer: what n8n answered.
        what: what was asked for, for the error: "n8n did not {what}".

    Raises:
        LocalError: n8n refused, with the reason that it gave.
    """
    try:
        content = answer.json()
    except ValueError:
        content = {}
    if answer.status >= 400 or "data" not in content:
        reason = content.get("message", "no reason given")
        raise LocalError(f"n8n did not {what}: {reason} (HTTP status {answer.status}).")
    return content["data"]
