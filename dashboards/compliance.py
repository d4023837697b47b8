"""Compliance evidence: what metrics can show an auditor. The rest is in `make evidence`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from alerts.objectives import WEBHOOK_AVAILABILITY, WORKFLOW_SUCCESS
from alerts.rotation import DUE
from dashboards import probes, slo
from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, begun, or_zero, rate, total

_MAIN = f'{{job="n8n-main",{NAMESPACE}}}'
_REDIS = f'{{job="redis",{NAMESPACE}}}'
_API_SERVER = '{job="apiserver"}'
"""Of the cluster: it has no namespace."""
_EXCEPTIONS = Path(__file__).parents[1] / "policies" / "exceptions.yaml"
_DAY = 86400

_AUDITED = (
    ("user_login_success", "logins"),
    ("user_login_failed", "failed logins"),
    ("user_credentials_created", "credentials made"),
    ("workflow_created", "workflows made"),
    ("workflow_activated", "workflows published"),
)
"""Events of n8n's audit log, which counts each from its first on."""

_KEPT = Row(
    title="Availability and monitoring",
    panels=(
        slo.kept(WEBHOOK_AVAILABILITY),
        slo.kept(WORKFLOW_SUCCESS),
        Panel(
            title="Targets that answer",
            description="Share of what should be watched that Prometheus can read now.",
            unit="percentunit",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=1, critical=0.9),
            alerts=("N8nMetricsMissing",),
            queries=(Query(expr=f"avg(up{{{NAMESPACE}}})", legend="answer"),),
        ),
        Panel(
            title="Critical alerts",
            description="How often one began in all that is shown: each must have a record of what "
            "was done.",
            unit="short",
            kind="number",
            width=6,
            queries=(Query(expr=begun('severity="critical"'), legend="alerts", instant=True),),
        ),
    ),
)

_ACCESS = Row(
    title="Access to n8n",
    panels=(
        Panel(
            title="Logins and changes by people",
            description="What n8n's audit log told in all that is shown.",
            unit="short",
            kind="number",
            width=18,
            queries=tuple(
                Query(
                    expr=or_zero(total(f"n8n_audit_{event}_total{_MAIN}")),
                    legend=legend,
                    instant=True,
                )
                for event, legend in _AUDITED
            ),
        ),
        Panel(
            title="Version of n8n",
            description="Pods by the version that they run: two only while an update runs.",
            unit="short",
            kind="number",
            width=6,
            queries=(
                Query(
                    expr=f"count by (version) (n8n_version_info{{{NAMESPACE}}})",
                    legend="{{version}}",
                    instant=True,
                ),
            ),
        ),
        Panel(
            title="Events of the audit log per hour",
            description="At the present rate. Many failed logins: somebody may be trying "
            "passwords.",
            unit="short",
            width=24,
            alerts=("N8nLoginsFailing",),
            queries=tuple(
                Query(
                    expr=f"3600 * {or_zero(rate(f'n8n_audit_{event}_total{_MAIN}'))}",
                    legend=legend,
                )
                for event, legend in _AUDITED
            ),
        ),
    ),
)

_AUDIT = Row(
    title="Audit log of Kubernetes",
    panels=(
        Panel(
            title="Events of Kubernetes' audit log",
            description="Who did what in the cluster, of all namespaces, as each API server writes "
            "it down. At 0 while changes are made, nobody can say later who made them.",
            unit="ops",
            width=18,
            alerts=("N8nAuditLogSilent",),
            queries=(
                Query(
                    expr=rate(f"apiserver_audit_event_total{_API_SERVER}", by="instance"),
                    legend="{{instance}}",
                ),
            ),
        ),
        Panel(
            title="Events that were not written",
            description="In all that is shown: the log's disk was full, or whoever takes the "
            "events in did not keep up.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=1, critical=100),
            alerts=("N8nAuditLogSilent",),
            queries=(
                Query(
                    expr=or_zero(total(f"apiserver_audit_error_total{_API_SERVER}")),
                    legend="not written",
                    instant=True,
                ),
            ),
        ),
    ),
)

_SECRETS = Row(
    title="Secrets from the external store",
    needs=frozenset({"external-secrets"}),
    panels=(
        Panel(
            title="Secrets that are copied",
            description="ExternalSecrets whose last copy succeeded.",
            unit="short",
            kind="number",
            queries=(
                Query(
                    expr=f'sum(externalsecret_status_condition{{{NAMESPACE},condition="Ready",'
                    'status="True"})',
                    legend="copied",
                ),
            ),
        ),
        Panel(
            title="Secrets that are not copied",
            description="ExternalSecrets whose last copy failed: new keys don't reach pods.",
            unit="short",
            kind="number",
            thresholds=Thresholds(warning=1, critical=2),
            alerts=("N8nSecretSyncFailing",),
            queries=(
                Query(
                    expr=or_zero(
                        f'sum(externalsecret_status_condition{{{NAMESPACE},condition="Ready",'
                        'status="False"})'
                    ),
                    legend="not copied",
                ),
            ),
        ),
        Panel(
            title="Errors of copying",
            description="Failed attempts of the External Secrets operator in all that is shown; it "
            "tries again.",
            unit="short",
            kind="number",
            alerts=("N8nSecretSyncFailing",),
            queries=(
                Query(
                    expr=or_zero(total(f"externalsecret_sync_calls_error{{{NAMESPACE}}}")),
                    legend="errors",
                    instant=True,
                ),
            ),
        ),
    ),
)

