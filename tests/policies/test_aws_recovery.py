"""Data stores of AWS survive the loss of a zone, and of whoever deletes them."""

from typing import Any

import pytest

from policies.conditions import aws_recovery
from policies.resources.resource import Resource
from tests.policies.aws import Setting, belonging
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/instance:Instance"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = resource("aws:ec2/vpc:Vpc")


@pytest.mark.parametrize(
    "setting",
    [
        *(
            Setting(
                condition=aws_recovery.data_stores_span_zones,
                type=kind,
                path=path,
                good=(True,),
                requires="true",
            )
            for kind, path in (
                (INSTANCE, "multiAz"),
                ("aws:elasticache/replicationGroup:ReplicationGroup", "multiAzEnabled"),
                ("aws:opensearch/domain:Domain", "clusterConfig.zoneAwarenessEnabled"),
            )
        ),
        *(
            Setting(
                condition=aws_recovery.databases_refuse_deletion,
                type=kind,
                path=path,
                good=(True,),
                requires="true",
            )
            for kind, path in (
                (INSTANCE, "deletionProtection"),
                (CLUSTER, "deletionProtection"),
                ("aws:dynamodb/table:Table", "deletionProtectionEnabled"),
            )
        ),
        Setting(
            condition=aws_recovery.databases_leave_a_final_snapshot,
            type=CLUSTER,
            path="skipFinalSnapshot",
            good=(False, None),
            bad=True,
            state="true",
            requires="false",
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


@pytest.mark.parametrize(
    "condition",
    [
        aws_recovery.data_stores_span_zones,
        aws_recovery.databases_refuse_deletion,
        aws_recovery.databases_leave_a_final_snapshot,
    ],
    ids=lambda condition: condition.id,
)
def test_replicas_are_not_judged(condition: Any) -> None:
    assert judgement(condition, resource(INSTANCE, {"replicateSourceDb": UNKNOWN})) is None


def subnet(zone: Any, of: Resource = VPC) -> Resource:
    return belonging(SUBNET, "vpcId", of, availabilityZone=zone)


def test_subnets_are_in_three_zones() -> None:
    condition = aws_recovery.subnets_span_three_zones
    two = [subnet("eu-central-1a"), subnet("eu-central-1b"), subnet("eu-central-1b")]
    assert said(condition, VPC) == []
    assert said(condition, VPC, *two, subnet("eu-central-1c")) == []
    other = resource(VPC.type, {}, name="other")
    for third in ([], [subnet("eu-central-1c", other)], [subnet(None)]):
        assert said(condition, VPC, *two, *third) == [
            violated(
                condition,
                VPC,
                found="subnets in 2 zones",
                requires="3 zones",
                fix="Subnet.availabilityZone",
            )
        ]
    for third in (subnet(UNKNOWN), resource(SUBNET, {"vpcId": UNKNOWN, "availabilityZone": "c"})):
        assert said(condition, VPC, *two, third) == [
            pending(condition, VPC, unknown="Subnet.availabilityZone", requires="3 zones")
        ]
