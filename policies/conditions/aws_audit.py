"""What happens in AWS is written down, completely and long enough."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import no
from policies.resources.aws import (
    EKS_CLUSTER,
    RDS_CLUSTER,
    RDS_INSTANCE,
    VPC,
    companion,
    forbid,
    says,
)
from policies.resources.place import Verdict
from policies.resources.resource import Resource, of_type

_EKS_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_EXPORTED_LOGS = {
    "aws:docdb/cluster:Cluster": "enabledCloudwatchLogsExports",
    "aws:neptune/cluster:Cluster": "enableCloudwatchLogsExports",
    RDS_CLUSTER: "enabledCloudwatchLogsExports",
    RDS_INSTANCE: "enabledCloudwatchLogsExports",
}
_FLOW_LOG = "aws:ec2/flowLog:FlowLog"
_TRAIL = "aws:cloudtrail/trail:Trail"


@condition(
    applies=of_type(EKS_CLUSTER),
    severity=Severity.HIGH,
    soc2=("CC7.2",),
    gdpr=("30", "32(1)(b)"),
    steps="Name all five types in enabledClusterLogTypes.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
)
def eks_writes_all_logs(resource: Resource, _: Context) -> Iterator[Verdict]:
    """The control plane of an EKS cluster writes its audit log and the four others."""
    types = resource.at("enabledClusterLogTypes")
    for log in _EKS_LOGS:
        yield from forbid(
            no(says(types, log.__eq__)), f"{types.path} without {log}", f"{log} in it", types
        )


@condition(
    applies=of_type(_TRAIL),
    severity=Severity.HIGH,
    soc2=("CC7.2",),
    gdpr=("30", "32(1)(b)"),
    steps="Set isMultiRegionTrail and enableLogFileValidation to true; leave enableLogging on.",
    url="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
def trails_are_complete_and_tamper_evident(resource: Resource, _: Context) -> Iterator[Verdict]:
    """CloudTrail records all regions, and shows when a record has been changed."""
    yield from resource.at("isMultiRegionTrail").must_be(True)
    yield from resource.at("enableLogFileValidation").must_be(True)
    yield from resource.at("enableLogging").must(lambda place: place.value is not False, "true")


@condition(
    applies=of_type(VPC, _FLOW_LOG),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("CC7.2",),
    gdpr=("30", "32(1)(b)"),
    steps="Give each VPC a FlowLog with trafficType ALL.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
)
def vpcs_have_flow_logs(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Accepted and rejected connections of every VPC are recorded."""
    if resource.type == _FLOW_LOG:
        # A transit gateway records everything, and takes no type.
        if resource.at("transitGatewayId").missing:
            yield from resource.at("trafficType").must_be("ALL")
        return
    yield from companion(
        resource, "vpcId", context, _FLOW_LOG, requires="one for all of its traffic"
    )


@condition(
    applies=lambda resource: resource.type in _EXPORTED_LOGS,
    severity=Severity.MEDIUM,
    soc2=("CC7.2",),
    gdpr=("30", "32(1)(b)"),
    steps="Name the engine's logs in enabledCloudwatchLogsExports.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html",
)
def databases_export_logs(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Logs of databases outlive the machine that wrote them."""
    exports = resource.at(_EXPORTED_LOGS[resource.type])
    yield from forbid(no(says(exports, bool)), f"{exports.path} {exports.state}", "a log", exports)


@condition(
    applies=of_type("aws:cloudwatch/logGroup:LogGroup"),
    severity=Severity.MEDIUM,
    soc2=("CC7.2", "C1.2"),
    gdpr=("5(1)(e)", "30"),
    steps="Set retentionInDays within logRetention of policies/config/<stack>.json.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
)
def logs_are_kept_within_bounds(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Log groups of CloudWatch are kept long enough to look into, and no longer than needed."""
    retention = context.parameters.log_retention
    # Not set, or 0, is for ever.
    yield from resource.at("retentionInDays").must(
        lambda place: place.number is not None and retention.allows(place.number), str(retention)
    )
