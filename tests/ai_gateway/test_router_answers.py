"""What workflows get from the router, with the real gateway behind it."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ai_gateway import trial
from ai_gateway.router.asked import OUTPUT_TOKENS
from ai_gateway.router.server import MOST_BODY
from ai_gateway.stubs import Behaviour, Stubs
from tests.ai_gateway.conftest import KEYS, TIERS, MakeWay, Way, model_name

_PATH = "/v1/chat/completions"
_HELLO = [{"role": "user", "content": "hello"}]


def stream(way: Way, model: str, **more: Any) -> Iterator[bytes]:
    body = json.dumps({"model": model, "messages": _HELLO, "stream": True, **more}).encode()
    with trial.request(way.router.url, _PATH, body) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield from (line for line in answer if line.strip())


def events(lines: Iterator[bytes]) -> list[Any]:
    said = [line.removeprefix(b"data: ").strip() for line in lines]
    return [event.decode() if event == b"[DONE]" else json.loads(event) for event in said]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("strategy", "provider"),
    [("cost", "anthropic"), ("performance", "openai"), ("balanced", "openai")],
)
def test_each_tier_and_strategy_reaches_its_model(
    way: Way, tier: str, strategy: str, provider: str
) -> None:
    status, answer = way.ask(f"{tier}_work:{strategy}")
    assert status == 200
    assert answer["model"] == model_name(tier, provider)
    assert answer["choices"][0]["message"]["content"] == "Hello!"
    [received] = way.stubs.received
    assert received.key == KEYS[f"{provider.upper()}_API_KEY"]


def test_a_call_without_a_strategy_gets_the_default_one(way: Way) -> None:
    way.ask("efficient_work")
    assert way.metric("ai_requests_total", strategy="balanced", tier="efficient") == 1


@pytest.mark.parametrize("strategy", ["performance", "cost"])
def test_a_stream_arrives_whole_and_without_usage_that_nobody_asked_for(
    way: Way, strategy: str
) -> None:
    said = events(stream(way, f"balanced_work:{strategy}"))
    assert said[-1] == "[DONE]"
    deltas = (choice["delta"] for event in said[:-1] for choice in event["choices"])
    assert "".join(delta.get("content", "") for delta in deltas) == "Hello!"
    assert all(event["choices"] for event in said[:-1])
    assert way.metric("ai_tokens_total", direction="output") == 20


def test_a_stream_ends_with_usage_for_who_asks_for_it(way: Way) -> None:
    said = events(stream(way, "balanced_work:performance", stream_options={"include_usage": True}))
    assert said[-2]["choices"] == []
    assert said[-2]["usage"]["completion_tokens"] == 20


def test_a_stream_is_passed_on_while_it_comes(way: Way) -> None:
    hold = threading.Event()
    way.stubs.behave(model_name("balanced", "openai"), Behaviour(hold=hold))
    lines = stream(way, "balanced_work:performance")
    assert b"Hel" in next(lines)
    hold.set()
    assert list(lines)[-1].strip() == b"data: [DONE]"


def test_nothing_of_the_callers_headers_goes_on(way: Way) -> None:
    body = json.dumps({"model": "premium_work:performance", "messages": _HELLO}).encode()
    headers = {
        "Authorization": "Bearer of-the-caller",
        "x-portkey-config": json.dumps({"provider": "openai", "api_key": "of-the-caller"}),
        "x-portkey-custom-host": "http://127.0.0.1:9",
        "x-portkey-forward-headers": "x-mine",
        "x-mine": "of-the-caller",
    }
    with trial.request(way.router.url, _PATH, body, headers=headers) as answer:
        assert answer.status == 200
        assert not [name for name in answer.headers if name.lower().startswith("x-portkey")]
    [received] = way.stubs.received
    assert "of-the-caller" not in json.dumps(dict(received.headers))
    assert received.model == model_name("premium", "openai")


def test_the_limit_of_tokens_reaches_each_provider_under_its_own_name(way: Way) -> None:
    way.ask("premium_work:performance", max_tokens=77)
    way.ask("premium_work:cost", max_completion_tokens=78)
    way.ask("premium_work:cost")
    bodies = [received.body for received in way.stubs.received]
    assert bodies[0]["max_completion_tokens"] == 77
    assert "max_tokens" not in bodies[0]
    assert bodies[1]["max_tokens"] == 78
    assert bodies[2]["max_tokens"] == OUTPUT_TOKENS


def test_n8n_can_list_use_cases_as_models(way: Way) -> None:
    with trial.request(way.router.url, "/v1/models") as answer:
        listed = json.load(answer)
    names = {each["id"] for each in listed["data"]}
    assert {"premium_work", "premium_work:cost", "efficient_work:balanced"} <= names
    assert all(way.ask(name)[0] == 200 for name in ("premium_work", "premium_work:cost"))


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({"model": "nonsense"}, 404, "unknown_use_case", "balanced_work, efficient_work"),
        ({"model": "premium_work:fast"}, 404, "unknown_strategy", "cost, performance"),
        ({"model": "premium_work:"}, 404, "unknown_strategy", "cost, performance"),
        ({"model": None}, 400, "no_use_case", "premium_work"),
        ({"messages": []}, 400, "invalid_body", "messages"),
        ({"stream": "yes"}, 400, "invalid_body", "stream"),
        ({"provider": "openai"}, 400, "parameter_not_passed_on", '"provider"'),
        ({"service_tier": "priority"}, 400, "parameter_not_passed_on", '"service_tier"'),
    ],
)
def test_a_call_that_cannot_be_routed_says_why(
    way: Way, body: dict[str, Any], status: int, code: str, says: str
) -> None:
    given = {"messages": _HELLO, "model": "premium_work", **body}
    got, answer = trial.call(way.router.url, given)
    assert (got, answer["error"]["code"]) == (status, code)
    assert says in answer["error"]["message"]
    assert way.stubs.received == []
    assert way.metric("ai_errors_total", reason=code) == 1


def raw(way: Way, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    with trial.request(way.router.url, path, body) as answer:
        return answer.status, json.load(answer)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"model": NaN}', b"[" * 100_000, b"\xff\xfe", b""])
def test_a_body_that_is_no_object_is_refused(way: Way, body: bytes) -> None:
    status, answer = raw(way, _PATH, body)
    assert (status, answer["error"]["code"]) == (400, "invalid_body")


def test_a_body_that_is_too_large_is_refused_and_counted(way: Way) -> None:
    status, answer = raw(way, _PATH, b" " * (MOST_BODY + 1))
    assert (status, answer["error"]["code"]) == (413, "body_too_large")
    assert way.metric("ai_errors_total", reason="body_too_large") == 1


@pytest.mark.parametrize("path", ["/", "/v1/proxy/x", "/v1/embeddings", "/v1/files", "/metrics"])
def test_no_other_path_leads_to_the_gateway(way: Way, path: str) -> None:
    status, answer = raw(way, path, b"{}")
    assert (status, answer["error"]["code"]) == (404, "no_such_path")


def test_n8ns_responses_api_is_told_how_to_do_without(way: Way) -> None:
    assert (
        "switch off 'Use Responses API'" in raw(way, "/v1/responses", b"{}")[1]["error"]["message"]
    )


def test_a_missing_key_is_named_and_others_serve_meanwhile(make_way: MakeWay) -> None:
    with make_way() as way:
        (way.keys / "OPENAI_API_KEY").unlink()
        status, answer = way.ask("premium_work:performance")
        assert (status, answer["model"]) == (200, model_name("premium", "anthropic"))
        assert way.metric("ai_provider_key_present", provider="openai") == 0
        (way.keys / "ANTHROPIC_API_KEY").write_text(" \n")
        status, answer = way.ask("premium_work:performance")
        assert (status, answer["error"]["code"]) == (503, "key_missing")
        assert "ANTHROPIC_API_KEY or OPENAI_API_KEY" in answer["error"]["message"]


def test_the_hosted_gateway_gets_its_own_key_and_the_calls_metadata(
    make_way: MakeWay, stubs: Stubs
) -> None:
    """A stub in the hosted gateway's place: what it is told, not what it does with it."""
    hosted = stubs.host("openrouter")
    with make_way(upstream=hosted, upstream_key="PORTKEY_API_KEY") as way:
        status, answer = way.ask("premium_work:cost")
        assert (status, answer["error"]["code"]) == (503, "key_missing")
        assert "PORTKEY_API_KEY" in answer["error"]["message"]
        (way.keys / "PORTKEY_API_KEY").write_text("pk-secret")
        assert way.ask("premium_work:cost")[0] == 200
        [received] = stubs.received
        assert received.headers["x-portkey-api-key"] == "pk-secret"
        metadata = json.loads(received.headers["x-portkey-metadata"])
        assert metadata == {"use_case": "premium_work", "tier": "premium", "strategy": "cost"}
        assert KEYS["ANTHROPIC_API_KEY"] in received.headers["x-portkey-config"]
        # The answer does not say which model it is of.
        assert way.metric("ai_usage_invalid_total", reason="unknown_model") == 1


def test_a_key_that_was_rotated_is_used_at_once(make_way: MakeWay) -> None:
    with make_way() as way:
        way.ask("premium_work:performance")
        # As the kubelet does it: another file takes the name.
        (way.keys / "new").write_text("sk-secret-rotated")
        (way.keys / "new").rename(way.keys / "OPENAI_API_KEY")
        way.ask("premium_work:performance")
        keys = [received.key for received in way.stubs.received]
        assert keys == [KEYS["OPENAI_API_KEY"], "sk-secret-rotated"]
