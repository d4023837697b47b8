"""Alerts on what is seen from outside: how long certificates last, and whether the way in is open.

A probe that fails says that it does, and nothing of the certificate, which may have ended, or be of
another authority. An exporter that is gone says nothing at all, which is N8nMetricsMissing.
"""

from alerts.rule import SCRAPE_SECONDS, Alert, Severity

_DAY = 86400

WARNING_DAYS = 14
"""Before a certificate's end. Whatever renews certificates by itself has failed by then: Pulumi
does it in the last 60 days of 365, ACME's clients in the last third: 30 of 90 days, 15 of 45. And
it is time enough to have one made by hand."""

CRITICAL_DAYS = 3
"""Somebody is woken: a weekend lies in between at most, and then everything stands still."""

_PROBE_SECONDS = 5
"""For which a probe waits for an answer (components/monitoring/blackbox.py)."""

_WAIT = "2m30s"
"""As with lost pods (alerts/availability.py): one that is replaced is back by then, and with more
somebody would know after more than five minutes."""


def _left(less_than: int, *, at_least: int | None = None) -> str:
    """The seconds that certificates are still valid, of those in a range of days."""
    ends = 'probe_ssl_earliest_cert_expiry{namespace="$namespace",job=~"probe-.+"}'
    left = f"{ends} - time() < {less_than * _DAY}"
    return left if at_least is None else f"({left}) >= {at_least * _DAY}"


def _failing(job: str) -> str:
    return f'probe_success{{namespace="$namespace",job="{job}"}} == 0'


def _expiring(expr: str, severity: Severity) -> Alert:
    return Alert(
        name="N8nCertificateExpiring",
        expr=expr,
        wait="0m",
        severity=severity,
        summary="A certificate that is in use is about to end, and was not renewed.",
        description="The one of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}.",
    )


def _unreachable(
    probe: str, severity: Severity, *, behind: str, summary: str, description: str
) -> Alert:
    return Alert(
        name="N8nUnreachable",
        expr=_failing(probe),
        wait=_WAIT,
        seen_after=SCRAPE_SECONDS + _PROBE_SECONDS,
        severity=severity,
        summary=summary,
        description=description,
        # The job whose alerts hold it back: without its pods nothing can be reached.
        labels={"job": behind},
    )


ALERTS = (
    # Each certificate is told of once.
    _expiring(_left(CRITICAL_DAYS), "critical"),
    _expiring(_left(WARNING_DAYS, at_least=CRITICAL_DAYS), "warning"),
    _unreachable(
        "probe-webhooks",
        "critical",
        behind="n8n-webhook",
        summary="Webhooks cannot be called at their public address.",
        description="{{ $labels.instance }} is not answered by a webhook pod, or with a "
        "certificate that callers refuse: they lose what they send.",
    ),
    _unreachable(
        "probe-editor",
        "warning",
        behind="n8n-main",
        summary="The editor cannot be reached at its address.",
        description="{{ $labels.instance }} is not answered by main, or with a certificate that "
        "browsers refuse. Workflows go on.",
    ),
    Alert(
        name="RedisTlsFailing",
        # Of a pod that runs: that one is gone is RedisNodeDown.
        expr=f"({_failing('probe-redis')})"
        ' and on (namespace, pod) up{namespace="$namespace",job="redis"} == 1',
        wait=_WAIT,
        seen_after=SCRAPE_SECONDS + _PROBE_SECONDS,
        severity="warning",
        summary="A node of Redis has no certificate that its clients accept, or does not answer.",
        description="{{ $labels.pod }} runs, and a new connection with TLS to it fails. Those that "
        "are open go on until they break.",
    ),
)
"""All of them."""
