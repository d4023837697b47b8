"""Settings of an environment in an account of AWS: network, cluster, database, keys, recovery."""

from settings.aws.environment import AwsSettings

__all__ = ["AwsSettings"]
