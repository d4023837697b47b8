"""What the router does when providers, the gateway or callers fail."""

import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ai_gateway import trial
from ai_gateway.stubs import Behaviour
from ai_gateway.trial import free_port
from tests.ai_gateway.conftest import KEYS, MakeWay, Way, model_name
from tests.waiting import eventually

_FIRST = model_name("balanced", "openai")
_SECOND = model_name("balanced", "anthropic")
_CALL = "balanced_work:performance"


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(status=500),
        Behaviour(status=503),
        Behaviour(status=429),
        Behaviour(status=401),
        Behaviour(seconds=2),
    ],
    ids=["error", "down", "limited", "key refused", "too slow"],
)
def test_another_provider_answers_for_one_that_fails(way: Way, behaviour: Behaviour) -> None:
    way.stubs.behave(_FIRST, behaviour)
    status, answer = way.ask(_CALL)
    assert (status, answer["model"]) == (200, _SECOND)
    assert way.metric("ai_fallbacks_total", model=_SECOND, provider="anthropic") == 1
    assert way.metric("ai_requests_total", model=_SECOND, status="2xx") == 1


def test_a_retry_that_helps_is_counted(way: Way) -> None:
    way.stubs.behave(_FIRST, Behaviour(status=500, failures=1))
    status, answer = way.ask("balanced_work:balanced")
    assert (status, answer["model"]) == (200, _FIRST)
    assert way.metric("ai_retries_total", model=_FIRST) == 1
    assert way.metric("ai_fallbacks_total") == 0


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (Behaviour(status=500), 502, "provider_failed"),
        (Behaviour(status=429), 429, "provider_rate_limit"),
        (Behaviour(status=401), 502, "provider_refused"),
        (Behaviour(seconds=2), 504, "timeout"),
        (Behaviour(raw="{not json"), 502, "provider_failed"),
        (Behaviour(raw="<html>", content_type="text/html"), 502, "malformed_answer"),
        (Behaviour(raw='{"choices": 7}'), 502, "malformed_answer"),
    ],
    ids=["error", "limited", "key refused", "too slow", "no JSON", "HTML", "no completion"],
)
def test_a_failure_of_all_providers_is_told_in_openais_form(
    way: Way, behaviour: Behaviour, status: int, code: str
) -> None:
    for model in (_FIRST, _SECOND):
        way.stubs.behave(model, behaviour)
    got, answer = way.ask(_CALL)
    assert (got, answer["error"]["code"]) == (status, code)
    assert {"message", "type", "param", "code"} == set(answer["error"])
    assert way.metric("ai_errors_total", use_case="balanced_work", reason=code) == 1
    assert way.metric("ai_cost_dollars_total") == 0


def test_what_is_wrong_with_a_call_is_told_by_the_first_provider_alone(way: Way) -> None:
    way.stubs.behave(_FIRST, Behaviour(status=400))
    status, answer = way.ask(_CALL)
    assert status == 400
    assert f"{_FIRST} does not work" in answer["error"]["message"]
    assert [received.model for received in way.stubs.received] == [_FIRST]


def test_a_key_in_a_providers_words_stays_here(way: Way) -> None:
    key = KEYS["OPENAI_API_KEY"]
    way.stubs.behave(_FIRST, Behaviour(status=400, raw=f"{key} may not do this"))
    status, answer = way.ask(_CALL)
    assert status == 400
    assert key not in json.dumps(answer)


def test_a_gateway_that_is_not_there_is_said_and_seen(make_way: MakeWay) -> None:
    with make_way(upstream=f"http://127.0.0.1:{free_port()}") as way:
        status, answer = way.ask(_CALL)
        assert (status, answer["error"]["code"]) == (502, "gateway_down")
        assert _probe(way, "/healthz") == 200
        assert _probe(way, "/readyz") == 503


def test_a_router_is_ready_when_the_gateway_answers(way: Way) -> None:
    assert _probe(way, "/readyz") == 200


def test_a_gateway_that_says_nothing_is_given_up(make_way: MakeWay) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        make_way(
            upstream=f"http://127.0.0.1:{silent.getsockname()[1]}",
            options={"timeout_seconds": 0.5},
        ) as way,
    ):
        status, answer = way.ask(_CALL)
        assert (status, answer["error"]["code"]) == (504, "timeout")


def test_a_stream_that_fails_before_it_begins_is_answered_by_another_provider(way: Way) -> None:
    way.stubs.behave(_FIRST, Behaviour(status=500))
    with _stream(way) as lines:
        assert list(lines)[-1] == b"data: [DONE]"
    assert way.metric("ai_fallbacks_total", model=_SECOND) == 1


def test_a_stream_that_breaks_off_ends_with_an_error(way: Way) -> None:
    way.stubs.behave(_FIRST, Behaviour(breaks_off=True))
    with _stream(way) as lines:
        said = list(lines)
    assert b"Hel" in said[0]
    assert json.loads(said[-1].removeprefix(b"data: "))["error"]["code"] == "stream_broke_off"
    assert way.metric("ai_errors_total", reason="stream_broke_off") == 1
    assert way.metric("ai_usage_missing_total", model=_FIRST) == 1


def test_a_stream_that_stops_coming_ends_with_an_error(make_way: MakeWay) -> None:
    with make_way(options={"timeout_seconds": 0.5}) as way:
        hold = threading.Event()
        way.stubs.behave(_FIRST, Behaviour(hold=hold))
        with _stream(way) as lines:
            said = list(lines)
        hold.set()
        assert json.loads(said[-1].removeprefix(b"data: "))["error"]["code"] == "timeout"
        assert way.metric("ai_errors_total", reason="timeout") == 1


def test_a_caller_that_leaves_a_stream_is_counted_and_harms_nobody(way: Way) -> None:
    hold = threading.Event()
    way.stubs.behave(_FIRST, Behaviour(hold=hold))
    address = urllib.parse.urlsplit(way.router.url)
    body = json.dumps(
        {"model": _CALL, "stream": True, "messages": [{"role": "user", "content": "x"}]}
    )
    with socket.create_connection((address.hostname or "", address.port or 0)) as caller:
        caller.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: router\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        received = b""
        while b"Hel" not in received:
            received += caller.recv(65536)
    hold.set()
    eventually(
        lambda: way.metric("ai_errors_total", reason="caller_gone") == 1,
        "the router has seen that its caller is gone",
        seconds=20,
    )
    assert way.metric("ai_requests_total", status="4xx") == 1
    assert way.ask("balanced_work:cost")[0] == 200


def _probe(way: Way, path: str) -> int:
    with trial.request(way.router.metrics_url, path) as answer:
        return answer.status


@contextmanager
def _stream(way: Way) -> Iterator[Iterator[bytes]]:
    messages = [{"role": "user", "content": "hello"}]
    body = json.dumps({"model": _CALL, "messages": messages, "stream": True}).encode()
    with trial.request(way.router.url, "/v1/chat/completions", body) as answer:
        assert answer.status == 200
        yield (line.strip() for line in answer if line.strip())
