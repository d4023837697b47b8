"""Rows of what is seen from outside: certificates where clients meet them, and the way in."""

from alerts.probes import CRITICAL_DAYS, WARNING_DAYS
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE

_ALL = f'{{job=~"probe-.+",{NAMESPACE}}}'
_PUBLIC = f'{{job=~"probe-(webhooks|editor)",{NAMESPACE}}}'
_DAY = 86400

CERTIFICATES = Row(
    title="Certificates",
    needs=frozenset({"probes"}),
    panels=(
        Panel(
            title="Time until certificates end",
            description="Of what each node of Redis and the public addresses serve now, which is "
            "not yet what was stored last: a server reads its certificate when it starts.",
            unit="s",
            kind="number",
            width=24,
            thresholds=Thresholds(warning=WARNING_DAYS * _DAY, critical=CRITICAL_DAYS * _DAY),
            alerts=("N8nCertificateExpiring", "RedisTlsFailing"),
            queries=(
                Query(expr=f"probe_ssl_earliest_cert_expiry{_ALL} - time()", legend="{{instance}}"),
            ),
        ),
    ),
)

WAY_IN = Row(
    title="The way in, as seen from outside",
    needs=frozenset({"probe-webhooks"}),
    panels=(
        Panel(
            title="Public addresses that answer",
            description="1 where a webhook pod, or main, answers at its public address with a "
            "certificate that is in order. n8n's own metrics know nothing of calls that do not "
            "reach it.",
            unit="short",
            width=12,
            thresholds=Thresholds(warning=1, critical=0.5),
            alerts=("N8nUnreachable",),
            queries=(Query(expr=f"probe_success{_PUBLIC}", legend="{{instance}}"),),
        ),
        Panel(
            title="Time to an answer",
            description="Of one request from within the cluster by the public address, with name, "
            "connection and TLS. Without an answer it ends after 5 s.",
            unit="s",
            width=12,
            queries=(Query(expr=f"probe_duration_seconds{_PUBLIC}", legend="{{instance}}"),),
        ),
    ),
)
