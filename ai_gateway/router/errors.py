"""What callers are told when a call cannot be answered, in OpenAI's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


class CallError(Exception):
    """A call that is not answered.

    Attributes:
        status: HTTP's.
        reason: a word for metrics and logs.
        message: for the caller, in one sentence, without anything secret.
        headers: more of the answer.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """As OpenAI says it; its clients read `message`, `type` and `code`."""
        return {
            "error": {
                "message": self.message,
                "type": _type(self.status),
                "param": None,
                "code": self.reason,
            }
        }

    def response(self) -> web.Response:
        """The whole answer."""
        return web.Response(
            status=self.status,
            headers=self.headers,
            text=json.dumps(self.body()),
            content_type="application/json",
        )


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"
