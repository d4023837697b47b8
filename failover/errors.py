"""What goes wrong with a failover."""


class FailoverError(Exception):
    """Why a failover cannot begin or go on, and what to do."""
