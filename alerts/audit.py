"""An alert on Kubernetes' audit log, which says who did what to the platform.

The API server counts the events that it hands to the log, and those that could not be written. It
counts none where it has no audit policy or nowhere to write to (WithAudit of Kubernetes' sources):
the counter is there, at 0. So a cluster that keeps no such log is told of as one whose log has
ended.

n8n's own audit events are counted as they happen, and nobody needs to do anything there for weeks:
their silence is no fault.
"""

from alerts.rule import SCRAPE_SECONDS, Alert

_WINDOW_MINUTES = 15
_SERVER = 'job="apiserver"'

# What any policy writes down: changes, and who entered a pod. Policies leave out reads, heartbeats,
# reports of what happened and questions of who may do what; these may be all that an API server is
# asked for while another one does the work.
_ASKED = (
    f'apiserver_request_total{{{_SERVER},verb=~"APPLY|CONNECT|DELETE|DELETECOLLECTION|PATCH|POST|'
    'PUT",resource!~"events|leases|.+reviews"}'
)


def _increase(series: str) -> str:
    return f"sum by (instance) (increase({series}[{_WINDOW_MINUTES}m]))"


ALERTS = (
    Alert(
        name="N8nAuditLogSilent",
        # Each API server on its own: of several, those that do write hide none that does not. Its
        # counter of errors begins with the first, whose increase Prometheus cannot see.
        expr=f"({_increase(f'apiserver_audit_event_total{{{_SERVER}}}')} == 0"
        f" and {_increase(_ASKED)} > 0)"
        f" or {_increase(f'apiserver_audit_error_total{{{_SERVER}}}')} > 0",
        # A request can be counted at one scrape and its event at the next.
        wait="5m",
        seen_after=_WINDOW_MINUTES * 60 + SCRAPE_SECONDS,
        # Nothing that runs is disturbed, and what was not written is lost whoever gets up for it.
        # On a cluster that keeps no log it fires until it does.
        severity="warning",
        summary="Kubernetes writes no audit log, or cannot write all of it.",
        description="Within 15 minutes the API server {{ $labels.instance }} made changes and "
        "wrote no event of its audit log, or could not write some: who did that to the platform "
        "cannot be shown.",
    ),
)
"""All of them."""
