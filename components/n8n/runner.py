"""The task runner beside each worker: where code that users wrote into workflows runs."""

import pulumi_kubernetes as kubernetes

from components import pods
from components.connections import SecretKey
from components.n8n.environment import TASK_SECONDS
from components.n8n.pod import Sidecar
from settings import Settings

_UID = 65532
"""User and group `nonroot` of the runners' image; not n8n's, so that they share no files."""

_BROKER = "http://127.0.0.1:5679"
"""n8n's task broker: on the pod's loopback, n8n's default, so no other pod reaches it."""

_HEALTH_PORT = 5680


def task_runner(settings: Settings, token: SecretKey) -> Sidecar:
    """The launcher of the JavaScript and Python runners, as a native sidecar.

    Native (an init container that is restarted) and not a second container, because of the order:
    it is there before the worker takes its first job, and it is stopped only after the worker has
    finished its last one.

    Args:
        settings: settings of the stack.
        token: shared secret of n8n's broker and the launcher.
    """
    variable = kubernetes.core.v1.EnvVarArgs
    temporary, mount = pods.scratch("runner-temporary", "/tmp", size="256Mi")
    security = pods.container_security()
    security.run_as_user = _UID
    security.run_as_group = _UID
    container = kubernetes.core.v1.ContainerArgs(
        name="task-runner",
        image=settings.n8n.runners_image,
        restart_policy="Always",
        env=[
            token.environment("N8N_RUNNERS_AUTH_TOKEN"),
            variable(name="N8N_RUNNERS_TASK_BROKER_URI", value=_BROKER),
            variable(name="N8N_RUNNERS_LAUNCHER_HEALTH_CHECK_PORT", value=str(_HEALTH_PORT)),
            variable(name="N8N_RUNNERS_TASK_TIMEOUT", value=str(TASK_SECONDS)),
            # As many tasks as the worker has executions: a task that finds no free place fails.
            variable(name="N8N_RUNNERS_MAX_CONCURRENCY", value=str(settings.worker.concurrency)),
            # Never end an idle runner: its memory is set aside anyway, and the next Code node
            # would wait for a new one.
            variable(name="N8N_RUNNERS_AUTO_SHUTDOWN_TIMEOUT", value="0"),
            variable(name="GENERIC_TIMEZONE", value=settings.n8n.timezone),
        ],
        ports=[
            kubernetes.core.v1.ContainerPortArgs(name="runner-health", container_port=_HEALTH_PORT)
        ],
        resources=pods.requirements(settings.worker.runner_resources),
        security_context=security,
        liveness_probe=kubernetes.core.v1.ProbeArgs(
            http_get=kubernetes.core.v1.HTTPGetActionArgs(path="/healthz", port="runner-health"),
            period_seconds=10,
            timeout_seconds=5,
            failure_threshold=6,
        ),
        volume_mounts=[mount],
    )
    return Sidecar(container=container, volumes=[temporary])
