"""The copy of n8n's own backup in S3: what makes it, and its way there.

The container runs when the backup has ended. It gets the credentials of its pod's role from EKS,
which puts them into no Secret, no variable and no file that outlives the pod.
"""

from typing import Any

import pulumi_kubernetes as kubernetes

from components import named_egress, network, pods
from components.connections import BackupBucket
from components.jobs import job
from components.jobs.job import Volume
from settings import Settings, sizing

SCRIPT = "copy-backup.sh"

_HOME = "/tmp"

_AGENT, _AGENT_PORT = "169.254.170.23", 80
"""Where every node's Pod Identity Agent hands out credentials, for the token of a pod:
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html. The metadata service, from
which no pod may have a node's, is another address."""

_S3_PORT = 443


def home() -> Volume:
    """What the AWS CLI writes to, in memory: credentials could be in it."""
    return job.scratch("aws", _HOME, size="16Mi", memory=True)


def container(
    settings: Settings, bucket: BackupBucket, *, folder: str, volumes: list[Volume]
) -> kubernetes.core.v1.ContainerArgs:
    """The AWS CLI, which copies the newest backup.

    Args:
        settings: settings of the stack.
        bucket: where to.
        folder: where the container sees the backups.
        volumes: what it sees.
    """
    variables = {
        "HOME": _HOME,
        "AWS_REGION": bucket.region,
        # A role that is missing is an error at once, and not a question to a service out of reach.
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return kubernetes.core.v1.ContainerArgs(
        name="copy",
        image=settings.backup.copy_image,
        command=["sh", f"{job.SCRIPTS}/{SCRIPT}", folder, f"s3://{bucket.name}/{bucket.prefix}"],
        env=[
            kubernetes.core.v1.EnvVarArgs(name=name, value=value)
            for name, value in variables.items()
        ],
        resources=pods.requirements(sizing.BACKUP_COPY),
        security_context=pods.container_security(),
        volume_mounts=[each.mount for each in volumes],
    )


def egress(settings: Settings) -> list[kubernetes.networking.v1.NetworkPolicyEgressRuleArgs]:
    """The way to the agent and to S3, whose addresses are public ones; by name, see `by_name`."""
    agent = kubernetes.networking.v1.NetworkPolicyPeerArgs(
        ip_block=kubernetes.networking.v1.IPBlockArgs(cidr=f"{_AGENT}/32")
    )
    rules = [network.egress([agent], _AGENT_PORT)]
    if settings.platform.egress == "addresses":
        rules.append(network.egress([network.public()], _S3_PORT))
    return rules


def by_name(pod_labels: dict[str, str], bucket: BackupBucket) -> dict[str, Any]:
    """The same to Cilium: the bucket by its name, and the agent as a port of the node.

    Cilium knows a node's own addresses as the node, which no range of addresses covers:
    https://github.com/cilium/cilium/issues/34387
    """
    host = f"{bucket.name}.s3.{bucket.region}.amazonaws.com"
    specification = named_egress.to_hosts(pod_labels, [(host, _S3_PORT)])
    specification["egress"].append(
        {
            "toEntities": ["host"],
            "toPorts": [{"ports": [{"port": str(_AGENT_PORT), "protocol": "TCP"}]}],
        }
    )
    return specification
