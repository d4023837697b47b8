"""Stored data in AWS is encrypted, with keys that the customer manages and cannot lose."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, known, no, some
from policies.resources.aws import (
    EKS_CLUSTER,
    RDS_CLUSTER,
    RDS_INSTANCE,
    companion,
    declared,
    forbid,
    is_bucket,
    is_customer_key,
    is_replica,
    says,
)
from policies.resources.place import Place, Undecided, Verdict
from policies.resources.resource import Resource, of_type

_STORES = {
    "aws:docdb/cluster:Cluster": ("storageEncrypted",),
    "aws:ebs/volume:Volume": ("encrypted",),
    "aws:efs/fileSystem:FileSystem": ("encrypted",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("atRestEncryptionEnabled",),
    "aws:neptune/cluster:Cluster": ("storageEncrypted",),
    "aws:opensearch/domain:Domain": ("encryptAtRest", "enabled"),
    RDS_CLUSTER: ("storageEncrypted",),
    RDS_INSTANCE: ("storageEncrypted",),
}
"""What switches encryption on, where it is off without."""

_MACHINES = ("aws:ec2/instance:Instance", "aws:ec2/launchTemplate:LaunchTemplate")
_KEYS = {
    "aws:backup/vault:Vault": ("kmsKeyArn",),
    "aws:cloudtrail/trail:Trail": ("kmsKeyId",),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:docdb/cluster:Cluster": ("kmsKeyId",),
    "aws:dynamodb/table:Table": ("serverSideEncryption", "kmsKeyArn"),
    "aws:ebs/volume:Volume": ("kmsKeyId",),
    "aws:efs/fileSystem:FileSystem": ("kmsKeyId",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("kmsKeyId",),
    "aws:neptune/cluster:Cluster": ("kmsKeyArn",),
    "aws:opensearch/domain:Domain": ("encryptAtRest", "kmsKeyId"),
    RDS_CLUSTER: ("kmsKeyId",),
    RDS_INSTANCE: ("kmsKeyId",),
    "aws:secretsmanager/secret:Secret": ("kmsKeyId",),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId",),
}
"""What names the key that encrypts."""

_OWN_KEY = "a KMS key that the customer manages"
_S3_ENCRYPTION = "aws:s3/*:BucketServerSideEncryptionConfiguration*"
_EBS_PROVISIONERS = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
_KMS_KEYS = of_type("aws:kms/*:*Key")
_RDS_ENCRYPTION = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html"
_KMS_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"


@condition(
    # A replica takes it over from the database that it follows.
    applies=lambda resource: (
        (resource.type in _STORES and not is_replica(resource)) or resource.type in _MACHINES
    ),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Switch encryption on; for a store that exists, restore an encrypted copy of a snapshot.",
    url=_RDS_ENCRYPTION,
)
def storage_is_encrypted(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Databases, volumes and file systems are encrypted."""
    if resource.type in _STORES:
        yield from resource.at(*_STORES[resource.type]).must_be(True)
        return
    for disk in _disks(resource):
        yield from disk.at("encrypted").must(
            # A launch template writes it as a text.
            lambda encrypted: encrypted.value is True or encrypted.text == "true",
            "true",
        )


@condition(
    applies=lambda resource: resource.type in _KEYS,
    severity=Severity.MEDIUM,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Name a KMS key of your own, whose policy and rotation you decide.",
    url=f"{_KMS_GUIDE}/concepts.html",
)
def encryption_keys_are_customer_managed(resource: Resource, _: Context) -> Iterator[Verdict]:
    """What is stored is encrypted with a key that the customer manages, not one of AWS."""
    source = resource.at("replicateSourceDb")
    if source.text and not source.text.startswith("arn:"):
        return  # A replica in the same region takes the key over.
    key = resource.at(*_KEYS[resource.type])
    if key.missing and source.unknown:
        yield Undecided(source.path, _OWN_KEY)
    else:
        yield from key.must(is_customer_key, _OWN_KEY)


