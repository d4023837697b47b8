"""How PostgreSQL in RDS is configured."""

from collections.abc import Mapping

from settings import Settings
from settings.aws import AwsSettings


def parameters(settings: Settings, environment: AwsSettings) -> Mapping[str, tuple[str, str]]:
    """By its name the value of each parameter, and when it takes effect: some need a restart."""
    chosen = {
        "rds.force_ssl": ("1", "immediate"),
        # What all tiers need at their maximum, which rules compare.
        "max_connections": (str(settings.database.max_connections), "pending-reboot"),
        "log_connections": ("1", "immediate"),
        "log_disconnections": ("1", "immediate"),
        "log_lock_waits": ("1", "immediate"),
        # Statements that take longer than a second, never what they were given: people's data.
        "log_min_duration_statement": ("1000", "immediate"),
        "log_parameter_max_length": ("0", "immediate"),
        "log_parameter_max_length_on_error": ("0", "immediate"),
    }
    if environment.peer is not None:
        chosen |= {
            # What keeps the lease (sql/fence.sql).
            "shared_preload_libraries": ("pg_stat_statements,pg_cron", "pending-reboot"),
            # Its log is a table that would grow by a row every few seconds.
            "cron.log_run": ("0", "pending-reboot"),
            # Lambda's name is looked up in the VPC, where its endpoint is.
            "rds.custom_dns_resolution": ("1", "pending-reboot"),
        }
    return chosen
