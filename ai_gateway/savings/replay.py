"""Sends a mix through router and gateway, and reads from the router's metrics who answered."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client.parser import text_string_to_metric_families

from ai_gateway import trial
from ai_gateway.document import Document
from ai_gateway.savings.arithmetic import Answered, total
from ai_gateway.savings.mixes import Calls, Mix
from ai_gateway.stubs import Stubs

_AT_ONCE = 8
_COUNTED_SECONDS = 10
_NO_LIMIT = 1_000_000

Counted = Mapping[tuple[str, str, str], float]
"""What a counter says, by use case, strategy and `provider/model`."""


class ReplayError(RuntimeError):
    """A replay went wrong, or router and arithmetic disagree: its figures would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where mixes are replayed.

    Attributes:
        document: without the limits of use cases, which a day's calls in a minute would exceed.
        keys: folder of the stand-in keys.
    """

    document: Document
    keys: Path


@contextmanager
def place(document: Document) -> Iterator[Place]:
    """The real gateway, and stubs in the place of providers, as long as the context lasts."""
    unlimited = replace(
        document,
        use_cases={
            name: replace(each, requests_per_minute=_NO_LIMIT, daily_dollars=float(_NO_LIMIT))
            for name, each in document.use_cases.items()
        },
    )
    with Stubs() as stubs, trial.gateway() as gateway, TemporaryDirectory() as folder:
        for provider in document.providers.values():
            (Path(folder) / provider.key).write_text("stand-in")
        routed = trial.towards(unlimited, upstream=gateway.url, stubs=stubs)
        yield Place(document=routed, keys=Path(folder))


def replay(mix: Mix, at: Place) -> list[Answered]:
    """Who answered the calls of a mix, sent through a router of its own.

    Raises:
        ReplayError: a call failed, or the router's dollars are not those of its tokens and prices.
    """
    with trial.router(at.document, at.keys) as router:
        calls = [each for each in mix.calls for _ in range(round(each.count))]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for status, answer in pool.map(lambda each: _call(router.url, each), calls):
                if status != 200:
                    raise ReplayError(f"a call was answered with {status}: {answer}")
        metrics = _settled(router, len(calls))
    answered = _answered(mix, metrics)
    _compare(answered, metrics, at.document)
    return answered


def _call(url: str, calls: Calls) -> tuple[int, object]:
    asked = json.dumps({"input": calls.each.input, "output": calls.each.output})
    return trial.call(
        url,
        {
            "model": f"{calls.use_case}:{calls.strategy}",
            "messages": [{"role": "user", "content": asked}],
        },
    )


def _settled(router: trial.Running, calls: int) -> Mapping[str, Counted]:
    """The metrics once they have all calls: they are counted after the answer has gone out."""
    deadline = time.monotonic() + _COUNTED_SECONDS
    while True:
        metrics = _counters(router.metrics())
        counted = sum(metrics["ai_requests_total"].values())
        if counted == calls:
            return metrics
        if time.monotonic() > deadline:
            raise ReplayError(f"the router counted {counted:.0f} calls of {calls}")
        time.sleep(0.05)


def _counters(text: str) -> Mapping[str, Counted]:
    """The counters of calls, by name; those of tokens with their direction."""
    found: dict[str, dict[tuple[str, str, str], float]] = {"ai_requests_total": {}}
    for family in text_string_to_metric_families(text):
        for name, labels, value, *_ in family.samples:
            if not {"use_case", "strategy", "model"} <= labels.keys():
                continue
            name += f"_{labels['direction']}" if "direction" in labels else ""
            who = (
                labels["use_case"],
                labels["strategy"],
                f"{labels['provider']}/{labels['model']}",
            )
            counted = found.setdefault(name, {})
            counted[who] = counted.get(who, 0) + value
    return found


def _answered(mix: Mix, metrics: Mapping[str, Counted]) -> list[Answered]:
    each = {(calls.use_case, calls.strategy): calls.each for calls in mix.calls}
    order = list(each)
    counted = metrics["ai_requests_total"].items()
    return [
        Answered(
            use_case=use_case,
            strategy=strategy,
            model=model,
            calls=count,
            each=each[use_case, strategy],
        )
        for (use_case, strategy, model), count in sorted(
            counted, key=lambda item: (order.index(item[0][:2]), item[0][2])
        )
    ]


def _compare(answered: list[Answered], metrics: Mapping[str, Counted], document: Document) -> None:
    computed = total(answered, document)
    for what, counted, expected in (
        ("input tokens", "ai_tokens_total_input", sum(a.calls * a.each.input for a in answered)),
        ("output tokens", "ai_tokens_total_output", sum(a.calls * a.each.output for a in answered)),
        ("dollars", "ai_cost_dollars_total", computed.routed),
        ("dollars on the baseline", "ai_baseline_cost_dollars_total", computed.baseline),
    ):
        metered = sum(metrics[counted].values())
        if not math.isclose(metered, expected, rel_tol=1e-9):
            raise ReplayError(f"the router counted {metered} {what}; there were {expected}")
