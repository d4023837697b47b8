"""Stored data in AWS is encrypted, with keys that the customer manages and cannot lose."""

import pytest

from policies.conditions import aws_encryption
from tests.policies.aws import Setting, needs
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

KEY = "arn:aws:kms:eu-central-1:111122223333:key/0"
OWN_KEY = "a KMS key that the customer manages"
BUCKET = "aws:s3/bucket:Bucket"
INSTANCE = "aws:rds/instance:Instance"
S3_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


def encrypted(kind: str, path: str) -> Setting:
    return Setting(
        condition=aws_encryption.storage_is_encrypted,
        type=kind,
        path=path,
        good=(True,),
        requires="true",
    )


def own_key(kind: str, path: str) -> Setting:
    return Setting(
        condition=aws_encryption.encryption_keys_are_customer_managed,
        type=kind,
        path=path,
        good=(KEY, "alias/own"),
        bad="alias/aws/ebs",
        state="set otherwise",
        requires=OWN_KEY,
    )


@pytest.mark.parametrize(
    "setting",
    [
        encrypted(INSTANCE, "storageEncrypted"),
        encrypted("aws:rds/cluster:Cluster", "storageEncrypted"),
        encrypted("aws:ebs/volume:Volume", "encrypted"),
        encrypted("aws:efs/fileSystem:FileSystem", "encrypted"),
        encrypted("aws:opensearch/domain:Domain", "encryptAtRest.enabled"),
        encrypted("aws:ec2/instance:Instance", "rootBlockDevice.encrypted"),
        own_key(INSTANCE, "kmsKeyId"),
        own_key("aws:backup/vault:Vault", "kmsKeyArn"),
        own_key("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"),
        own_key("aws:dynamodb/table:Table", "serverSideEncryption.kmsKeyArn"),
        own_key("aws:sqs/queue:Queue", "kmsMasterKeyId"),
        Setting(
            condition=aws_encryption.eks_secrets_are_encrypted_with_own_key,
            type="aws:eks/cluster:Cluster",
            path="encryptionConfig.provider.keyArn",
            good=(KEY,),
            requires=OWN_KEY,
            others={"encryptionConfig": {"resources": ["secrets"]}},
        ),
        Setting(
            condition=aws_encryption.kms_keys_rotate,
            type="aws:kms/key:Key",
            path="enableKeyRotation",
            good=(True,),
            requires="true",
        ),
        Setting(
            condition=aws_encryption.kms_keys_wait_before_deletion,
            type="aws:kms/replicaKey:ReplicaKey",
            path="deletionWindowInDays",
            good=(30, None),
            bad=7,
            state="7",
            requires="30 days or not set",
        ),
        Setting(
            condition=aws_encryption.storage_classes_encrypt_volumes,
            type="kubernetes:storage.k8s.io/v1:StorageClass",
            path="parameters.encrypted",
            good=("true",),
            requires='"true"',
            others={"provisioner": "ebs.csi.aws.com"},
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_every_disk_of_a_launch_template_is_encrypted() -> None:
    condition = aws_encryption.storage_is_encrypted
    template = resource(
        "aws:ec2/launchTemplate:LaunchTemplate",
        {
            "blockDeviceMappings": [
                {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}},
                {"deviceName": "/dev/xvdb", "ebs": {"encrypted": "false"}},
                {"deviceName": "/dev/xvdc", "virtualName": "ephemeral0"},
            ]
        },
    )
    path = "blockDeviceMappings[1].ebs.encrypted"
    assert said(condition, template) == [
        violated(condition, template, found=f"{path} set otherwise", requires="true", fix=path)
    ]


def test_a_replica_takes_encryption_over_from_its_own_region_only() -> None:
    condition = aws_encryption.encryption_keys_are_customer_managed
    assert (
        judgement(
            aws_encryption.storage_is_encrypted, resource(INSTANCE, {"replicateSourceDb": "main"})
        )
        is None
    )
    assert said(condition, resource(INSTANCE, {"replicateSourceDb": "main"})) == []

    elsewhere = "arn:aws:rds:eu-west-1:111122223333:db:main"
    assert len(said(condition, resource(INSTANCE, {"replicateSourceDb": elsewhere}))) == 1
    assert len(said(condition, resource(INSTANCE))) == 1
    somewhere = resource(INSTANCE, {"replicateSourceDb": UNKNOWN})
    assert said(condition, somewhere) == [
        pending(condition, somewhere, unknown="replicateSourceDb", requires=OWN_KEY)
    ]


def test_a_bucket_has_a_configuration_of_its_encryption() -> None:
    needs(
        aws_encryption.buckets_are_encrypted_with_own_key,
        resource(BUCKET, {"serverSideEncryptionConfiguration": UNKNOWN}),
        S3_ENCRYPTION,
        "bucket",
        OWN_KEY,
    )


def test_a_bucket_may_say_its_encryption_itself() -> None:
    condition = aws_encryption.buckets_are_encrypted_with_own_key

    def bucket(algorithm: str, key: object = KEY) -> dict[str, object]:
        default = {"sseAlgorithm": algorithm, "kmsMasterKeyId": key}
        rule = {"applyServerSideEncryptionByDefault": default}
        return {"serverSideEncryptionConfiguration": {"rule": rule}}

    assert said(condition, resource(BUCKET, bucket("aws:kms"))) == []
    assert len(said(condition, resource(BUCKET, bucket("AES256")))) == 1
    unknown = resource(BUCKET, bucket("aws:kms", UNKNOWN))
    assert said(condition, unknown) == [
        pending(
            condition,
            unknown,
            unknown="BucketServerSideEncryptionConfiguration",
            requires=OWN_KEY,
        )
    ]


def test_objects_are_encrypted_with_an_own_key_of_kms() -> None:
    condition = aws_encryption.buckets_are_encrypted_with_own_key
    place = "rules[0].applyServerSideEncryptionByDefault"

    def rules(**default: object) -> dict[str, object]:
        return {"rules": [{"applyServerSideEncryptionByDefault": default}]}

    good = rules(sseAlgorithm="aws:kms", kmsMasterKeyId=KEY)
    assert said(condition, resource(S3_ENCRYPTION, good)) == []
    bad = resource(S3_ENCRYPTION, rules(sseAlgorithm="AES256"))
    assert said(condition, bad) == [
        violated(
            condition,
            bad,
            found=f"{place}.sseAlgorithm set otherwise",
            requires="aws:kms or aws:kms:dsse",
            fix=f"{place}.sseAlgorithm",
        ),
        violated(
            condition,
            bad,
            found=f"{place}.kmsMasterKeyId not set",
            requires=OWN_KEY,
            fix=f"{place}.kmsMasterKeyId",
        ),
    ]
    unknown = resource(S3_ENCRYPTION, rules(sseAlgorithm="aws:kms", kmsMasterKeyId=UNKNOWN))
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=f"{place}.kmsMasterKeyId", requires=OWN_KEY)
    ]


