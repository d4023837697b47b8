"""A call's body: what is asked, and what of it goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from ai_gateway.document import Document
from ai_gateway.router.errors import CallError

OUTPUT_TOKENS = 16_384
"""What a call that sets no limit may be answered with, as Anthropic demands one; with its thoughts,
which are charged for as well."""

_MODEL = "model"
_LIMITS = ("max_completion_tokens", "max_tokens")
_STREAM_OPTIONS = "stream_options"

# Everything else is refused: who serves a call, at which price and where it is stored is the
# document's to say, and providers add parameters for all three.
_PASSED_ON = frozenset(
    {
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "messages",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "response_format",
        "seed",
        "stop",
        "stream",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    }
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call that can be routed.

    Attributes:
        use_case: one of the document's.
        strategy: one of the document's.
        tier: the use case's.
        body: what the gateway gets.
        stream: whether the answer comes piece by piece.
        wants_usage: whether the caller asked for the tokens at the end of a stream.
    """

    use_case: str
    strategy: str
    tier: str
    body: dict[str, Any]
    stream: bool
    wants_usage: bool


def read(raw: bytes, document: Document) -> Asked:
    """What a body asks for.

    A stream is asked for its tokens whether or not the caller wants them. The limit of tokens goes
    on as `max_completion_tokens`, which Portkey gives each provider under the name that it has
    there; OpenAI's newer models refuse `max_tokens`.

    Raises:
        CallError: it is not a chat completion, or names a use case or strategy that there is not.
    """
    given = {name: value for name, value in _object(raw).items() if value is not None}
    use_case, strategy = _named(given.pop(_MODEL, None), document)
    limits = [given.pop(name) for name in _LIMITS if name in given]
    options = given.pop(_STREAM_OPTIONS, {})
    stream = given.get("stream", False)
    if unknown := sorted(set(given) - _PASSED_ON):
        names = ", ".join(json.dumps(name[:40]) for name in unknown[:10])
        raise CallError(
            400,
            "parameter_not_passed_on",
            f"{names} cannot be used here; leave out. What can be: model, stream_options, "
            f"{', '.join(_LIMITS)}, {', '.join(sorted(_PASSED_ON))}",
        )
    if not isinstance(given.get("messages"), list) or not given["messages"]:
        raise CallError(400, "invalid_body", "messages must be a list with a message in it")
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise CallError(400, "invalid_body", "stream must be true or false, its options an object")
    body = {**given, "max_completion_tokens": limits[0] if limits else OUTPUT_TOKENS}
    if stream:
        body[_STREAM_OPTIONS] = {"include_usage": True}
    return Asked(
        use_case=use_case,
        strategy=strategy,
        tier=document.use_cases[use_case].tier,
        body=body,
        stream=stream,
        wants_usage=options.get("include_usage") is True,
    )


def names(document: Document) -> list[str]:
    """All that a call can name as its model."""
    return [
        name
        for use_case in document.use_cases
        for name in (use_case, *(f"{use_case}:{strategy}" for strategy in document.strategies))
    ]


def _object(raw: bytes) -> dict[str, Any]:
    def refuse(_: str) -> NoReturn:
        raise ValueError

    try:
        given = json.loads(raw, parse_constant=refuse)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise CallError(400, "invalid_body", "the body must be a JSON object")
    return given


def _named(model: object, document: Document) -> tuple[str, str]:
    if not isinstance(model, str) or not model:
        raise CallError(
            400, "no_use_case", f"model must name a use case: {', '.join(document.use_cases)}"
        )
    use_case, colon, strategy = model.partition(":")
    if use_case not in document.use_cases:
        raise CallError(
            404,
            "unknown_use_case",
            f"model names no use case; there are {', '.join(document.use_cases)}",
        )
    if not colon:
        return use_case, document.default_strategy
    if strategy not in document.strategies:
        raise CallError(
            404,
            "unknown_strategy",
            f"after the colon, model names no strategy; there are {', '.join(document.strategies)}",
        )
    return use_case, strategy
