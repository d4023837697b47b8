"""Alerts on the jobs that run by the clock, which some stacks have.

kube-state-metrics tells a CronJob's last success, and nothing before the first: it counts from the
CronJob's making then.
"""

from alerts.rule import Alert


def _succeeded(cronjob: str) -> str:
    """When the CronJob last succeeded, or was made."""
    chosen = f'{{namespace="$namespace",cronjob="{cronjob}"}}'
    return (
        f"(max by (namespace) (kube_cronjob_status_last_successful_time{chosen})"
        f" or max by (namespace) (kube_cronjob_created{chosen}))"
    )


def _late(cronjob: str, seconds: int) -> str:
    """That the CronJob has not succeeded for so long."""
    return f"time() - {_succeeded(cronjob)} > {seconds}"


def _failed(cronjob: str) -> str:
    """That a Job of the CronJob began after its last success, and has failed."""
    jobs = f'namespace="$namespace",job_name=~"{cronjob}-[0-9]+"'
    return (
        f"max by (namespace) (kube_job_status_start_time{{{jobs}}} and on (namespace, job_name)"
        f' kube_job_failed{{{jobs},condition="true"}} == 1) > {_succeeded(cronjob)}'
    )


_HOUR = 3600
_DAY = 24 * _HOUR

ALERTS = (
    Alert(
        name="N8nErasureFailing",
        # Two days are two runs: one can fall into an upgrade of the cluster.
        expr=f"{_failed('n8n-erasure')} or {_late('n8n-erasure', 2 * _DAY + _HOUR)}",
        wait="5m",
        severity="warning",
        summary="A person's data is not being erased.",
        description="The job n8n-erasure failed, left something to a person, or has not run for "
        "two days. A month after a request the law is broken.",
    ),
    Alert(
        name="N8nExportFailing",
        expr=f"{_failed('n8n-export')} or {_late('n8n-export', 2 * _DAY + _HOUR)}",
        wait="5m",
        severity="warning",
        summary="A person's request for their data is not being answered.",
        description="The job n8n-export failed, or has not run for two days. A month after a "
        "request the law is broken.",
    ),
    Alert(
        name="N8nBackupStale",
        expr=_late("n8n-backup", _DAY + 6 * _HOUR),
        wait="5m",
        severity="warning",
        summary="n8n's own backup is older than a day.",
        description="The newest backup of workflows and credentials was made "
        "{{ $value | humanizeDuration }} ago.",
    ),
    Alert(
        name="N8nRestoreTestStale",
        expr=_late("n8n-restore-test", 8 * _DAY),
        wait="5m",
        severity="warning",
        summary="For more than a week no backup of n8n's has been restored to see that it can be.",
        description="The last restore that succeeded was {{ $value | humanizeDuration }} ago.",
    ),
)
"""All of them."""
