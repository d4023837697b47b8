"""Personal data stays in the regions that are allowed."""

from typing import Any

import pytest

from policies.conditions import aws_residency
from policies.resources.resource import Resource
from tests.policies.aws import Setting
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

ALLOWED, OTHER = "eu-central-1", "us-east-1"


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            condition=aws_residency.providers_are_in_allowed_regions,
            type="pulumi:providers:aws",
            path="region",
            good=(ALLOWED,),
            bad=bad,
            state=state,
            requires="an allowed region",
        )
        for bad, state in ((OTHER, "in another region"), (None, "not set"))
    ]
    + [
        Setting(
            condition=aws_residency.resources_are_in_allowed_regions,
            type="aws:sqs/queue:Queue",
            path="region",
            good=(ALLOWED,),
            bad=OTHER,
            state="in another region",
            requires="an allowed region",
        )
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_a_resource_that_is_where_its_provider_is_is_not_judged() -> None:
    queue = resource("aws:sqs/queue:Queue", provider={"region": OTHER})
    assert judgement(aws_residency.resources_are_in_allowed_regions, queue) is None


def secret(region: Any) -> Resource:
    return resource("aws:secretsmanager/secret:Secret", {"replicas": [{"region": region}]})


def destinations(region: Any) -> Resource:
    rules = {"rules": [{"destinations": [{"region": region}]}]}
    return resource(
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        {"replicationConfiguration": rules},
    )


def backup(region: Any) -> Resource:
    arn = region if region is UNKNOWN else f"arn:aws:backup:{region}:1:backup-vault:copies"
    rules = [{"copyActions": [{"destinationVaultArn": arn}]}]
    return resource("aws:backup/plan:Plan", {"rules": rules})


def replication(region: Any) -> Resource:
    arn = region if region is UNKNOWN else f"arn:aws:kms:{region}:1:key/0"
    destination = {
        "bucket": "arn:aws:s3:::copies",
        "encryptionConfiguration": {"replicaKmsKeyId": arn},
    }
    return resource(
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        {"rules": [{"destination": destination}]},
    )


@pytest.mark.parametrize(
    ("copy", "path"),
    [
        (secret, "replicas[0].region"),
        (destinations, "replicationConfiguration.rules[0].destinations[0].region"),
        (backup, "rules[0].copyActions[0].destinationVaultArn"),
        (replication, "rules[0].destination.encryptionConfiguration.replicaKmsKeyId"),
    ],
)
def test_copies_stay_in_allowed_regions(copy: Any, path: str) -> None:
    condition = aws_residency.copies_stay_in_allowed_regions
    requires = "an allowed region"
    assert said(condition, copy(ALLOWED)) == []
    assert said(condition, copy(OTHER)) == [
        violated(
            condition,
            copy(OTHER),
            found=f"{path} in another region",
            requires=requires,
            fix=path,
        )
    ]
    assert said(condition, copy(UNKNOWN)) == [
        pending(condition, copy(UNKNOWN), unknown=path, requires=requires)
    ]