_DUE = f"{DUE}{{{NAMESPACE}}}"
_SHOWN_KEYS = 8
"""As many as can be read beside each other."""

_KEYS = Row(
    title="Age of keys",
    needs=frozenset({"external-secrets"}),
    panels=(
        Panel(
            title="Keys to be replaced",
            description="Secrets in Pulumi ESC that are older than their interval, and those of "
            "which nobody wrote down when they were set, which count as due.",
            unit="short",
            kind="number",
            thresholds=Thresholds(warning=1, critical=5),
            alerts=("N8nKeyRotationDue",),
            queries=(
                Query(expr=or_zero(f"count(0 < {_DUE} <= time())"), legend="due"),
                Query(expr=or_zero(f"count({_DUE} == 0)"), legend="without a day"),
            ),
        ),
        Panel(
            title="Time until keys are due",
            description=f"Of the {_SHOWN_KEYS} that are due first, from the day in "
            "esc/rotated.yaml and the interval of each. Below 0 for as long as one has been due.",
            unit="s",
            kind="number",
            width=16,
            thresholds=Thresholds(warning=14 * _DAY, critical=0),
            alerts=("N8nKeyRotationDue",),
            queries=(
                Query(
                    expr=f"bottomk({_SHOWN_KEYS}, {_DUE} > 0) - time()",
                    legend="{{key}}",
                    instant=True,
                ),
            ),
        ),
    ),
)

_DURABILITY = Row(
    title="Durability of the queue",
    panels=(
        Panel(
            title="Nodes that write to disk",
            description="Redis nodes whose last write of the append-only file succeeded.",
            unit="short",
            kind="number",
            width=12,
            queries=(Query(expr=f"sum(redis_aof_last_write_status{_REDIS})", legend="nodes"),),
        ),
        Panel(
            title="Shards with a replica",
            description="Masters of Redis that a replica follows: what they hold survives the loss "
            "of their node.",
            unit="short",
            kind="number",
            width=12,
            alerts=("RedisReplicaMissing",),
            queries=(
                Query(expr=or_zero(f"count(redis_connected_slaves{_REDIS} > 0)"), legend="shards"),
            ),
        ),
    ),
)

_JOBS = Row(
    title="Jobs by the clock",
    needs=frozenset({"cron-jobs"}),
    panels=(
        Panel(
            title="Time since jobs succeeded",
            description="Erasure and export of persons' data, n8n's own backup, and the restore "
            "that tests it: each as far as the stack has it.",
            unit="s",
            kind="number",
            width=24,
            alerts=(
                "N8nBackupStale",
                "N8nErasureFailing",
                "N8nExportFailing",
                "N8nRestoreTestStale",
            ),
            queries=(
                Query(
                    expr="time() - max by (cronjob) (kube_cronjob_status_last_successful_time"
                    f'{{{NAMESPACE},cronjob=~"n8n-.+"}})',
                    legend="{{cronjob}}",
                ),
            ),
        ),
    ),
)


def _exceptions() -> Iterator[Row]:
    """How long each exception from the policies' conditions still holds, if there are any."""
    ends: dict[str, float] = {}
    for exception in yaml.safe_load(_EXCEPTIONS.read_text()) or ():
        name = f"{exception['condition']} ({', '.join(exception['stacks'])})"
        last = datetime.strptime(exception["expires"], "%Y-%m-%d").replace(tzinfo=UTC)
        end = (last + timedelta(days=1)).timestamp()
        ends[name] = min(end, ends.get(name, end))
    if not ends:
        return
    # No program tells it: the moments stand in the query.
    left = [
        f'label_replace(vector({end:.0f}) - time(), "exception", "{name}", "", "")'
        for name, end in ends.items()
    ]
    yield Row(
        title="Exceptions from policies",
        panels=(
            Panel(
                title="Time until exceptions end",
                description="Of all environments, with the names of the stacks that each holds "
                "for. One that has ended fails every deployment: mend what it excuses, or have "
                "its owner renew it.",
                unit="s",
                kind="number",
                width=24,
                thresholds=Thresholds(warning=30 * _DAY, critical=7 * _DAY),
                queries=(Query(expr=" or ".join(left), legend="{{exception}}"),),
            ),
        ),
    )


BOARD = Board(
    uid="compliance-evidence",
    title="Compliance evidence",
    description="Are promises kept, who came in, are secrets and certificates up to date, what is "
    "excepted, and is what was accepted kept?",
    namespaces="n8n_version_info",
    since="now-30d",
    rows=(
        _KEPT,
        _ACCESS,
        _AUDIT,
        *_exceptions(),
        _SECRETS,
        _KEYS,
        probes.CERTIFICATES,
        _JOBS,
        _DURABILITY,
    ),
)
