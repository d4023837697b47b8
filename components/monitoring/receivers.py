"""Whom Alertmanager tells: an AlertmanagerConfig of receivers, routes and inhibitions.

The labels that decide are the alerts' own: `severity`, `gdpr: breach`, and `audience: executive`
for the few that a company's management is to read.
"""

from collections.abc import Iterator
from typing import Any

from alerts.inhibition import INHIBITIONS
from alerts.rule import GROUP_WAIT_SECONDS
from settings.monitoring import MonitoringSettings

_TITLE = "{{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }}"
_TEXT = (
    "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ .Annotations.description }}\n"
    "{{ .Annotations.runbook_url }}\n{{ end }}"
)


def spec(monitoring: MonitoringSettings) -> dict[str, Any] | None:
    """The `spec` of the AlertmanagerConfig; None where nobody is to be told."""
    team = _team(monitoring)
    on_call = {**team, **_pager(monitoring)}
    executives = _executives(monitoring)
    heartbeat = _heartbeat(monitoring)
    if not on_call:
        return None
    routes: list[dict[str, Any]] = [
        {
            "receiver": "heartbeat" if heartbeat else "nobody",
            "matchers": [_is("alertname", "N8nWatchdog")],
            "groupWait": "0s",
            "groupInterval": "1m",
            # Less than the minutes after which such services usually call.
            "repeatInterval": "2m",
        },
        {"receiver": "nobody", "matchers": [_is("severity", "info|none", regular=True)]},
    ]
    if executives:
        routes.append(
            {
                "receiver": "executives",
                "matchers": [_is("audience", "executive")],
                # And whoever acts on it.
                "continue": True,
            }
        )
    routes += [
        {"receiver": "on-call", "matchers": [_is("gdpr", "breach")], "repeatInterval": "1h"},
        {"receiver": "on-call", "matchers": [_is("severity", "critical")], "repeatInterval": "1h"},
    ]
    receivers = {
        "team": team or on_call,
        "on-call": on_call,
        "executives": executives,
        "heartbeat": heartbeat,
    }
    return {
        "route": {
            "receiver": "team",
            "groupBy": ["alertname", "namespace"],
            # Part of the time until somebody knows, which is to be under five minutes.
            "groupWait": f"{GROUP_WAIT_SECONDS}s",
            "groupInterval": "5m",
            "repeatInterval": "12h",
            "routes": routes,
        },
        "receivers": [
            {"name": "nobody"},
            *({"name": name, **sinks} for name, sinks in receivers.items() if sinks),
        ],
        "inhibitRules": [*_inhibitions()],
    }


def _inhibitions() -> Iterator[dict[str, Any]]:
    for each in INHIBITIONS:
        yield {
            "sourceMatch": [_is("alertname", "|".join(each.causes), regular=True)],
            "targetMatch": [_is("alertname", "|".join(each.effects), regular=True)],
            "equal": list(each.equal),
        }
    # A budget that burns fast also burns slowly. Both sides must name the service level: labels
    # that neither has count as equal, and one critical alert would silence every warning.
    for fast, slow in (("critical", "warning"), ("warning", "info")):
        yield {
            "sourceMatch": [_is("severity", fast), _is("slo", ".+", regular=True)],
            "targetMatch": [_is("severity", slow), _is("slo", ".+", regular=True)],
            "equal": ["namespace", "slo"],
        }


def _team(monitoring: MonitoringSettings) -> dict[str, Any]:
    sinks: dict[str, Any] = {}
    if monitoring.slack:
        sinks |= _slack(monitoring.slack.secret, monitoring.slack.channel)
    email = monitoring.email
    if email:
        sinks["emailConfigs"] = [
            {
                "to": email.to,
                "from": email.sender,
                "smarthost": email.smarthost,
                "authUsername": email.user,
                "authPassword": {"name": email.secret, "key": "password"},
                "requireTLS": True,
                "sendResolved": True,
            }
        ]
    return sinks


def _pager(monitoring: MonitoringSettings) -> dict[str, Any]:
    if not monitoring.pager_duty:
        return {}
    return {
        "pagerdutyConfigs": [
            {
                "routingKey": {"name": monitoring.pager_duty.secret, "key": "routing-key"},
                "description": "{{ .CommonAnnotations.summary }}",
                "severity": "critical",
                "sendResolved": True,
            }
        ]
    }


def _executives(monitoring: MonitoringSettings) -> dict[str, Any]:
    slack = monitoring.slack
    if not slack or not slack.executive_channel:
        return {}
    return _slack(slack.secret, slack.executive_channel)


def _heartbeat(monitoring: MonitoringSettings) -> dict[str, Any]:
    if not monitoring.heartbeat:
        return {}
    return {
        "webhookConfigs": [
            {
                "urlSecret": {"name": monitoring.heartbeat.secret, "key": "url"},
                "sendResolved": False,
            }
        ]
    }


def _slack(secret: str, channel: str) -> dict[str, Any]:
    return {
        "slackConfigs": [
            {
                "apiURL": {"name": secret, "key": "url"},
                "channel": channel,
                "title": _TITLE,
                "text": _TEXT,
                "sendResolved": True,
            }
        ]
    }


def _is(label: str, value: str, *, regular: bool = False) -> dict[str, str]:
    return {"name": label, "value": value, "matchType": "=~" if regular else "="}
