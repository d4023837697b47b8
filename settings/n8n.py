"""Settings of n8n: what all tiers share, and each tier's own."""

from typing import Annotated, Literal

from pydantic import Field

import versions
from settings.platform import Resources
from settings.types import Area, HttpUrl, Image, Percent, Timezone, Version

Replicas = Annotated[int, Field(ge=1, le=200)]
Connections = Annotated[
    int,
    Field(
        ge=2,
        le=50,
        description="Database connections of one pod. n8n's own default, 2, starves under load.",
    ),
]
GracefulShutdown = Annotated[
    int,
    Field(
        ge=1,
        le=3600,
        description="Seconds that n8n may go on finishing work after SIGTERM; an execution that "
        "takes longer ends as crashed and is not retried.",
    ),
]
PreStop = Annotated[
    int,
    Field(
        ge=0,
        le=120,
        description="Seconds that a pod goes on serving after it was told to stop: n8n's readiness "
        "never turns false by itself, so the load balancer needs the time to take it out.",
    ),
]
GracePeriod = Annotated[
    int,
    Field(
        ge=2,
        le=7200,
        description="Seconds after which Kubernetes kills a pod that was told to stop.",
    ),
]


class N8nSettings(Area):
    """What all tiers of n8n share."""

    image: Image = Field(default=versions.N8N, description="n8n's image.")
    runners_image: Image = Field(
        default=versions.N8N_RUNNERS,
        description="Task runners' image; its version must equal n8n's.",
    )
    minimum_versions: tuple[Version, ...] = Field(
        default=versions.N8N_MINIMUM_VERSIONS,
        min_length=1,
        description="Oldest n8n accepted, one for each release line, because of known flaws.",
    )
    webhook_url: HttpUrl = Field(
        default="https://hooks.n8n.example/", description="Public address of webhooks and forms."
    )
    editor_url: HttpUrl = Field(
        default="https://n8n.example/", description="Address of the editor, on a host of its own."
    )
    proxy_hops: int = Field(
        default=1,
        ge=0,
        le=10,
        description="Reverse proxies before n8n whose X-Forwarded-For entries it believes.",
    )
    timezone: Timezone = Field(
        default="Etc/UTC", description="Time zone of schedules, an IANA name."
    )
    log_level: Literal["error", "warn", "info"] = Field(
        default="info",
        description="Least severe message logged. No debug: it logs what users send.",
    )
    redis_timeout_milliseconds: int = Field(
        default=60_000,
        ge=10_000,
        le=600_000,
        description="Milliseconds without Redis after which a process exits. n8n's own default, "
        "10000, is about as long as a failover takes.",
    )
    execution_retention_hours: int = Field(
        default=336, description="Hours that finished executions are kept; n8n's default."
    )
    execution_retention_count: int = Field(
        default=50_000,
        ge=1,
        le=10_000_000,
        description="Finished executions that are kept at most.",
    )
    workflow_history_hours: int = Field(
        default=2160,
        description="Hours that former versions of a workflow are kept. n8n's own default is "
        "for ever.",
    )
    retention_minimum_hours: int = Field(
        default=24, ge=1, description="No retention may be shorter: incidents must stay traceable."
    )
    retention_maximum_hours: int = Field(
        default=8760, ge=1, description="No retention may be longer: GDPR Art. 5(1)(e)."
    )
    save_successful_executions: bool = Field(
        default=False,
        description="Keep what successful executions processed. Off: GDPR Art. 25(2).",
    )


class MainSettings(Area):
    """The one main pod: editor, API, schedules. More than one needs a licence of n8n."""

    resources: Resources = Field(
        default=Resources(
            cpu_request="500m", memory_request="1Gi", cpu_limit="2", memory_limit="2Gi"
        ),
        description="Main used 418 MB at rest where it was measured.",
    )
    database_connections: Connections = 6
    graceful_shutdown_seconds: GracefulShutdown = 30
    pre_stop_seconds: PreStop = 5
    grace_period_seconds: GracePeriod = 60


class WebhookSettings(Area):
    """The webhook pods, which take requests from outside and queue them."""

    min_replicas: Annotated[Replicas, Field(description="Fewest webhook pods.")] = 2
    max_replicas: Annotated[Replicas, Field(description="Most webhook pods.")] = 10
    target_cpu_percent: Percent = Field(
        default=70, description="CPU use, in percent of the request, above which pods are added."
    )
    resources: Resources = Field(
        default=Resources(
            cpu_request="500m", memory_request="512Mi", cpu_limit="1", memory_limit="1Gi"
        ),
        description="As the mission asks; 547 MB were measured under load.",
    )
    database_connections: Connections = 6
    graceful_shutdown_seconds: GracefulShutdown = 30
    pre_stop_seconds: PreStop = 15
    grace_period_seconds: GracePeriod = 60


class WorkerSettings(Area):
    """The worker pods, which execute workflows."""

    min_replicas: Annotated[Replicas, Field(description="Fewest worker pods.")] = 3
    max_replicas: Annotated[Replicas, Field(description="Most worker pods.")] = 20
    concurrency: int = Field(
        default=10, ge=1, le=100, description="Executions that one worker runs at the same time."
    )
    autoscaling: Literal["memory", "queue"] = Field(
        default="memory",
        description="What adds workers: their memory use (HorizontalPodAutoscaler) or the length "
        "of the queue (KEDA ScaledObject; KEDA must be installed).",
    )
    target_memory_percent: Percent = Field(
        default=80, description="Memory use, in percent of the request, above which pods are added."
    )
    target_jobs_per_worker: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="Waiting and running jobs for each worker, with queue.",
    )
    resources: Resources = Field(
        default=Resources(cpu_request="1", memory_request="1Gi", cpu_limit="2", memory_limit="2Gi"),
        description="As the mission asks; 539 MB were measured under load.",
    )
    runner_resources: Resources = Field(
        default=Resources(
            cpu_request="100m", memory_request="256Mi", cpu_limit="1", memory_limit="512Mi"
        ),
        description="The task runner beside each worker; 116 MB were measured.",
    )
    database_connections: Connections = 6
    graceful_shutdown_seconds: GracefulShutdown = 300
    pre_stop_seconds: PreStop = 0
    grace_period_seconds: GracePeriod = 330
