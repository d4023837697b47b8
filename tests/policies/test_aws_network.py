"""What of AWS can be reached from outside."""

from typing import Any

import pytest

from policies.conditions import aws_network
from policies.resources.resource import Resource
from tests.policies.aws import Setting, needs
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FOUR = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
WHO = "the security groups or networks that need it"


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            condition=aws_network.databases_are_private,
            type="aws:rds/instance:Instance",
            path="publiclyAccessible",
            good=(False, None),
            bad=True,
            state="true",
            requires="false",
        ),
        Setting(
            condition=aws_network.eks_has_a_private_endpoint,
            type=CLUSTER,
            path="vpcConfig.endpointPrivateAccess",
            good=(True,),
            requires="true",
        ),
        Setting(
            condition=aws_network.instance_metadata_is_guarded,
            type="aws:ec2/launchTemplate:LaunchTemplate",
            path="metadataOptions.httpTokens",
            good=("required",),
            bad="optional",
            state="set otherwise",
            requires="required",
            others={"metadataOptions": {"httpPutResponseHopLimit": 1}},
        ),
        Setting(
            condition=aws_network.instance_metadata_is_guarded,
            type="aws:ec2/instance:Instance",
            path="metadataOptions.httpPutResponseHopLimit",
            good=(1,),
            bad=2,
            state="2",
            requires="1",
            others={"metadataOptions": {"httpTokens": "required"}},
        ),
        *(
            Setting(
                condition=aws_network.buckets_block_public_access,
                type=BLOCK,
                path=setting,
                good=(True,),
                requires="true",
                others=dict.fromkeys(FOUR, True),
            )
            for setting in FOUR
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def test_metadata_may_be_switched_off() -> None:
    machine = resource(
        "aws:ec2/instance:Instance", {"metadataOptions": {"httpEndpoint": "disabled"}}
    )
    assert said(aws_network.instance_metadata_is_guarded, machine) == []


@pytest.mark.parametrize("bucket", ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"])
def test_every_bucket_blocks_public_access(bucket: str) -> None:
    needs(
        aws_network.buckets_block_public_access,
        resource(bucket),
        BLOCK,
        "bucket",
        "one with all four settings true",
    )


def ingress(**rule: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, **rule}


def test_a_security_group_opens_no_data_port_to_everybody() -> None:
    condition = aws_network.security_groups_guard_data_ports

    def open_at(judged: Resource, path: str) -> list[str]:
        return [
            violated(
                condition,
                judged,
                found=f"{path} open to everybody on a port of data or administration",
                requires=WHO,
                fix=path,
            )
        ]

    inline = resource(
        GROUP,
        {
            "ingress": [
                ingress(cidrBlocks=["10.0.0.0/8", "3.0.0.0/8"], ipv6CidrBlocks=["fc00::/7"]),
                ingress(cidrBlocks=["0.0.0.0/0"], fromPort=443, toPort=443),
                ingress(ipv6CidrBlocks=["fd00::/8", "::/0"], fromPort=1024, toPort=65535),
            ],
            "egress": [ingress(cidrBlocks=["0.0.0.0/0"])],
        },
    )
    assert said(condition, inline) == open_at(inline, "ingress[2].ipv6CidrBlocks[1]")
    rule = resource(RULE, {"type": "ingress", **ingress(cidrBlocks=["0.0.0.0/0"], protocol="-1")})
    assert said(condition, rule) == open_at(rule, "cidrBlocks[0]")
    newer = resource(INGRESS, {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/1"})
    assert said(condition, newer) == open_at(newer, "cidrIpv4")


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "egress", **ingress(cidrBlocks=["0.0.0.0/0"])},
        {"type": "ingress", **ingress(sourceSecurityGroupId="sg-1")},
        {"type": "ingress", **ingress(cidrBlocks=["0.0.0.0/0"], protocol="icmp", fromPort=0)},
        {"type": "ingress", **ingress(cidrBlocks=["no network"])},
        # Whatever the network is, anybody may come to this port.
        {"type": "ingress", **ingress(cidrBlocks=UNKNOWN, fromPort=443, toPort=443)},
    ],
)
def test_other_rules_are_no_matter(rule: dict[str, Any]) -> None:
    assert said(aws_network.security_groups_guard_data_ports, resource(RULE, rule)) == []


@pytest.mark.parametrize(
    ("unknown", "path"),
    [
        ({"cidrBlocks": UNKNOWN}, "cidrBlocks[*]"),
        ({"cidrBlocks": ["0.0.0.0/0"], "fromPort": UNKNOWN}, "fromPort"),
        ({"cidrBlocks": ["0.0.0.0/0"], "protocol": UNKNOWN}, "protocol"),
    ],
)
def test_a_rule_that_is_not_known_is_undecided(unknown: dict[str, Any], path: str) -> None:
    condition = aws_network.security_groups_guard_data_ports
    rule = resource(RULE, {"type": "ingress", **ingress(**unknown)})
    assert said(condition, rule) == [pending(condition, rule, unknown=path, requires=WHO)]


def test_a_cluster_is_not_open_to_everybody() -> None:
    condition = aws_network.eks_is_not_open_to_everybody
    place = "vpcConfig.endpointPublicAccess"
    requires = "false, or publicAccessCidrs of those who need it"

    def cluster(**config: Any) -> Resource:
        return resource(CLUSTER, {"vpcConfig": config})

    assert said(condition, cluster(endpointPublicAccess=False)) == []
    assert said(condition, cluster(publicAccessCidrs=["198.51.100.0/24"])) == []
    for judged in (
        cluster(),
        cluster(endpointPublicAccess=True, publicAccessCidrs=["198.51.100.0/24", "0.0.0.0/0"]),
    ):
        assert said(condition, judged) == [
            violated(
                condition, judged, found=f"{place} for everybody", requires=requires, fix=place
            )
        ]
    for unknown, path in (
        (cluster(endpointPublicAccess=UNKNOWN), place),
        (cluster(publicAccessCidrs=UNKNOWN), "vpcConfig.publicAccessCidrs"),
    ):
        assert said(condition, unknown) == [
            pending(condition, unknown, unknown=path, requires=requires)
        ]


def test_what_leaves_a_security_group_is_not_judged() -> None:
    egress = resource("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert judgement(aws_network.security_groups_guard_data_ports, egress) is None