def test_the_key_of_a_cluster_is_for_its_secrets() -> None:
    condition = aws_encryption.eks_secrets_are_encrypted_with_own_key
    config = {"provider": {"keyArn": KEY}, "resources": ["other"]}
    cluster = resource("aws:eks/cluster:Cluster", {"encryptionConfig": config})
    assert said(condition, cluster) == [
        violated(
            condition,
            cluster,
            found="encryptionConfig.resources without secrets",
            requires="secrets among them",
            fix="encryptionConfig.resources",
        )
    ]


def test_encryption_that_is_not_known_is_undecided_once() -> None:
    condition = aws_encryption.eks_secrets_are_encrypted_with_own_key
    cluster = resource("aws:eks/cluster:Cluster", {"encryptionConfig": UNKNOWN})
    assert len(said(condition, cluster)) == 1


def test_only_keys_that_kms_can_rotate_have_to() -> None:
    condition = aws_encryption.kms_keys_rotate
    key = "aws:kms/key:Key"
    assert said(condition, resource(key, {"customerMasterKeySpec": "RSA_4096"})) == []
    assert said(condition, resource(key, {"keyUsage": "SIGN_VERIFY"})) == []
    assert said(condition, resource(key, {"customKeyStoreId": "cks-1"})) == []
    unknown = resource(key, {"customerMasterKeySpec": UNKNOWN})
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown="customerMasterKeySpec", requires="true")
    ]


def test_storage_classes_of_other_drivers_are_not_judged() -> None:
    condition = aws_encryption.storage_classes_encrypt_volumes
    type_ = "kubernetes:storage.k8s.io/v1:StorageClass"
    assert judgement(condition, resource(type_, {"provisioner": "example.com/disk"})) is None
    unknown = resource(type_, {"provisioner": UNKNOWN})
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown="provisioner", requires='"true"')
    ]
