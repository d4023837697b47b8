"""The AI gateway beside each worker: the router that workflows call, and Portkey's gateway.

Two native sidecars on the pod's loopback. A workflow names a use case; the router looks up its
models in the routing document, adds the providers' keys, keeps count, and hands the call to Portkey
(https://github.com/Portkey-AI/gateway), which speaks to the providers. With Portkey's hosted
service there is the router alone.

Neither asks its clients who they are: no Service, no ingress, and an address of this pod alone.
"""

from pathlib import Path
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as kubernetes

import ai_gateway
from ai_gateway import routing
from components import pods
from components.n8n.pod import Sidecar
from settings import Settings
from settings.ai import AiSettings

_METRICS_PORT = 9464

_CONFIGURATION = "/etc/ai-gateway"
_KEYS = "/etc/ai-gateway-keys"

_GATEWAY_UID = 1000
"""User `node` of the Node.js image that Portkey's is made of, which itself would run as root."""

_ROUTER_UID = 65532
"""User and group `nonroot` of the router's image."""

_GRACE_SECONDS = 5
"""For calls whose workflow is gone: the router is told to end when n8n has finished the others."""

_RETRY_SECONDS = 60
"""For the pauses between attempts, which Portkey doubles each time, beginning with a second."""

_NOBODY = "none.invalid"
"""A host that cannot be (RFC 2606). Portkey takes an empty list for its own, with localhost."""

_mount = kubernetes.core.v1.VolumeMountArgs
_variable = kubernetes.core.v1.EnvVarArgs


def files(settings: AiSettings) -> dict[str, str]:
    """What both read when they start, by the files' names; there is no key in it."""
    read = {"routing.json": routing.document(settings).to_json()}
    if settings.gateway == "sidecar":
        loopback = Path(ai_gateway.__file__).parent / "image" / "loopback.cjs"
        read[loopback.name] = loopback.read_text()
    return read


def variables(settings: Settings) -> dict[str, str]:
    """What n8n is told so that workflows may call the router; nothing where there is none."""
    if settings.ai.gateway == "none":
        return {}
    allowed = [each.cidr for each in settings.platform.private_destinations]
    allowed.append(f"{urlsplit(routing.ROUTER).hostname}/32")
    return {"N8N_SSRF_ALLOWED_IP_RANGES": ",".join(allowed)}


def rereads(settings: Settings) -> tuple[str, ...]:
    """The Secret whose files the router reads for each call; none where there is no router."""
    return () if settings.ai.gateway == "none" else (settings.secrets.ai_gateway_secret,)


def sidecars(settings: Settings, configuration: pulumi.Input[str]) -> list[Sidecar]:
    """The containers in the order in which they start; they end in the opposite one, after n8n.

    Args:
        settings: settings of the stack, whose `ai.gateway` is not `none`.
        configuration: name of the ConfigMap with `files`.
    """
    router = _router(settings, configuration)
    if settings.ai.gateway == "hosted":
        return [router]
    return [_gateway(settings.ai), router]


def _gateway(settings: AiSettings) -> Sidecar:
    temporary, temporary_mount = pods.scratch("ai-gateway-temporary", "/tmp", size="64Mi")
    # It answers `GET /`, and on the loopback alone, where the kubelet does not reach it.
    answers = (
        f"fetch('{routing.SIDECAR}/')"
        ".then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"
    )
    probe = kubernetes.core.v1.ExecActionArgs(command=["node", "--eval", answers])
    container = kubernetes.core.v1.ContainerArgs(
        name="ai-gateway",
        image=settings.portkey_image,
        restart_policy="Always",
        command=[
            "node",
            # By itself it listens on every address, and ignores SIGTERM.
            "--require",
            f"{_CONFIGURATION}/loopback.cjs",
            "build/start-server.js",
            "--headless",
            f"--port={urlsplit(routing.SIDECAR).port}",
        ],
        env=[
            _variable(name="NODE_ENV", value="production"),
            _variable(
                name="TRUSTED_CUSTOM_HOSTS",
                value=",".join(routing.trusted_hosts(settings)) or _NOBODY,
            ),
        ],
        resources=pods.requirements(settings.portkey_resources),
        security_context=_security(_GATEWAY_UID),
        startup_probe=kubernetes.core.v1.ProbeArgs(
            exec_=probe, period_seconds=2, timeout_seconds=5, failure_threshold=60
        ),
        # Seldom: each time a Node.js starts for it.
        liveness_probe=kubernetes.core.v1.ProbeArgs(
            exec_=probe, period_seconds=30, timeout_seconds=10, failure_threshold=4
        ),
        volume_mounts=[_configuration_mount(), temporary_mount],
    )
    return Sidecar(container=container, volumes=[temporary])


def _router(settings: Settings, configuration: pulumi.Input[str]) -> Sidecar:
    ai = settings.ai
    # Optional: a call whose provider has no key is answered so, and one that comes later is read
    # when it comes, as one that changes is.
    keys, keys_mount = pods.secret_files(
        "ai-gateway-keys",
        settings.secrets.ai_gateway_secret,
        _KEYS,
        keys=tuple(routing.keys(ai)),
        optional=True,
    )
    container = kubernetes.core.v1.ContainerArgs(
        name="ai-router",
        image=ai.router_image,
        restart_policy="Always",
        args=[
            f"--document={_CONFIGURATION}/routing.json",
            f"--keys={_KEYS}",
            f"--listen={urlsplit(routing.ROUTER).netloc}",
            f"--metrics=0.0.0.0:{_METRICS_PORT}",
            f"--grace-seconds={_GRACE_SECONDS}",
            f"--timeout-seconds={_longest_call(ai)}",
        ],
        ports=[
            kubernetes.core.v1.ContainerPortArgs(name="ai-metrics", container_port=_METRICS_PORT)
        ],
        resources=pods.requirements(ai.router_resources),
        security_context=_security(_ROUTER_UID),
        startup_probe=_ask("/healthz", period=2, failures=60),
        liveness_probe=_ask("/healthz", period=10, failures=6),
        # A rollout stops at a pod whose gateway does not answer. An outage of the hosted one is no
        # reason: it would stop every rollout.
        readiness_probe=_ask(
            "/healthz" if ai.gateway == "hosted" else "/readyz", period=10, failures=3
        ),
        volume_mounts=[_configuration_mount(), keys_mount],
    )
    volume = kubernetes.core.v1.VolumeArgs(
        name="ai-gateway",
        config_map=kubernetes.core.v1.ConfigMapVolumeSourceArgs(name=configuration),
    )
    return Sidecar(container=container, volumes=[volume, keys])


def _longest_call(settings: AiSettings) -> int:
    """Seconds that a call may take in which every model of its tier lets its own time pass."""
    tiers = settings.tiers
    models = max(map(len, (tiers.premium, tiers.balanced, tiers.efficient)))
    return models * settings.request_timeout_seconds + _RETRY_SECONDS


def _ask(path: str, *, period: int, failures: int) -> kubernetes.core.v1.ProbeArgs:
    return kubernetes.core.v1.ProbeArgs(
        http_get=kubernetes.core.v1.HTTPGetActionArgs(path=path, port="ai-metrics"),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )


def _configuration_mount() -> kubernetes.core.v1.VolumeMountArgs:
    return _mount(name="ai-gateway", mount_path=_CONFIGURATION, read_only=True)


def _security(user: int) -> kubernetes.core.v1.SecurityContextArgs:
    security = pods.container_security()
    security.run_as_user = user
    security.run_as_group = user
    return security
