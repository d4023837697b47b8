"""What an environment has in an account of AWS: network, keys, cluster, database, recovery."""
