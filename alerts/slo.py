"""From a service level objective to its recording rules and burn-rate alerts.

Windows, factors and their pairing are the SRE workbook's ("Alerting on SLOs", approach 6). The
short window ends the alert soon after the fault has ended.

Long windows are computed from what the 5-minute rates were, so a month costs Prometheus few series,
however many labels the program's own have, and a request counts the same whenever it came.
"""

from dataclasses import dataclass

from alerts.rule import Alert, Rule, Severity

PERIOD = "30d"
"""Over which an objective is to be met."""

_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", PERIOD)
_SLOW = frozenset({"1d", "3d", PERIOD})
"""Windows that nobody misses for two minutes; they read the most."""


_FEWEST = 10
"""Bad events within a pair's long window below which nobody is told. In a quiet night one failed
request is a large share, and no sign of anything."""

OFTEN_SECONDS = 30
"""Between two evaluations of `recorded_often`."""


@dataclass(frozen=True, kw_only=True)
class _Burn:
    """A pair of windows over which the budget is spent `factor` times as fast as it may be."""

    long: str
    short: str
    factor: float


_FAST = (_Burn(long="1h", short="5m", factor=14.4), _Burn(long="6h", short="30m", factor=6))
"""2 % of the month's budget within an hour, or 5 % within six."""
_SLOWLY = (_Burn(long="1d", short="2h", factor=3), _Burn(long="3d", short="6h", factor=1))
"""10 % of the month's budget within a day, or within three."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """Two rates over 5 minutes, as PromQL: of what went wrong, and of everything that counts."""

    bad: str
    all: str


@dataclass(frozen=True, kw_only=True)
class Slo:
    """A service level objective over 30 days.

    Its errors are a share of events, a share of time, or both added up, at most 1.

    Attributes:
        name: value of the label `slo`, such as `webhook-availability`.
        alert: beginning of the alert's name, such as `N8nWebhookAvailability`.
        objective: share that must be good, such as 0.9995.
        meaning: what counts as good, in one sentence.
        events: what is counted, if anything. Where nothing happens nothing goes wrong.
        bad_moment: PromQL that is 1 while it is bad and 0 while it is good. Moments at which it
            returns nothing do not count.
        severities: of an alert on fast and on slow burning.
    """

    name: str
    alert: str
    objective: float
    meaning: str
    events: Events | None = None
    bad_moment: str | None = None
    severities: tuple[Severity, Severity]

    @property
    def budget(self) -> float:
        """Share that may be bad."""
        return round(1 - self.objective, 9)

    def recorded_often(self, namespace: str) -> list[Rule]:
        """Recording rules, in this order, for a group that is evaluated often."""
        rules = [*self._bases(), *(self._ratio(each) for each in _WINDOWS if each not in _SLOW)]
        return [_in(namespace, rule) for rule in rules]

    def recorded_seldom(self, namespace: str) -> list[Rule]:
        """Recording rules, in this order, that may be evaluated every few minutes."""
        spent = f"{self._series('slo:sli_error:ratio_rate' + PERIOD)} / {self.budget}"
        rules = [
            *(self._ratio(each) for each in _WINDOWS if each in _SLOW),
            self._record("slo:objective:ratio", f"vector({self.objective})"),
            self._record("slo:error_budget_remaining:ratio", f"1 - {spent}"),
        ]
        return [_in(namespace, rule) for rule in rules]

    def alerts(self) -> list[Alert]:
        """Two alerts of one name: the budget burns fast, and slowly."""
        fast, slow = self.severities
        return [
            self._alert(_FAST, fast, "2m", "within hours or a few days"),
            self._alert(_SLOWLY, slow, "15m", "before its 30 days are over"),
        ]

    def _alert(self, burns: tuple[_Burn, ...], severity: Severity, wait: str, end: str) -> Alert:
        pairs = [" and ".join([*self._exceeded(burn), *self._enough(burn.long)]) for burn in burns]
        return Alert(
            name=f"{self.alert}BudgetBurn",
            expr=" or ".join(f"({pair})" for pair in pairs),
            wait=wait,
            seen_after=None,
            severity=severity,
            summary=f"The error budget of {self.name} is spent too fast.",
            description=f"{{{{ $value | humanizePercentage }}}} is bad where {self.budget:.2%} may "
            f"be: going on like this, the budget ends {end}. Good is: {self.meaning}",
            labels={"slo": self.name},
        )

    def _exceeded(self, burn: _Burn) -> list[str]:
        limit = round(burn.factor * self.budget, 9)
        return [
            f"{self._series('slo:sli_error:ratio_rate' + window)} > {limit}"
            for window in (burn.long, burn.short)
        ]

    def _enough(self, window: str) -> list[str]:
        if not self.events:
            return []
        events = f"sum_over_time({self._series('slo:sli_bad:rate5m')}[{window}])"
        enough = f"{events} * {OFTEN_SECONDS} >= {_FEWEST}"
        if self.bad_moment:
            enough += f" or sum_over_time({self._series('slo:sli_bad:moment')}[{window}]) > 0"
        return [f"({enough})"]

    def _bases(self) -> list[Rule]:
        rules = []
        if self.events:
            rules.append(self._record("slo:sli_bad:rate5m", f"({self.events.bad}) or vector(0)"))
            rules.append(self._record("slo:sli_all:rate5m", f"({self.events.all}) or vector(0)"))
        if self.bad_moment:
            rules.append(self._record("slo:sli_bad:moment", self.bad_moment))
        return rules

    def _ratio(self, window: str) -> Rule:
        shares = []
        if self.events:
            bad, everything = (
                f"sum_over_time({self._series(name)}[{window}])"
                for name in ("slo:sli_bad:rate5m", "slo:sli_all:rate5m")
            )
            shares.append(f"({bad} / ({everything} > 0) or 0 * {everything})")
        if self.bad_moment:
            shares.append(f"avg_over_time({self._series('slo:sli_bad:moment')}[{window}])")
        return self._record(
            f"slo:sli_error:ratio_rate{window}", f"clamp_max({' + '.join(shares)}, 1)"
        )

    def _series(self, name: str) -> str:
        return f'{name}{{namespace="$namespace",slo="{self.name}"}}'

    def _record(self, name: str, expr: str) -> Rule:
        return {"record": name, "expr": expr, "labels": {"slo": self.name}}


def _in(namespace: str, rule: Rule) -> Rule:
    return {
        **rule,
        "expr": rule["expr"].replace("$namespace", namespace),
        "labels": {"namespace": namespace, **rule["labels"]},
    }
