"""The tokens that an answer says it took."""

from __future__ import annotations

from typing import Any

from ai_gateway.cost import Usage

MOST_TOKENS = 10_000_000
"""No model takes or gives as many in one call: a number above it is a mistake."""


class UsageError(ValueError):
    """An answer whose tokens cannot be counted; its text is a word for metrics."""


def read(block: object) -> Usage:
    """The tokens of an answer's `usage`.

    OpenAI counts tokens read from a cache among `prompt_tokens`. Portkey gives Anthropic's numbers
    as they are: without those read from and written to a cache, which have keys of their own.
    Writing to a cache is counted as input.

    Raises:
        UsageError: it has no numbers that tokens can have.
    """
    if not isinstance(block, dict):
        raise UsageError("not_an_object")
    sent = _tokens(block, "prompt_tokens", required=True)
    output = _tokens(block, "completion_tokens", required=True)
    if "cache_read_input_tokens" in block or "cache_creation_input_tokens" in block:
        written = _tokens(block, "cache_creation_input_tokens")
        cached = _tokens(block, "cache_read_input_tokens")
        return Usage(input=sent + written, cached=cached, output=output)
    details = block.get("prompt_tokens_details") or {}
    if not isinstance(details, dict):
        raise UsageError("not_an_object")
    cached = _tokens(details, "cached_tokens")
    if cached > sent:
        raise UsageError("more_cached_than_sent")
    return Usage(input=sent - cached, cached=cached, output=output)


def _tokens(block: dict[str, Any], key: str, *, required: bool = False) -> int:
    value = block.get(key)
    if value is None and not required:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError("not_a_number")
    if value < 0:
        raise UsageError("negative")
    if value > MOST_TOKENS:
        raise UsageError("absurd")
    return value
