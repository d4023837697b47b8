"""The exporter beside PostgreSQL in the cluster: a role that may only look, and needs no password.

PostgreSQL knows it by its process: it connects through the pod's own socket, and the kernel says
which user is at the other end. Only the exporter's container runs as that user.

A database whose volume is older than its monitoring lacks the role; CREATE_ROLE is what to run in
it once, as the superuser. Until then the exporter says `pg_up 0`.
"""

import pulumi_kubernetes as kubernetes

from components import pods
from components.monitoring import access
from settings import Settings, sizing

_ROLE = "monitoring"

_UID = 65534
"""User `nobody` of both images: the exporter's own says so, and PostgreSQL's must have a name for
it."""

ACCESS = f"""\
# The exporter, as whom the kernel says it runs.
local    all       {_ROLE}  peer map={_ROLE}
"""
"""Lines of pg_hba.conf."""

IDENTITIES = f"""\
# map       system user  role
{_ROLE}  nobody       {_ROLE}
"""
"""pg_ident.conf."""

CREATE_ROLE = f"""\
CREATE ROLE {_ROLE} LOGIN IN ROLE pg_monitor;
"""
"""SQL that makes the role: statistics and settings of all databases, no table of any."""


def exporter(
    settings: Settings, socket: kubernetes.core.v1.VolumeMountArgs
) -> kubernetes.core.v1.ContainerArgs:
    """The container.

    Args:
        settings: settings of the stack.
        socket: where it finds the directory of PostgreSQL's socket.
    """
    security = pods.container_security()
    security.run_as_user = _UID
    return kubernetes.core.v1.ContainerArgs(
        name="exporter",
        image=settings.monitoring.postgres_exporter_image,
        args=[f"--web.listen-address=:{access.POSTGRES_PORT}"],
        env=[
            kubernetes.core.v1.EnvVarArgs(
                name="DATA_SOURCE_NAME",
                value=f"user={_ROLE} host={socket.mount_path} dbname=postgres",
            )
        ],
        ports=[
            kubernetes.core.v1.ContainerPortArgs(
                name="metrics", container_port=access.POSTGRES_PORT
            )
        ],
        resources=pods.requirements(sizing.EXPORTER),
        security_context=security,
        # Whether it is there, not whether PostgreSQL is: that is a metric, not a reason to restart
        # or to take the database away from n8n.
        liveness_probe=kubernetes.core.v1.ProbeArgs(
            http_get=kubernetes.core.v1.HTTPGetActionArgs(path="/", port="metrics"),
            period_seconds=20,
            timeout_seconds=5,
            failure_threshold=6,
        ),
        volume_mounts=[socket],
    )
