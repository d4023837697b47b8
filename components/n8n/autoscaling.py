"""How many pods a tier has: by what its containers use, or by how much waits in the queue."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.connections import RedisConnection

WAITING = "{bull}:jobs:wait"
RUNNING = "{bull}:jobs:active"
"""The queue's lists of jobs. The braces are part of the keys: n8n adds them to Bull's prefix when
Redis is a cluster, so that the whole queue lives in one slot."""

_POLLING_SECONDS = 15
"""How often KEDA asks Redis: as often as Kubernetes looks at a HorizontalPodAutoscaler."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What an autoscaler may do with a Deployment.

    Attributes:
        deployment: name of the Deployment.
        minimum: fewest pods.
        maximum: most pods.
        calm_seconds: how long fewer pods must have been enough before one is taken away. After
            that one pod a minute goes, so that a wrong guess costs one pod and the drains of pods
            that are still busy don't add up. Adding pods follows Kubernetes' default: at once,
            and up to twice as many.
    """

    deployment: str
    minimum: int
    maximum: int
    calm_seconds: int


def by_resource(
    bounds: Bounds, *, container: str, resource: Literal["cpu", "memory"], target_percent: int
) -> kubernetes.autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    """A HorizontalPodAutoscaler on what one container uses, in percent of its request.

    On one container, because the pod's sum would count the sidecar's use against its request too.

    Args:
        bounds: Deployment and number of pods.
        container: name of the container.
        resource: what is measured.
        target_percent: mean over all pods above which pods are added.
    """
    v2 = kubernetes.autoscaling.v2
    return v2.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=v2.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=bounds.deployment
        ),
        min_replicas=bounds.minimum,
        max_replicas=bounds.maximum,
        metrics=[
            v2.MetricSpecArgs(
                type="ContainerResource",
                container_resource=v2.ContainerResourceMetricSourceArgs(
                    container=container,
                    name=resource,
                    target=v2.MetricTargetArgs(
                        type="Utilization", average_utilization=target_percent
                    ),
                ),
            )
        ],
        behavior=v2.HorizontalPodAutoscalerBehaviorArgs(
            scale_down=v2.HPAScalingRulesArgs(
                stabilization_window_seconds=bounds.calm_seconds,
                policies=[v2.HPAScalingPolicyArgs(type="Pods", value=1, period_seconds=60)],
            )
        ),
    )


def by_queue(
    bounds: Bounds, *, redis: RedisConnection, authentication: str, jobs_per_pod: int
) -> dict[str, object]:
    """The specification of a KEDA ScaledObject on the number of unfinished jobs.

    Running jobs count as much as waiting ones: with the waiting ones alone, workers would be taken
    away as soon as the last job was picked up, in the middle of executing it. KEDA makes a
    HorizontalPodAutoscaler of its own out of this; without an answer from Redis that one leaves
    the number of pods as it is.

    Args:
        bounds: Deployment and number of pods.
        redis: where the queue is.
        authentication: name of a TriggerAuthentication made by `queue_authentication`.
        jobs_per_pod: unfinished jobs that one pod stands for.
    """

    def trigger(name: str, key: str) -> dict[str, object]:
        return {
            "name": name,
            "type": "redis-cluster",
            "metadata": {
                "addresses": ",".join(redis.nodes),
                "username": redis.username,
                "listName": key,
                "listLength": str(jobs_per_pod),
                "enableTLS": "true" if redis.certificate_authority else "false",
            },
            "authenticationRef": {"name": authentication},
        }

    return {
        "scaleTargetRef": {"name": bounds.deployment},
        "pollingInterval": _POLLING_SECONDS,
        "minReplicaCount": bounds.minimum,
        "maxReplicaCount": bounds.maximum,
        "triggers": [trigger("waiting", WAITING), trigger("running", RUNNING)],
        "advanced": {
            # Without a formula each trigger is judged by itself and the larger one wins.
            "scalingModifiers": {
                "formula": "waiting + running",
                "target": str(jobs_per_pod),
                "metricType": "AverageValue",
            },
            "horizontalPodAutoscalerConfig": {
                "behavior": {
                    "scaleDown": {
                        "stabilizationWindowSeconds": bounds.calm_seconds,
                        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
                    }
                }
            },
        },
    }


def queue_authentication(redis: RedisConnection) -> dict[str, object]:
    """The specification of a KEDA TriggerAuthentication: how KEDA logs in to Redis.

    It names the same Secrets as n8n's pods do, so that there is one password to rotate.
    """

    def parameter(name: str, secret: pulumi.Input[str], key: str) -> dict[str, pulumi.Input[str]]:
        return {"parameter": name, "name": secret, "key": key}

    parameters = [parameter("password", redis.password.name, redis.password.key)]
    authority = redis.certificate_authority
    if authority:
        parameters.append(parameter("ca", authority.name, authority.key))
    return {"secretTargetRef": parameters}
