"""Alerts on Redis, PostgreSQL and their volumes."""

from alerts.rule import SCRAPE_SECONDS, Alert

_MASTERS = 'redis_instance_info{namespace="$namespace",job="redis",role="master"}'

ALERTS = (
    Alert(
        name="RedisSlotsUncovered",
        # A node that is cut off says so of itself: what most of them say counts.
        expr='quantile by (namespace) (0.5, redis_cluster_slots_ok{namespace="$namespace",'
        'job="redis"}) < 16384',
        wait="1m",
        # The nodes agree that one is lost after twice their timeout, which is 5 s by default.
        seen_after=2 * 5 + SCRAPE_SECONDS,
        severity="critical",
        summary="Part of Redis Cluster's slots has no master.",
        description="Only {{ $value }} of 16384 slots are served. If the queue's is not, no "
        "workflow runs.",
    ),
    Alert(
        name="RedisReplicaMissing",
        expr='(redis_connected_slaves{namespace="$namespace",job="redis"} < 1)'
        f" and on (namespace, pod) {_MASTERS}",
        wait="10m",
        severity="warning",
        summary="A master of Redis has no replica.",
        description="When {{ $labels.pod }} is lost now, so are its slots.",
    ),
    Alert(
        name="RedisMastersShareZone",
        # A StatefulSet for each zone, redis-ZONE: the pod's name says the zone.
        expr="count by (namespace, zone) (label_replace("
        f'{_MASTERS}, "zone", "$1", "pod", "redis-(.+)-[0-9]+")) > 1',
        wait="15m",
        severity="warning",
        summary="A zone holds more than one master of Redis.",
        description="Zone {{ $labels.zone }} holds {{ $value }} masters: when it is lost, those "
        "left are no majority and elect no successors.",
    ),
    Alert(
        name="RedisMemoryNearLimit",
        expr='redis_memory_used_bytes{namespace="$namespace",job="redis"}'
        ' / (redis_memory_max_bytes{namespace="$namespace",job="redis"} > 0) > 0.9',
        wait="5m",
        severity="critical",
        summary="A node of Redis is about to refuse writes.",
        description="{{ $labels.pod }} uses {{ $value | humanizePercentage }} of its memory. At "
        "100 % no job can be queued, as nothing may be evicted.",
    ),
    Alert(
        name="N8nDatabaseConnectionsNearLimit",
        expr='sum by (namespace, pod) (pg_stat_activity_count{namespace="$namespace",'
        'job="postgres"}) / on (namespace, pod) max by (namespace, pod) ('
        'pg_settings_max_connections{namespace="$namespace",job="postgres"}) > 0.9',
        wait="5m",
        severity="warning",
        summary="PostgreSQL is about to refuse connections.",
        description="{{ $value | humanizePercentage }} of max_connections are in use.",
    ),
    Alert(
        name="N8nVolumeFilling",
        expr='(kubelet_volume_stats_available_bytes{namespace="$namespace"}'
        ' / kubelet_volume_stats_capacity_bytes{namespace="$namespace"} < 0.1)'
        ' or (kubelet_volume_stats_available_bytes{namespace="$namespace"}'
        ' / kubelet_volume_stats_capacity_bytes{namespace="$namespace"} < 0.4'
        ' and predict_linear(kubelet_volume_stats_available_bytes{namespace="$namespace"}[6h],'
        " 86400) < 0)",
        wait="15m",
        # The kubelet measures volumes once a minute.
        seen_after=60 + SCRAPE_SECONDS,
        severity="critical",
        summary="A volume is full, or will be within a day.",
        description="{{ $value | humanizePercentage }} of {{ $labels.persistentvolumeclaim }} is "
        "left.",
    ),
)
"""All of them."""
