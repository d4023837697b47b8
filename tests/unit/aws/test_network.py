"""Addresses are planned so that nothing ever overlaps or moves, and each zone stands on its own."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import combinations, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from settings.aws.addresses import MAX_PODS, ZONE_LETTERS, ZoneSubnets, nodes_that_fit, plan
from tests.unit.aws.foundation import ACCOUNT, REGION, ZONES, recorded, values


@st.composite
def ranges(draw: st.DrawFn) -> str:
    """Ranges that a VPC may have."""
    parent = IPv4Network(draw(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])))
    length = draw(st.integers(max(16, parent.prefixlen), 20))
    position = draw(st.integers(0, 2 ** (length - parent.prefixlen) - 1))
    first = int(parent.network_address) + position * 2 ** (32 - length)
    return str(IPv4Network((first, length)))


ZONE_LISTS = st.lists(st.sampled_from([f"eu-west-1{each}" for each in ZONE_LETTERS]), unique=True)


def subnets_of(zones: Mapping[str, ZoneSubnets]) -> list[IPv4Network]:
    return [subnet for each in zones.values() for subnet in (each.private, each.intra, each.public)]


@given(ranges(), ZONE_LISTS)
def test_subnets_lie_in_the_vpc_and_never_overlap(cidr: str, zones: list[str]) -> None:
    subnets = sorted(subnets_of(plan(cidr, zones)))

    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in pairwise(subnets))
    assert len(subnets) == 3 * len(zones)


@given(ranges(), ZONE_LISTS, ZONE_LISTS)
def test_a_zone_s_subnets_do_not_depend_on_the_other_zones(
    cidr: str, before: list[str], added: list[str]
) -> None:
    after = plan(cidr, [*added, *before])

    assert {zone: after[zone] for zone in before} == plan(cidr, before)


@given(ranges())
def test_every_subnet_is_one_that_aws_takes(cidr: str) -> None:
    for subnet in subnets_of(plan(cidr, list(ZONE_LETTERS))):
        assert 16 <= subnet.prefixlen <= 28


@given(ranges())
def test_as_many_nodes_as_fit_find_prefixes_for_all_their_pods(cidr: str) -> None:
    (subnets,) = plan(cidr, ["a"]).values()
    nodes = nodes_that_fit(subnets) + 2  # EKS adds two while it replaces the others.
    if nodes <= 2:
        return
    prefixes = list(subnets.prefixes.subnets(new_prefix=28))
    taken_by_pods = nodes * (-(-MAX_PODS // 16) + 1)
    single = set(subnets.private.hosts()) - {host for each in prefixes for host in each}

    assert taken_by_pods <= len(prefixes)
    assert subnets.prefixes.subnet_of(subnets.private)
    # Of the rest AWS keeps three for itself beside the first and the last address.
    assert nodes * 4 <= len(single) - 3
    assert (nodes + 1) * (-(-MAX_PODS // 16) + 1) > len(prefixes)


def _by_id(of: Mapping[str, Any] | None = None) -> Any:
    network = recorded(of or values())
    return lambda type_: {f"{each.name}-id": each.inputs for each in network.typed(type_)}


def test_each_zone_s_nodes_call_out_through_the_gateway_of_their_own_zone() -> None:
    found = _by_id()
    subnets = found("ec2/subnet:Subnet")
    gateways = found("ec2/natGateway:NatGateway")
    tables = {
        each["subnetId"]: each["routeTableId"]
        for each in found("ec2/routeTableAssociation:RouteTableAssociation").values()
    }
    ways_out = {each["routeTableId"]: each for each in found("ec2/route:Route").values()}
    zones_of_gateways = {}
    for id_, subnet in subnets.items():
        if id_.startswith("private"):
            route = ways_out[tables[id_]]
            public = gateways[route["natGatewayId"]]["subnetId"]
            assert route["destinationCidrBlock"] == "0.0.0.0/0"
            assert "gatewayId" in ways_out[tables[public]]
            zones_of_gateways[subnet["availabilityZone"]] = subnets[public]["availabilityZone"]

    assert zones_of_gateways == {zone: zone for zone in ZONES}
    assert len({each["allocationId"] for each in gateways.values()}) == 3


def test_from_intra_subnets_there_is_no_way_out_but_to_s3() -> None:
    found = _by_id()
    intra = {
        each["routeTableId"]
        for each in found("ec2/routeTableAssociation:RouteTableAssociation").values()
        if each["subnetId"].startswith("intra")
    }
    s3 = found("ec2/vpcEndpoint:VpcEndpoint")["s3-id"]

    assert intra
    assert not intra & {each["routeTableId"] for each in found("ec2/route:Route").values()}
    assert intra <= set(s3["routeTableIds"])
    assert s3["serviceName"] == f"com.amazonaws.{REGION}.s3"
    # Nodes pull images, whose layers are in S3, without paying for NAT.
    assert {f"private-{zone}-id" for zone in ZONES} <= set(s3["routeTableIds"])


def test_s3_in_the_vpc_is_the_account_s_own_buckets_and_images() -> None:
    s3 = recorded(values()).named("ec2/vpcEndpoint:VpcEndpoint", "s3")
    own, images = json.loads(s3["policy"])["Statement"]
    assert own["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    assert images["Action"] == ["s3:GetObject"]
    # Of EKS' add-ons, and of charts that come from registry.k8s.io.
    assert {each.partition(":::")[2] for each in images["Resource"]} == {
        f"prod-{REGION}-starport-layer-bucket/*",
        f"prod-registry-k8s-io-{REGION}/*",
    }


def test_the_subnets_are_those_of_the_plan() -> None:
    of = values(network={"cidr": "10.64.0.0/17"})
    for zone, planned in plan("10.64.0.0/17", ZONES).items():
        for kind in ("private", "intra", "public"):
            subnet = recorded(of).named("ec2/subnet:Subnet", f"{kind}-{zone}")
            assert subnet["cidrBlock"] == str(getattr(planned, kind))
            assert subnet["availabilityZone"] == zone
        reserved = recorded(of).named(
            "ec2/subnetCidrReservation:SubnetCidrReservation", f"pods-{zone}"
        )
        assert (reserved["cidrBlock"], reserved["reservationType"]) == (
            str(planned.prefixes),
            "prefix",
        )


def test_load_balancers_find_public_and_private_subnets_and_no_others() -> None:
    for id_, subnet in _by_id()("ec2/subnet:Subnet").items():
        roles = {key for key in subnet["tags"] if key.startswith("kubernetes.io/role/")}
        expected = {"public": {"kubernetes.io/role/elb"}, "intra": set()}
        kind = id_.partition("-")[0]
        assert roles == expected.get(kind, {"kubernetes.io/role/internal-elb"})


def test_services_of_aws_are_reached_in_every_zone_from_the_vpc_alone() -> None:
    network = recorded(values())
    endpoints = [
        each.inputs
        for each in network.typed("ec2/vpcEndpoint:VpcEndpoint")
        if each.inputs["vpcEndpointType"] == "Interface"
    ]
    (rule,) = network.typed("vpc/securityGroupIngressRule:SecurityGroupIngressRule")

    assert {each["serviceName"].removeprefix(f"com.amazonaws.{REGION}.") for each in endpoints} >= {
        "ecr.api",
        "ecr.dkr",
        "eks-auth",
        "kms",
        "logs",
        "secretsmanager",
        "sts",
    }
    for each in endpoints:
        assert each["subnetIds"] == [f"intra-{zone}-id" for zone in ZONES]
        assert each["securityGroupIds"] == [rule.inputs["securityGroupId"]]
    assert rule.inputs["cidrIpv4"] == "10.64.0.0/16"


def test_all_traffic_is_logged_by_a_role_that_can_write_to_that_log_only() -> None:
    network = recorded(values())
    (flow_log,) = network.typed("ec2/flowLog:FlowLog")
    group = network.named("cloudwatch/logGroup:LogGroup", "flow-log")
    policy = json.loads(network.named("iam/rolePolicy:RolePolicy", "flow-log")["policy"])
    trust = json.loads(network.named("iam/role:Role", "flow-log")["assumeRolePolicy"])
    writes = [each for each in policy["Statement"] if "logs:PutLogEvents" in each["Action"]]
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group['name']}"

    assert flow_log.inputs["trafficType"] == "ALL"
    assert flow_log.inputs["logDestination"] == "arn:aws:cloudwatch:::flow-log"
    assert flow_log.inputs["iamRoleArn"] == "arn:aws:iam:::flow-log"
    assert [each["Resource"] for each in writes] == [[arn, f"{arn}:*"]]
    (assumed,) = trust["Statement"]
    assert assumed["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


EXISTING = values(
    network={
        "cidr": "10.64.0.0/16",
        "existing": {
            "vpcId": "vpc-0123",
            "privateSubnets": ["subnet-0a", "subnet-0b", "subnet-0c"],
            "intraSubnets": ["subnet-1a", "subnet-1b", "subnet-1c"],
        },
    }
)


def test_an_existing_vpc_is_used_and_nothing_is_made_in_it_but_the_cluster() -> None:
    network = recorded(EXISTING)
    groups = {
        each.name: each.inputs["subnetIds"] for each in network.typed("eks/nodeGroup:NodeGroup")
    }
    (cluster,) = network.typed("eks/cluster:Cluster")

    assert groups == {ZONES[0]: ["subnet-0a"], ZONES[1]: ["subnet-0b"], ZONES[2]: ["subnet-0c"]}
    assert cluster.inputs["vpcConfig"]["subnetIds"] == ["subnet-1a", "subnet-1b", "subnet-1c"]
    made = {each.type for each in network if each.type.startswith(("aws:ec2/", "aws:vpc/"))}
    assert made == {"aws:ec2/launchTemplate:LaunchTemplate"}


def test_no_two_resources_of_a_type_share_a_name() -> None:
    of = recorded(values())
    assert not any(
        (one.type, one.name) == (other.type, other.name) for one, other in combinations(of, 2)
    )
