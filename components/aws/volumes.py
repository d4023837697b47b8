"""Volumes of pods in EKS, which are encrypted without anybody asking for it."""

import pulumi
import pulumi_kubernetes as kubernetes

from components.aws.tags import tags
from components.base import Component, labels
from settings import Settings


class EncryptedVolumes(Component):
    """The default StorageClass: volumes of EBS, encrypted with the environment's own key."""

    area = "aws"

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            key_arn: KMS key of volumes.
        """
        super().__init__(name, opts)
        marks = {
            f"tagSpecification_{number}": f"{key}={value}"
            for number, (key, value) in enumerate(tags(settings).items(), start=1)
        }
        kubernetes.storage.v1.StorageClass(
            "encrypted",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="encrypted",
                labels=labels("storage"),
                annotations={"storageclass.kubernetes.io/is-default-class": "true"},
            ),
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": key_arn, **marks},
            # A volume of EBS is in one zone: that of the pod, which is placed first.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Delete",
            opts=self.child_options(),
        )
        self.register_outputs({})
