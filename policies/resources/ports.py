"""Ports that nobody outside has any business with."""

DATA_STORES = {
    1433: "SQL Server",
    1521: "Oracle",
    2379: "etcd",
    2380: "etcd, between its nodes",
    3306: "MySQL",
    5432: "PostgreSQL",
    5439: "Redshift",
    6379: "Redis",
    6432: "PgBouncer",
    9042: "Cassandra",
    9092: "Kafka",
    9200: "OpenSearch",
    9300: "OpenSearch, between its nodes",
    11211: "Memcached",
    16379: "Redis Cluster, between its nodes",
    26379: "Redis Sentinel",
    27017: "MongoDB",
}
"""Where data stores listen by default."""

ADMINISTRATION = {22: "SSH", 3389: "Remote Desktop"}
"""Where machines listen for their administrators."""
