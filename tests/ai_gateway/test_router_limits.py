"""Calls in a minute and dollars in a day, for each use case."""

import json

import pytest

from ai_gateway import trial
from ai_gateway.document import UseCase
from ai_gateway.router.errors import CallError
from ai_gateway.router.limits import Limits
from tests.ai_gateway.conftest import MakeWay

_MIDNIGHT = 86_400 * 20_000.0


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock, *, calls: int = 100, daily: float = 1) -> Limits:
    use_case = UseCase(tier="premium", requests_per_minute=calls, daily_dollars=daily)
    return Limits({"work": use_case, "other": use_case}, now=clock)


def test_calls_above_the_rate_wait_until_the_first_is_a_minute_old() -> None:
    clock = Clock(_MIDNIGHT)
    limit = limits(clock, calls=2)
    limit.admit("work")
    clock.now += 20
    limit.admit("work")
    with pytest.raises(CallError) as refused:
        limit.admit("work")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "40"})
    limit.admit("other")
    clock.now += 40
    limit.admit("work")
    with pytest.raises(CallError):
        limit.admit("work")


def test_a_budget_that_is_spent_opens_again_at_midnight() -> None:
    clock = Clock(_MIDNIGHT + 86_400 - 90)
    limit = limits(clock, daily=1)
    limit.admit("work")
    limit.spend("work", 1.5)
    with pytest.raises(CallError) as refused:
        limit.admit("work")
    assert refused.value.reason == "daily_budget"
    assert refused.value.headers == {"Retry-After": "90"}
    limit.admit("other")
    clock.now += 90
    assert limit.spent("work") == 0
    limit.admit("work")


def test_a_use_case_without_calls_or_dollars_gets_none() -> None:
    for limit in (limits(Clock(_MIDNIGHT), calls=0), limits(Clock(_MIDNIGHT), daily=0)):
        with pytest.raises(CallError):
            limit.admit("work")


def test_a_caller_over_a_limit_is_told_when_to_come_back(make_way: MakeWay) -> None:
    use_cases = {
        "often": UseCase(tier="premium", requests_per_minute=1, daily_dollars=100),
        "dear": UseCase(tier="premium", requests_per_minute=100, daily_dollars=0.001),
    }
    with make_way(use_cases=use_cases) as way:
        for use_case, reason in (("often", "rate_limit"), ("dear", "daily_budget")):
            assert way.ask(use_case)[0] == 200
            body = {"model": use_case, "messages": [{"role": "user", "content": "again"}]}
            with trial.request(
                way.router.url, "/v1/chat/completions", json.dumps(body).encode()
            ) as answer:
                assert answer.status == 429
                assert int(answer.headers["Retry-After"]) > 0
                assert json.load(answer)["error"]["code"] == reason
            assert way.metric("ai_errors_total", use_case=use_case, reason=reason) == 1
        assert len(way.stubs.received) == 2
