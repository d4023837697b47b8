"""Redis cluster: are all slots served and doubled, and does it keep up?"""

from dashboards.board import Board
from dashboards.panels import Panel, Query, Row, Thresholds
from dashboards.promql import NAMESPACE, rate, share_by

_REDIS = f'{{job="redis",{NAMESPACE}}}'

_HEALTH = Row(
    title="Cluster",
    panels=(
        Panel(
            title="Nodes that answer",
            description="Redis nodes that their exporter reaches.",
            unit="short",
            kind="number",
            width=6,
            alerts=("RedisDown", "RedisNodeDown"),
            queries=(Query(expr=f"sum(redis_up{_REDIS})", legend="nodes"),),
        ),
        Panel(
            title="Slots served",
            description="Of 16,384 hash slots, as the node that sees fewest says. Keys of the "
            "others can be neither read nor written, and the queue is one key.",
            unit="short",
            kind="number",
            width=6,
            thresholds=Thresholds(warning=16384, critical=16383),
            alerts=("RedisSlotsUncovered",),
            queries=(Query(expr=f"min(redis_cluster_slots_ok{_REDIS})", legend="slots"),),
        ),
        Panel(
            title="Masters",
            description="Nodes that serve slots, as the node that sees fewest says.",
            unit="short",
            kind="number",
            width=6,
            queries=(Query(expr=f"min(redis_cluster_size{_REDIS})", legend="masters"),),
        ),
        Panel(
            title="Replicas that follow",
            description="Replicas connected to their masters. One fewer than masters: the loss of "
            "one more node can lose a shard.",
            unit="short",
            kind="number",
            width=6,
            alerts=("RedisReplicaMissing",),
            queries=(Query(expr=f"sum(redis_connected_slaves{_REDIS})", legend="replicas"),),
        ),
        Panel(
            title="Cluster state by node",
            description="1 where a node says that the cluster is complete, 0 where it refuses "
            "commands.",
            unit="short",
            thresholds=Thresholds(warning=1, critical=0.5),
            queries=(Query(expr=f"redis_cluster_state{_REDIS}", legend="{{pod}}"),),
        ),
        Panel(
            title="Masters by node",
            description="1 where a node is a master. Lines that cross are a failover.",
            unit="short",
            queries=(
                Query(
                    expr=f"count by (pod) (redis_instance_info{_REDIS[:-1]},"
                    'role="master"}) or 0 * count by (pod) (redis_instance_info'
                    f"{_REDIS})",
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Masters by zone",
            description="With two in a zone, that zone's loss leaves no majority to elect their "
            "successors.",
            unit="short",
            thresholds=Thresholds(warning=2, critical=3),
            alerts=("RedisMastersShareZone",),
            queries=(
                Query(
                    # A StatefulSet for each zone, redis-ZONE: the pod's name says the zone.
                    expr="count by (zone) (label_replace(redis_instance_info"
                    f'{_REDIS[:-1]},role="master"}}, "zone", "$1", "pod", "redis-(.+)-[0-9]+"))',
                    legend="{{zone}}",
                ),
            ),
        ),
    ),
)

_LOAD = Row(
    title="Load",
    panels=(
        Panel(
            title="Commands by node",
            description="Commands that each node carries out. The queue lives on one shard, whose "
            "master has most of them.",
            unit="ops",
            queries=(
                Query(
                    expr=rate(f"redis_commands_processed_total{_REDIS}", by="pod"),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Time per command by node",
            description="Mean time that a node works on a command, without waiting and network. "
            "n8n's are short; milliseconds mean long scripts or a slow disk.",
            unit="s",
            thresholds=Thresholds(warning=0.001, critical=0.01),
            queries=(
                Query(
                    expr=share_by(
                        "pod",
                        f"redis_commands_duration_seconds_total{_REDIS}",
                        f"redis_commands_total{_REDIS}",
                    ),
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Replicas behind their masters",
            description="Seconds since a master last heard of its replica. What a failed master "
            "acknowledged in this time can be lost.",
            unit="s",
            thresholds=Thresholds(warning=5, critical=10),
            queries=(
                Query(
                    expr=f"max by (pod) (redis_connected_slave_lag_seconds{_REDIS})",
                    legend="replica of {{pod}}",
                ),
            ),
        ),
        Panel(
            title="Network by node",
            description="What each node receives and sends: commands, answers and replication, "
            "without the cluster's bus.",
            unit="Bps",
            queries=(
                Query(
                    expr=rate(f"redis_net_input_bytes_total{_REDIS}", by="pod"),
                    legend="{{pod}} received",
                ),
                Query(
                    expr=rate(f"redis_net_output_bytes_total{_REDIS}", by="pod"),
                    legend="{{pod}} sent",
                ),
            ),
        ),
        Panel(
            title="Clients by node",
            description="Connections of n8n, exporters and other nodes' replicas.",
            unit="short",
            queries=(Query(expr=f"redis_connected_clients{_REDIS}", legend="{{pod}}"),),
        ),
        Panel(
            title="Processor time by node",
            description="Of Redis's process; commands run on one thread, so 100 % of one core is "
            "the most.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.7, critical=0.9),
            queries=(
                Query(
                    expr=f"{rate(f'redis_cpu_sys_seconds_total{_REDIS}', by='pod')} + "
                    f"{rate(f'redis_cpu_user_seconds_total{_REDIS}', by='pod')}",
                    legend="{{pod}}",
                ),
            ),
        ),
    ),
)

_MEMORY = Row(
    title="Memory and persistence",
    panels=(
        Panel(
            title="Memory used, of the most allowed",
            description="At 100 % Redis refuses writes, and n8n can enqueue nothing.",
            unit="percentunit",
            thresholds=Thresholds(warning=0.7, critical=0.9),
            alerts=("RedisMemoryNearLimit",),
            queries=(
                Query(
                    # Every node has a maxmemory.
                    expr=f"redis_memory_used_bytes{_REDIS} / redis_memory_max_bytes{_REDIS}",
                    legend="{{pod}}",
                ),
            ),
        ),
        Panel(
            title="Keys dropped, connections refused",
            description="Keys evicted for want of memory and connections over the limit: both must "
            "be 0.",
            unit="ops",
            thresholds=Thresholds(warning=0.001, critical=0.1),
            queries=(
                Query(expr=rate(f"redis_evicted_keys_total{_REDIS}"), legend="evicted keys"),
                Query(
                    expr=rate(f"redis_rejected_connections_total{_REDIS}"),
                    legend="refused connections",
                ),
            ),
        ),
        Panel(
            title="Last write of the append-only file",
            description="1 if it went well. At 0 the volume is full or broken, and what Redis "
            "acknowledges does not outlive it.",
            unit="short",
            thresholds=Thresholds(warning=1, critical=0.5),
            queries=(Query(expr=f"redis_aof_last_write_status{_REDIS}", legend="{{pod}}"),),
        ),
    ),
)

BOARD = Board(
    uid="redis-cluster",
    title="Redis cluster",
    description="Are all slots served and each shard doubled, and does Redis keep up?",
    namespaces="redis_up",
    rows=(_HEALTH, _LOAD, _MEMORY),
)
