"""Counting: calls, tokens, dollars, as Prometheus reads them.

Labels hold names from the document only, so that their number is bounded; what is not in it is
`unknown`, and where nobody answered a call the model is `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ai_gateway.cost import dollars, saving
from ai_gateway.document import Document
from ai_gateway.router import usage
from ai_gateway.router.asked import Asked
from ai_gateway.router.limits import Limits
from ai_gateway.router.targets import answered

_CALL = ("use_case", "strategy", "tier", "provider", "model")
# Language models take from half a second to minutes.
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
_UNKNOWN = "unknown"
_NOBODY = "none"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended.

    Attributes:
        status: what the caller got, HTTP's; 499 if it had gone.
        seconds: from its arrival to the end of its answer.
        reason: why it failed, None if it did not.
        asked: None if that could not be read.
        config: what the gateway was told, without which nobody answered.
        path: the gateway's word for the target that answered.
        retries: the gateway's number of its retries.
        usage: what the answer says of its tokens.
    """

    status: int
    seconds: float
    reason: str | None = None
    asked: Asked | None = None
    config: Mapping[str, Any] | None = None
    path: str | None = None
    retries: str | None = None
    usage: object = None


class Metering:
    """The router's metrics, in a registry of their own.

    Args:
        document: whose names and prices count.
        limits: are told what a call cost, and say what was spent.
        has_key: whether a provider's key is there, by the provider's name.
    """

    def __init__(
        self, document: Document, limits: Limits, *, has_key: Callable[[str], bool]
    ) -> None:
        self._document = document
        self._limits = limits
        self._routed: dict[str, float] = {}
        self._baseline: dict[str, float] = {}
        self.registry = CollectorRegistry()
        self._create_counters()
        self._create_gauges(has_key)

    def record(self, outcome: Outcome) -> None:
        """Count a call. It has been answered: whatever is wrong here is counted, never raised."""
        try:
            self._record(outcome)
        except Exception:
            self._failures.inc()

    def _create_counters(self) -> None:
        def counter(name: str, text: str, labels: tuple[str, ...] = _CALL) -> Counter:
            return Counter(name, text, labels, registry=self.registry)

        self._requests = counter(
            "ai_requests", "Calls, by the class of their status.", (*_CALL, "status")
        )
        self._tokens = counter(
            "ai_tokens",
            "Tokens sent, read from a cache, answered.",
            (*_CALL, "direction"),
        )
        self._cost = counter("ai_cost_dollars", "What the tokens cost on the model that answered.")
        self._baseline_cost = counter(
            "ai_baseline_cost_dollars", "What the same tokens would cost on the baseline model."
        )
        self._retries = counter("ai_retries", "Retries of the target that answered last.")
        self._fallbacks = counter("ai_fallbacks", "Targets that failed before this one answered.")
        self._errors = counter("ai_errors", "Calls that failed.", ("use_case", "reason"))
        self._usage_missing = counter(
            "ai_usage_missing",
            "Answers that do not tell their tokens: not in the cost.",
        )
        self._usage_invalid = counter(
            "ai_usage_invalid",
            "Answers whose tokens cannot be, or whose model is not known: not in the cost.",
            ("use_case", "reason"),
        )
        self._seconds = Histogram(
            "ai_request_seconds",
            "From a call's arrival to the end of its answer.",
            _CALL,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._failures = counter(
            "ai_metering_failures", "Calls that could not be counted, a mistake of the router.", ()
        )

    def _create_gauges(self, has_key: Callable[[str], bool]) -> None:
        def gauge(name: str, text: str, label: str) -> Gauge:
            return Gauge(name, text, (label,), registry=self.registry)

        budget = gauge("ai_budget_dollars", "What a use case may spend in a day.", "use_case")
        spent = gauge(
            "ai_budget_spent_dollars", "What a use case has spent since midnight UTC.", "use_case"
        )
        for name, use_case in self._document.use_cases.items():
            budget.labels(name).set(use_case.daily_dollars)
            spent.labels(name).set_function(lambda name=name: self._limits.spent(name))
        self._savings = gauge(
            "ai_savings_ratio",
            "Share of the baseline's cost that was not spent since the router started.",
            "use_case",
        )
        present = gauge(
            "ai_provider_key_present", "Whether a provider's key is there, 1 or 0.", "provider"
        )
        for provider in self._document.providers:
            present.labels(provider).set_function(lambda name=provider: float(has_key(name)))

    def _record(self, outcome: Outcome) -> None:
        asked = outcome.asked
        use_case = asked.use_case if asked else _UNKNOWN
        labels = (use_case, asked.strategy, asked.tier) if asked else (_UNKNOWN,) * 3
        target = answered(outcome.config, outcome.path) if outcome.config and outcome.path else None
        if target is not None and target.name in self._document.models:
            model = self._document.models[target.name]
            labels += (model.provider, model.model)
        else:
            model = None
            labels += (_UNKNOWN if outcome.path else _NOBODY,) * 2
        self._requests.labels(*labels, f"{outcome.status // 100}xx").inc()
        self._seconds.labels(*labels).observe(outcome.seconds)
        if outcome.reason is not None:
            self._errors.labels(use_case, outcome.reason).inc()
        if target is not None:
            self._fallbacks.labels(*labels).inc(target.passed_over)
            self._retries.labels(*labels).inc(_retries(outcome.retries, target.attempts))
        # A stream that broke off may still have said what it took, and is charged for.
        if outcome.usage is None:
            if outcome.status < 300 or outcome.status == 499:
                self._usage_missing.labels(*labels).inc()
            return
        try:
            if model is None:
                raise usage.UsageError("unknown_model")
            tokens = usage.read(outcome.usage)
        except usage.UsageError as error:
            self._usage_invalid.labels(use_case, str(error)).inc()
            return
        self._tokens.labels(*labels, "input").inc(tokens.input)
        self._tokens.labels(*labels, "cached").inc(tokens.cached)
        self._tokens.labels(*labels, "output").inc(tokens.output)
        routed = dollars(tokens, model)
        baseline = dollars(tokens, self._document.models[self._document.baseline])
        self._limits.spend(use_case, routed)
        self._cost.labels(*labels).inc(routed)
        self._baseline_cost.labels(*labels).inc(baseline)
        self._routed[use_case] = self._routed.get(use_case, 0) + routed
        self._baseline[use_case] = self._baseline.get(use_case, 0) + baseline
        if self._baseline[use_case] > 0:
            self._savings.labels(use_case).set(
                saving(self._routed[use_case], self._baseline[use_case])
            )


def _retries(said: str | None, attempts: int) -> int:
    """The number of retries; the gateway says -1 for all that were allowed."""
    try:
        count = int((said or "0").rpartition(",")[2])
    except ValueError:
        return 0
    return attempts if count < 0 else count
