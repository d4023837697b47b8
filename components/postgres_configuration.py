"""What PostgreSQL in the cluster is told at its start: its files, by name."""

from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity

from components.monitoring.postgres import ACCESS, CREATE_ROLE, IDENTITIES
from settings import Settings
from settings.data import DatabaseSettings

PORT = 5432

CONFIGURATION = "/etc/postgresql"
"""Where its pod has them."""
TLS = "/etc/postgresql-tls"
"""Where its pod has its certificate and key."""

# The first start's own connections come through the socket; everybody else needs TLS.
_ACCESS = """\
# type   database  user      address    method
local    all       all                  scram-sha-256
hostssl  {database}  {user}  all        scram-sha-256
"""

# n8n's role owns its database and nothing else: it is not the superuser that the image makes.
# psql reads the variables from the environment, so that no password is in a file or an argument.
_CREATE_ROLE = """\
\\getenv role N8N_ROLE
\\getenv database N8N_DATABASE
\\getenv password N8N_PASSWORD
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"role";
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
"""


def files(settings: Settings) -> dict[str, str]:
    """The files, with the monitoring exporter's access where the platform is watched."""
    database = settings.database
    without = {
        "postgresql.conf": configuration_file(database),
        "pg_hba.conf": _ACCESS.format(database=database.name, user=database.user),
        "create-role.sql": _CREATE_ROLE,
    }
    if not settings.monitoring.enabled:
        return without
    # The first line that fits decides: the exporter's comes before everybody's.
    return {
        "postgresql.conf": f"{without['postgresql.conf']}"
        f"\nident_file = '{CONFIGURATION}/pg_ident.conf'\n",
        "pg_hba.conf": f"{ACCESS}{without['pg_hba.conf']}",
        "pg_ident.conf": IDENTITIES,
        "create-role.sql": f"{without['create-role.sql']}{CREATE_ROLE}",
    }


def configuration_file(database: DatabaseSettings) -> str:
    """postgresql.conf for the size that settings give.

    The memory settings follow PostgreSQL's own advice: a quarter of the memory for its buffers,
    three quarters as the planner's idea of what is cached.
    """
    memory = parse_quantity(database.resources.memory_request)

    def mebibytes(share: Decimal) -> str:
        return f"{int(memory * share / 2**20)}MB"

    return f"""\
listen_addresses = '*'
port = {PORT}
hba_file = '{CONFIGURATION}/pg_hba.conf'
max_connections = {database.max_connections}
superuser_reserved_connections = {database.reserved_connections}
password_encryption = scram-sha-256

ssl = on
ssl_cert_file = '{TLS}/tls.crt'
ssl_key_file = '{TLS}/tls.key'
ssl_min_protocol_version = 'TLSv1.2'

shared_buffers = {mebibytes(Decimal("0.25"))}
effective_cache_size = {mebibytes(Decimal("0.75"))}
wal_compression = on
max_wal_size = 2GB

# A pod that vanished must not hold its connections for the two hours of the kernel's default.
tcp_keepalives_idle = 60
tcp_keepalives_interval = 10
tcp_keepalives_count = 6

log_connections = on
log_disconnections = on
"""
