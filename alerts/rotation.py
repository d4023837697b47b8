"""The alert on keys that are older than their rotation, and what it is made from.

No program tells how old a key is. The moments from which on they are due come from the stack, and
rules record them, so that alert and dashboards read the same.
"""

from collections.abc import Iterator, Mapping

from alerts.rule import Alert, Rule

DUE = "esc:key_rotation_due:timestamp_seconds"
"""Metric: seconds since 1970 from which on a key, its label `key`, is due to be replaced; 0 where
nobody has written down when it was set."""

INTERVAL = "2m"
"""Between two recordings: what changes with a deployment only. Prometheus forgets a series after
five minutes."""

_SERIES = f'{DUE}{{namespace="$namespace"}}'


def recorded(due: Mapping[str, int], namespace: str) -> list[Rule]:
    """A recording rule for each key.

    Args:
        due: as for `alerts.groups`.
        namespace: of the platform.
    """
    return [
        {"record": DUE, "expr": f"vector({moment})", "labels": {"namespace": namespace, "key": key}}
        for key, moment in due.items()
    ]


def alerts(due: Mapping[str, int]) -> Iterator[Alert]:
    """The alert; none where there are no keys."""
    if due:
        yield Alert(
            name="N8nKeyRotationDue",
            # Those of which nothing is known are told of as one: in a new environment it is all.
            expr=f"(time() - ({_SERIES} > 0)) / 86400 >= 0"
            f" or count by (namespace) ({_SERIES} == 0)",
            wait="0m",
            # Time itself is not scraped.
            seen_after=0,
            severity="warning",
            summary="A key is older than its rotation, or nobody wrote down when it was set.",
            description="{{ if $labels.key }}{{ $labels.key }} should have been replaced "
            '{{ printf "%.0f" $value }} days ago: `make rotate`.{{ else }}{{ $value }} keys have '
            "no day in esc/rotated.yaml, and count as due: `make integrations` names them, `make "
            "rotated` writes down when they were set.{{ end }}",
        )
