"""The exporter beside each Redis node: a container that asks the node about itself for Prometheus.

It logs in as a user of its own, with a password that never leaves the pod: scripts/start.sh makes
both, and leaves the password in a directory in memory that the two containers share. So there is no
secret to keep or to rotate, and n8n's and the nodes' may be rotated without it.

Whatever becomes of the exporter, Redis stays in service: the exporter's container starts again by
itself and has no readiness probe, and a node can be reached whether or not its pod is ready.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as kubernetes

from components import pods
from components.monitoring import access
from components.redis.configuration import Directories
from components.redis.topology import PORT
from settings import Settings, sizing

_USER = "exporter"
"""Its user in Redis; what it may do is in scripts/start.sh."""


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """What it adds to a node's pod.

    Attributes:
        container: itself.
        volumes: what it mounts.
        password: where Redis's container leaves the password for it.
    """

    container: kubernetes.core.v1.ContainerArgs
    volumes: Sequence[kubernetes.core.v1.VolumeArgs]
    password: kubernetes.core.v1.VolumeMountArgs


def exporter(settings: Settings, *, domain: str, directories: Directories) -> Exporter | None:
    """The exporter; None where nothing watches the platform.

    Args:
        settings: settings of the stack.
        domain: what follows a pod's name in its host name.
        directories: where a node's containers find their files.
    """
    if not settings.monitoring.enabled:
        return None
    shared, password = pods.scratch("exporter", directories.exporter, size="1Mi", memory=True)
    volumes = [shared]
    mounts = [
        kubernetes.core.v1.VolumeMountArgs(
            name=shared.name, mount_path=directories.exporter, read_only=True
        )
    ]
    if settings.redis.tls:
        # The node's private key stays out of its sight.
        authority, mount = pods.secret_files(
            "authority",
            settings.secrets.redis_tls_secret,
            directories.certificates,
            keys=("ca.crt",),
        )
        volumes.append(authority)
        mounts.append(mount)
    container = kubernetes.core.v1.ContainerArgs(
        name="exporter",
        image=settings.monitoring.redis_exporter_image,
        args=arguments(tls=settings.redis.tls, domain=domain, directories=directories),
        env=[
            kubernetes.core.v1.EnvVarArgs(
                name="POD_NAME",
                value_from=kubernetes.core.v1.EnvVarSourceArgs(
                    field_ref=kubernetes.core.v1.ObjectFieldSelectorArgs(field_path="metadata.name")
                ),
            ),
            # Variables, because an exporter older than these would refuse them as flags. It would
            # connect to whatever a request names, and some forty series for each command.
            kubernetes.core.v1.EnvVarArgs(
                name="REDIS_EXPORTER_DISABLE_SCRAPE_ENDPOINT", value="true"
            ),
            kubernetes.core.v1.EnvVarArgs(
                name="REDIS_EXPORTER_EXCLUDE_LATENCY_HISTOGRAM_METRICS", value="true"
            ),
        ],
        ports=[
            kubernetes.core.v1.ContainerPortArgs(name="metrics", container_port=access.REDIS_PORT)
        ],
        resources=pods.requirements(sizing.EXPORTER),
        security_context=pods.container_security(),
        # Whether it is there, not whether Redis is, which `redis_up` says.
        liveness_probe=kubernetes.core.v1.ProbeArgs(
            http_get=kubernetes.core.v1.HTTPGetActionArgs(path="/", port="metrics"),
            period_seconds=20,
            timeout_seconds=5,
            failure_threshold=6,
        ),
        volume_mounts=mounts,
    )
    return Exporter(container=container, volumes=volumes, password=password)


def arguments(*, tls: bool, domain: str, directories: Directories) -> list[str]:
    """The exporter's flags, in which $(POD_NAME) stands for the pod's name."""
    # The name that the pod's own hosts file has and that the certificate is for: found without DNS.
    address = f"{'rediss' if tls else 'redis'}://$(POD_NAME).{domain}:{PORT}"
    return [
        f"--redis.addr={address}",
        f"--redis.user={_USER}",
        f"--redis.password-file={directories.exporter}/passwords.json",
        *([f"--tls-ca-cert-file={directories.certificates}/ca.crt"] if tls else []),
        f"--web.listen-address=:{access.REDIS_PORT}",
        # It has no right to these two, and need not ask.
        "--config-command=-",
        "--set-client-name=false",
    ]
