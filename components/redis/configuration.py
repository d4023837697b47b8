"""The files that every node is given: redis.conf, the placement of shards, and the scripts.

No secret is in them. What differs between pods (addresses) or is secret (users) is written by
`scripts/start.sh` to memory when a node starts. What lies between the lines `# >>> watched` and
`# <<< watched` of a script is left out where nothing watches the platform.

The scripts keep to commands that Redis 7.0 and 8 have in common: the pods run the image of the
settings, the tests whatever release from 7.0 on the machine has.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from kubernetes.utils.quantity import parse_quantity

from components.redis import topology
from components.redis.topology import BUS_PORT, PORT, Shard
from settings.data import RedisSettings

_SCRIPTS = Path(__file__).parent / "scripts"

_WATCHED = re.compile(r"^# >>> watched$.*?^# <<< watched\n\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Directories:
    """Where a node finds and keeps its files.

    Attributes:
        configuration: the files of this module, read-only.
        data: what survives the pod: the queue, and the node's memory of the cluster.
        run: what must not reach a disk: users and passwords.
        passwords: a file for each key of the Secret of Redis's passwords, read-only.
        certificates: `tls.crt`, `tls.key` and `ca.crt`.
        exporter: the password of the exporter beside the node, which must not reach a disk either.
    """

    configuration: str = "/etc/redis"
    data: str = "/data"
    run: str = "/run/redis"
    passwords: str = "/etc/redis-passwords"
    certificates: str = "/etc/redis-tls"
    exporter: str = "/run/redis-exporter"


def environment(
    redis: RedisSettings, *, domain: str, directories: Directories, watched: bool
) -> dict[str, str]:
    """What the scripts read from the environment, apart from the pod's own name and IP."""
    return {
        "REDIS_CONFIGURATION": directories.configuration,
        "REDIS_RUN": directories.run,
        "REDIS_PASSWORDS": directories.passwords,
        "REDIS_PORT": str(PORT),
        "REDIS_DOMAIN": domain,
        # Empty without TLS.
        "REDIS_CA": f"{directories.certificates}/ca.crt" if redis.tls else "",
        **({"REDIS_EXPORTER": directories.exporter} if watched else {}),
    }


def files(
    redis: RedisSettings, shards: tuple[Shard, ...], directories: Directories, *, watched: bool
) -> dict[str, str]:
    """Every file by name.

    Args:
        redis: settings of Redis.
        shards: which pod is to hold what.
        directories: where the files are found.
        watched: whether there is an exporter beside each node.
    """
    return {
        "redis.conf": redis_conf(redis, directories),
        "topology": topology.table(shards),
        **{
            script.name: script.read_text() if watched else _WATCHED.sub("", script.read_text())
            for script in sorted(_SCRIPTS.glob("*.sh"))
        },
    }


def redis_conf(redis: RedisSettings, directories: Directories) -> str:
    """redis.conf: what all nodes have in common."""
    return "\n".join(
        [
            *_network(redis, directories.certificates),
            *_cluster(redis),
            *_storage(redis, directories.data),
            f"aclfile {directories.run}/users.acl",
            "",
        ]
    )


def _network(redis: RedisSettings, certificates: str) -> list[str]:
    common = ["protected-mode yes", "tcp-keepalive 60"]
    if not redis.tls:
        return [*common, f"port {PORT}"]
    return [
        *common,
        "port 0",
        f"tls-port {PORT}",
        f"tls-cert-file {certificates}/tls.crt",
        f"tls-key-file {certificates}/tls.key",
        f"tls-ca-cert-file {certificates}/ca.crt",
        'tls-protocols "TLSv1.2 TLSv1.3"',
        # Clients prove who they are by password; nodes need a certificate on the bus all the same.
        "tls-auth-clients no",
        "tls-replication yes",
        "tls-cluster yes",
    ]


def _cluster(redis: RedisSettings) -> list[str]:
    return [
        "cluster-enabled yes",
        "cluster-config-file nodes.conf",
        f"cluster-port {BUS_PORT}",
        f"cluster-node-timeout {redis.node_timeout_milliseconds}",
        # A pod's name outlives its IP, and is what its certificate names.
        "cluster-preferred-endpoint-type hostname",
        # The queue lies in one slot: another shard's loss must not stop it.
        "cluster-require-full-coverage no",
        # Placement is declared, not found: a replica never moves to a master it wasn't given.
        "cluster-allow-replica-migration no",
        # A replica that has not heard from its master for ten node timeouts is not elected: it
        # would bring back a queue long past. That shard then waits for its master.
        "cluster-replica-validity-factor 10",
        # Long enough that a restarted replica continues instead of copying everything again.
        "repl-backlog-size 16mb",
        # A master has one replica: nobody else to wait for before a copy starts.
        "repl-diskless-sync-delay 0",
    ]


def _storage(redis: RedisSettings, data: str) -> list[str]:
    return [
        f"dir {data}",
        "appendonly yes",
        # On the disk before it is answered: an answer means that the job is kept. With `everysec`
        # Redis may hold answered writes in its memory while the disk is busy.
        "appendfsync always",
        # The append-only file is the copy; snapshots beside it would double the memory for nothing.
        'save ""',
        f"maxmemory {int(parse_quantity(redis.max_memory))}",
        # Jobs are not a cache: full, a node refuses writes.
        "maxmemory-policy noeviction",
    ]