@condition(
    applies=lambda resource: is_bucket(resource) or of_type(_S3_ENCRYPTION)(resource),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Give the bucket a BucketServerSideEncryptionConfiguration with sseAlgorithm aws:kms "
    "and kmsMasterKeyId.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
)
def buckets_are_encrypted_with_own_key(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Objects in S3 are encrypted with a KMS key that the customer manages."""
    if is_bucket(resource):
        inline = declared(resource, "serverSideEncryptionConfiguration").at("rule")
        yield from companion(
            resource,
            "bucket",
            context,
            _S3_ENCRYPTION,
            requires=_OWN_KEY,
            otherwise=_uses_own_key(inline),
        )
        return
    for rule in resource.at("rules").each():
        default = rule.at("applyServerSideEncryptionByDefault")
        yield from default.at("sseAlgorithm").must_be("aws:kms", "aws:kms:dsse")
        yield from default.at("kmsMasterKeyId").must(is_customer_key, _OWN_KEY)


@condition(
    applies=of_type(EKS_CLUSTER),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Set encryptionConfig with resources [secrets] and provider.keyArn.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
)
def eks_secrets_are_encrypted_with_own_key(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Secrets of an EKS cluster are encrypted with a KMS key that the customer manages."""
    config = resource.at("encryptionConfig")
    yield from config.at("provider", "keyArn").must(is_customer_key, _OWN_KEY)
    if not config.missing and not config.unknown:
        resources = config.at("resources")
        yield from forbid(
            no(says(resources, lambda text: text == "secrets")),
            f"{resources.path} without secrets",
            "secrets among them",
            resources,
        )


@condition(
    applies=of_type("aws:kms/key:Key"),
    severity=Severity.MEDIUM,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Set enableKeyRotation to true.",
    url=f"{_KMS_GUIDE}/rotate-keys.html",
)
def kms_keys_rotate(resource: Resource, _: Context) -> Iterator[Verdict]:
    """KMS changes the material of symmetric keys by itself."""
    rotation = resource.at("enableKeyRotation")
    rotates = known(rotation, rotation.value is True)
    yield from forbid(
        every([_can_rotate(resource), no(rotates)]),
        f"{rotation.path} {rotation.state}",
        "true",
        rotation,
        resource.at("customerMasterKeySpec"),
        resource.at("keyUsage"),
    )


@condition(
    applies=_KMS_KEYS,
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)", "32(1)(c)"),
    steps="Leave deletionWindowInDays unset, or set it to 30.",
    url=f"{_KMS_GUIDE}/deleting-keys.html",
)
def kms_keys_wait_before_deletion(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A key deleted by mistake, and with it all data, can be had back for 30 days."""
    window = resource.at("deletionWindowInDays")
    # Not set, it is 30, which is also the most that KMS takes.
    yield from window.must(
        lambda place: place.missing or (place.number or 0) >= 30, "30 days or not set"
    )


@condition(
    applies=lambda resource: (
        of_type("kubernetes:storage.k8s.io/*:StorageClass")(resource)
        and (
            resource.at("provisioner").unknown
            or resource.at("provisioner").text in _EBS_PROVISIONERS
        )
    ),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps='Set encrypted to "true" in the parameters of the StorageClass.',
    url="https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md",
)
def storage_classes_encrypt_volumes(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Volumes that Kubernetes makes in EBS are encrypted."""
    provisioner = resource.at("provisioner")
    encrypted = resource.at("parameters", "encrypted")
    yield from forbid(
        every(
            [
                known(provisioner, True),
                no(says(encrypted, lambda text: text.lower() == "true")),
            ]
        ),
        f"{encrypted.path} {encrypted.state}",
        '"true"',
        encrypted,
        provisioner,
    )


def _disks(resource: Resource) -> Iterator[Place]:
    """The disks of EBS that a machine describes."""
    if resource.type == "aws:ec2/instance:Instance":
        yield resource.at("rootBlockDevice")
        yield from resource.at("ebsBlockDevices").each()
    else:
        for mapping in resource.at("blockDeviceMappings").each():
            # One without `ebs` maps a disk that the machine itself has, or none.
            if not mapping.at("ebs").missing:
                yield mapping.at("ebs")


def _uses_own_key(rule: Place) -> Answer:
    default = rule.at("applyServerSideEncryptionByDefault")
    key = default.at("kmsMasterKeyId")
    return every(
        [
            says(default.at("sseAlgorithm"), lambda text: text.startswith("aws:kms")),
            known(key, is_customer_key(key)),
        ]
    )


def _can_rotate(resource: Resource) -> Answer:
    """Whether a key is of the kind that KMS rotates: symmetric, and in KMS' own store."""
    usage, spec = resource.at("keyUsage"), resource.at("customerMasterKeySpec")
    elsewhere = [resource.at("customKeyStoreId"), resource.at("xksKeyId")]
    return every(
        [
            some([usage.missing, says(usage, lambda text: text == "ENCRYPT_DECRYPT")]),
            some([spec.missing, says(spec, lambda text: text == "SYMMETRIC_DEFAULT")]),
            not any(not place.missing for place in elsewhere),
        ]
    )
