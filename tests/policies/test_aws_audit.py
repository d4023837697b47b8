"""What happens in AWS is written down, completely and long enough."""

import pytest

from policies.conditions import aws_audit
from tests.policies.aws import Setting, needs
from tests.policies.judging import UNKNOWN, resource, said
from tests.policies.wording import pending, violated

CLUSTER = "aws:eks/cluster:Cluster"
TRAIL = "aws:cloudtrail/trail:Trail"
COMPLETE = {"isMultiRegionTrail": True, "enableLogFileValidation": True}


@pytest.mark.parametrize(
    "setting",
    [
        *(
            Setting(
                condition=aws_audit.trails_are_complete_and_tamper_evident,
                type=TRAIL,
                path=path,
                good=(True,),
                requires="true",
                others=COMPLETE,
            )
            for path in COMPLETE
        ),
        Setting(
            condition=aws_audit.trails_are_complete_and_tamper_evident,
            type=TRAIL,
            path="enableLogging",
            good=(True, None),
            bad=False,
            state="false",
            requires="true",
            others=COMPLETE,
        ),
        Setting(
            condition=aws_audit.vpcs_have_flow_logs,
            type="aws:ec2/flowLog:FlowLog",
            path="trafficType",
            good=("ALL",),
            bad="REJECT",
            state="set otherwise",
            requires="ALL",
        ),
        *(
            Setting(
                condition=aws_audit.logs_are_kept_within_bounds,
                type="aws:cloudwatch/logGroup:LogGroup",
                path="retentionInDays",
                good=(90, 400),
                bad=bad,
                state=state,
                requires="90 to 400 days",
            )
            for bad, state in ((None, "not set"), (0, "0"), (30, "30"), (731, "731"))
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_a_cluster_writes_all_five_logs() -> None:
    condition = aws_audit.eks_writes_all_logs
    place = "enabledClusterLogTypes"
    five = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    assert said(condition, resource(CLUSTER, {place: five})) == []
    judged = resource(CLUSTER, {place: five[:3] + five[4:]})
    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{place} without controllerManager",
            requires="controllerManager in it",
            fix=place,
        )
    ]
    unknown = resource(CLUSTER, {place: [*five[:4], UNKNOWN]})
    assert said(condition, unknown) == [
        pending(condition, unknown, unknown=place, requires="scheduler in it")
    ]


def test_every_vpc_has_a_flow_log() -> None:
    needs(
        aws_audit.vpcs_have_flow_logs,
        resource("aws:ec2/vpc:Vpc"),
        "aws:ec2/flowLog:FlowLog",
        "vpcId",
        "one for all of its traffic",
    )


def test_the_flow_log_of_a_transit_gateway_takes_no_type() -> None:
    log = resource("aws:ec2/flowLog:FlowLog", {"transitGatewayId": "tgw-1"})
    assert said(aws_audit.vpcs_have_flow_logs, log) == []


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("aws:rds/instance:Instance", "enabledCloudwatchLogsExports"),
        ("aws:neptune/cluster:Cluster", "enableCloudwatchLogsExports"),
    ],
)
def test_a_database_exports_a_log(kind: str, key: str) -> None:
    condition = aws_audit.databases_export_logs
    assert said(condition, resource(kind, {key: ["postgresql"]})) == []
    for value, state in ((None, "not set"), ([], "empty")):
        judged = resource(kind, {key: value})
        assert said(condition, judged) == [
            violated(condition, judged, found=f"{key} {state}", requires="a log", fix=key)
        ]
    unknown = resource(kind, {key: UNKNOWN})
    assert said(condition, unknown) == [pending(condition, unknown, unknown=key, requires="a log")]
