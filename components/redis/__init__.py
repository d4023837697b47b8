"""Redis Cluster: three shards of a master and a replica over three zones, which hold the queue.

It buys availability, not throughput: every key of n8n's queue lies in one slot, hence on one
master, so `redis.maxMemory` bounds the queue and two more shards do not make it faster.
"""

from components.redis.cluster import RedisCluster

__all__ = ["RedisCluster"]
