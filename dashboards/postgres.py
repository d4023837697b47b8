"""PostgreSQL and volumes: does the database answer, keep up, and have room?"""

from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, rate, share

_POSTGRES = f'{{job="postgres",{NAMESPACE}}}'
_NEEDS = frozenset({"postgres"})
_VOLUME = f"{{{NAMESPACE}}}"
_OPEN = f'{_POSTGRES[:-1]},state=~"active|idle in transaction.*"}}'

_STATE = Row(
    title="PostgreSQL",
    needs=_NEEDS,
    panels=(
        Panel(
            title="Answers",
            description="1 while the server answers its exporter. At 0 n8n can do nothing.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=1, critical=0.5),
            alerts=("N8nDatabaseDown",),
            queries=(Query(expr=f"min(pg_up{_POSTGRES})", legend="answers"),),
        ),
        Panel(
            title="Connections in use",
            description="Share of max_connections. At 100 % pods that start get none.",
            unit="percentunit",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=0.7, critical=0.9),
            alerts=("N8nDatabaseConnectionsNearLimit",),
            queries=(
                Query(
                    expr=f"sum(pg_stat_activity_count{_POSTGRES})"
                    f" / max(pg_settings_max_connections{_POSTGRES})",
                    legend="in use",
                ),
            ),
        ),
        Panel(
            title="Longest transaction",
            description="How long the oldest open transaction has been open. It keeps the rows "
            "that others deleted since, and their locks wait for it.",
            unit="s",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=300, critical=3600),
            queries=(
                Query(expr=f"max(pg_stat_activity_max_tx_duration{_OPEN})", legend="longest"),
            ),
        ),
        Panel(
            title="Size",
            description="Of all databases of the server, without the write-ahead log.",
            unit="bytes",
            kind="number",
            width=6,
            queries=(Query(expr=f"sum(pg_database_size_bytes{_POSTGRES})", legend="size"),),
        ),
        Panel(
            title="Connections by state",
            description="Idle in transaction for long: somebody has begun and does not end.",
            unit="short",
            queries=(
                Query(
                    expr=f"sum by (state) (pg_stat_activity_count{_POSTGRES})", legend="{{state}}"
                ),
            ),
        ),
        Panel(
            title="Transactions",
            description="Transactions that ended, of n8n and of the exporter.",
            unit="ops",
            queries=(
                Query(expr=rate(f"pg_stat_database_xact_commit{_POSTGRES}"), legend="committed"),
                Query(
                    expr=rate(f"pg_stat_database_xact_rollback{_POSTGRES}"), legend="rolled back"
                ),
            ),
        ),
        Panel(
            title="Rows written",
            description="Rows of executions are most of them; pruning deletes.",
            unit="ops",
            queries=tuple(
                Query(expr=rate(f"pg_stat_database_tup_{what}{_POSTGRES}"), legend=what)
                for what in ("inserted", "updated", "deleted")
            ),
        ),
        Panel(
            title="Reads answered from memory",
            description="Share of blocks that were in PostgreSQL's own cache; without reads it is "
            "100 %. The kernel's cache comes on top.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.95, critical=0.8),
            queries=(
                Query(
                    expr="1 - "
                    + share(
                        rate(f"pg_stat_database_blks_read{_POSTGRES}"),
                        f"({rate(f'pg_stat_database_blks_read{_POSTGRES}')} + "
                        f"{rate(f'pg_stat_database_blks_hit{_POSTGRES}')})",
                    ),
                    legend="from memory",
                ),
            ),
        ),
        Panel(
            title="Deadlocks",
            description="Transactions that PostgreSQL ended because they waited for each other.",
            unit="ops",
            thresholds=Thresholds(warning=0.001, critical=0.1),
            queries=(
                Query(expr=rate(f"pg_stat_database_deadlocks{_POSTGRES}"), legend="deadlocks"),
            ),
        ),
        Panel(
            title="Write-ahead log",
            description="Bytes on disk that are not yet recycled. A checkpoint that cannot keep up "
            "lets it grow.",
            unit="bytes",
            queries=(Query(expr=f"pg_wal_size_bytes{_POSTGRES}", legend="{{pod}}"),),
        ),
    ),
)

_VOLUMES = Row(
    title="Volumes",
    panels=(
        Panel(
            title="Volumes, space used",
            description="Share of each volume's bytes. A full volume stops PostgreSQL, and makes "
            "Redis refuse writes.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.6, critical=0.9),
            alerts=("N8nVolumeFilling",),
            queries=(
                Query(
                    expr=f"1 - kubelet_volume_stats_available_bytes{_VOLUME}"
                    f" / kubelet_volume_stats_capacity_bytes{_VOLUME}",
                    legend="{{persistentvolumeclaim}}",
                ),
            ),
        ),
        Panel(
            title="Volumes, space left",
            description="Bytes that pods can still write to each volume.",
            unit="bytes",
            queries=(
                Query(
                    expr=f"kubelet_volume_stats_available_bytes{_VOLUME}",
                    legend="{{persistentvolumeclaim}}",
                ),
            ),
        ),
        Panel(
            title="Volumes, files used",
            description="Share of each volume's inodes: one that has none left is full, whatever "
            "its bytes say.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.6, critical=0.9),
            queries=(
                Query(
                    expr=f"kubelet_volume_stats_inodes_used{_VOLUME}"
                    f" / (kubelet_volume_stats_inodes{_VOLUME} > 0)",
                    legend="{{persistentvolumeclaim}}",
                ),
            ),
        ),
    ),
)

BOARD = Board(
    uid="postgresql-volumes",
    title="PostgreSQL and volumes",
    description="Does the database answer and keep up, and is there room on every volume?",
    # Volumes are there without a PostgreSQL in the cluster, too.
    namespaces="n8n_version_info",
    rows=(_STATE, _VOLUMES),
)
