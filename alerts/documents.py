"""docs/alerts.md, written from the alerts."""

import alerts
from alerts.availability import PROGRAMS
from alerts.inhibition import INHIBITIONS
from alerts.rule import EVALUATION_SECONDS, GROUP_WAIT_SECONDS, SCRAPE_SECONDS, Alert, page

_HEAD = f"""\
# Alerts

Written by `make docs` from `alerts/`; change it there.

*Told after* is how long it takes at the latest from the fault until a receiver is told: until
Prometheus sees it ({SCRAPE_SECONDS} s for a scrape; longer for deleted pods, and for rates),
{EVALUATION_SECONDS} s until the rule is evaluated, the time for which it must hold, and
{GROUP_WAIT_SECONDS} s for which Alertmanager waits for more. A dash: it depends on how bad it is.

*Told to*: `on-call` is everybody who is set in the stack, `team` the same without PagerDuty;
`nobody`: it stands on the dashboards. `docs/monitoring.md` says more.

| alert | severity | told to | told after | what it says |
|---|---|---|---|---|
"""

_HELD_BACK = """
## Held back

An alert says nothing new while its cause fires. Alertmanager then tells of the cause alone, where
both have the same values of some labels. Of one budget, burning fast holds back burning slowly.

| while one of these fires | these are held back | same |
|---|---|---|
"""


def receivers(alert: Alert) -> tuple[str, ...]:
    """Names of Alertmanager's receivers that are told, where all are set."""
    if alert.name == "N8nWatchdog":
        return ("heartbeat",)
    if alert.severity == "info":
        return ("nobody",)
    first = ("executives",) if alert.labels.get("audience") == "executive" else ()
    urgent = alert.severity == "critical" or alert.labels.get("gdpr") == "breach"
    return (*first, "on-call" if urgent else "team")


def text() -> str:
    """The document."""
    # With several pods each, and with keys that are replaced, every alert is there.
    declared = alerts.declared({program.job: 2 for program in PROGRAMS}, {"KEY": 0})
    rows = [_row(alert) for group in declared.values() for alert in group]
    held_back = [
        f"| {_names(each.causes)} | {_names(each.effects)} | {', '.join(each.equal)} |\n"
        for each in INHIBITIONS
    ]
    return "".join([_HEAD, *sorted(rows), _HELD_BACK, *held_back])


def _row(alert: Alert) -> str:
    link = f"[{alert.name}](runbooks/{page(alert.name)})"
    after = "-" if alert.told_after is None else _duration(alert.told_after)
    told = ", ".join(receivers(alert))
    return f"| {link} | {alert.severity} | {told} | {after} | {alert.summary} |\n"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s"
