"""Portkey's gateway, as the router calls it, and what its failures mean to a caller."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from ai_gateway.document import Document, leaves
from ai_gateway.router.errors import CallError
from ai_gateway.router.keys import Keys

MOST_ANSWER = 32 << 20
"""Bytes of an answer that does not come piece by piece."""

_CONNECT_SECONDS = 5
_READY_SECONDS = 2
# Node.js ends an idle connection after five seconds; a call must not go out on one just then.
_KEEP_SECONDS = 3
# What is wrong with the call itself, so that its caller has to hear it.
_CALLERS_FAULT = frozenset({400, 413, 422})
_MOST_MESSAGE = 500


class Upstream:
    """The gateway that a document names.

    Args:
        document: says where it is, and which key it wants, if any.
        keys: the providers', and its own.
        timeout: seconds without a byte after which a call has failed.
    """

    def __init__(self, document: Document, keys: Keys, *, timeout: float) -> None:
        self._url = document.upstream.rstrip("/")
        self._key = document.upstream_key
        self._keys = keys
        self._session = aiohttp.ClientSession(
            # How many calls there are is for the rate limits to say.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_SECONDS),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_SECONDS, sock_read=timeout
            ),
        )

    async def close(self) -> None:
        """End its connections."""
        await self._session.close()

    async def ready(self) -> bool:
        """Whether it answers."""
        timeout = aiohttp.ClientTimeout(total=_READY_SECONDS)
        try:
            async with self._session.get(f"{self._url}/", timeout=timeout) as answer:
                return answer.status < 500
        except (aiohttp.ClientError, TimeoutError):
            return False

    @asynccontextmanager
    async def call(
        self, *, config: Mapping[str, Any], metadata: Mapping[str, str], body: Mapping[str, Any]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The gateway's answer, whatever its status.

        Raises:
            CallError: there is none, or it stopped coming. Also from within the body.
        """
        headers = {
            "x-portkey-config": json.dumps(config, separators=(",", ":")),
            "x-portkey-metadata": json.dumps(metadata),
        }
        if self._key is not None:
            key = self._keys.get(self._key)
            if key is None:
                raise no_key([self._key])
            headers["x-portkey-api-key"] = key
        try:
            async with self._session.post(
                f"{self._url}/v1/chat/completions", json=body, headers=headers
            ) as answer:
                yield answer
        except TimeoutError as error:
            raise CallError(504, "timeout", "the model took too long to answer") from error
        except aiohttp.ClientConnectorError as error:
            raise CallError(502, "gateway_down", "the AI gateway does not answer") from error
        except aiohttp.ClientError as error:
            raise CallError(502, "gateway_broke_off", "the AI gateway broke off") from error


def no_key(variables: list[str]) -> CallError:
    """A call that cannot be made, because these keys are missing."""
    return CallError(
        503, "key_missing", f"the platform lacks the key {' or '.join(variables)}; add it there"
    )


async def whole(answer: aiohttp.ClientResponse) -> tuple[bytes, dict[str, Any]]:
    """An answer's body, as it is and as what it says.

    Raises:
        CallError: it is no chat completion.
    """
    raw = await _read(answer)
    said = _object(raw)
    if not isinstance(said.get("choices"), list):
        raise CallError(502, "malformed_answer", "the model's answer is no chat completion")
    return raw, said


async def failure(answer: aiohttp.ClientResponse, config: Mapping[str, Any]) -> CallError:
    """What a status other than 200 means to the caller.

    Only what is wrong with the call is told in the provider's words, if no key of the configuration
    is among them: others can hold a part of a key, or nothing that a caller could change.
    """
    status = answer.status
    if status in _CALLERS_FAULT:
        message = _message(_object(await _read(answer)))
        if any(leaf["api_key"] in message for leaf in leaves(config)):
            message = "its words have a key in them"
        return CallError(status, "refused", f"the provider refused the call: {message}")
    if status == 429:
        wait = answer.headers.get("retry-after", "")
        return CallError(
            429,
            "provider_rate_limit",
            "the providers take no more calls now",
            headers={"Retry-After": wait} if wait.isdecimal() and len(wait) < 6 else None,
        )
    if status == 408:
        return CallError(504, "timeout", "the model took too long to answer")
    if status in (401, 402, 403, 404):
        return CallError(
            502,
            "provider_refused",
            f"the provider refused the platform's key or model with status {status}",
        )
    return CallError(502, "provider_failed", f"all providers failed, the last with {status}")


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_any():
        raw += chunk
        if len(raw) > MOST_ANSWER:
            raise CallError(502, "answer_too_large", "the model's answer is too large")
    return bytes(raw)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _message(said: Mapping[str, Any]) -> str:
    error = said.get("error")
    message = error.get("message") if isinstance(error, dict) else said.get("message")
    return message[:_MOST_MESSAGE] if isinstance(message, str) else "it did not say why"
