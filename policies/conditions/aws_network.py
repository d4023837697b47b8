"""What of AWS can be reached from outside: no data store, control plane or metadata."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, if_known, known
from policies.resources.aws import (
    BUCKETS,
    EKS_CLUSTER,
    RDS_CLUSTER,
    RDS_INSTANCE,
    companion,
    forbid,
    is_bucket,
    one_or_more,
    says,
)
from policies.resources.place import Place, Verdict
from policies.resources.ports import ADMINISTRATION, DATA_STORES
from policies.resources.resource import Resource, of_type

_GUARDED_PORTS = (*DATA_STORES, *ADMINISTRATION)
_PORT_PROTOCOLS = ("tcp", "udp", "6", "17")
_ALL_PROTOCOLS = ("-1", "all")
_PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_INLINE_GROUPS = (
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/securityGroup:SecurityGroup",
)
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@condition(
    applies=of_type(*_INLINE_GROUPS, _RULE, _INGRESS_RULE),
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Name the security groups or networks that need the port.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
)
def security_groups_guard_data_ports(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No port of a data store, or of access to a machine, is open to the whole internet."""
    for rule in _ingress(resource):
        for source in rule.sources:
            yield from forbid(
                every([rule.applies, _is_everybody(source), _guarded(rule)]),
                f"{source.path} open to everybody on a port of data or administration",
                "the security groups or networks that need it",
                source,
                rule.protocol,
                rule.first,
                rule.last,
            )


@condition(
    applies=of_type(
        "aws:dms/replicationInstance:ReplicationInstance",
        "aws:mq/broker:Broker",
        RDS_CLUSTER,
        "aws:rds/clusterInstance:ClusterInstance",
        RDS_INSTANCE,
        "aws:redshift/cluster:Cluster",
    ),
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Set publiclyAccessible to false.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
)
def databases_are_private(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No database or broker has an address on the internet."""
    yield from resource.at("publiclyAccessible").must(
        lambda place: place.missing or place.value is False, "false"
    )


@condition(
    applies=of_type(EKS_CLUSTER),
    severity=Severity.MEDIUM,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Set vpcConfig.endpointPrivateAccess to true.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
)
def eks_has_a_private_endpoint(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Nodes reach the API of their EKS cluster without leaving the VPC."""
    yield from resource.at("vpcConfig", "endpointPrivateAccess").must_be(True)


@condition(
    applies=of_type(EKS_CLUSTER),
    severity=Severity.HIGH,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Set vpcConfig.endpointPublicAccess to false, or name networks in publicAccessCidrs.",
    url="https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
)
def eks_is_not_open_to_everybody(resource: Resource, _: Context) -> Iterator[Verdict]:
    """The API of an EKS cluster cannot be reached from the whole internet."""
    public = resource.at("vpcConfig", "endpointPublicAccess")
    networks = resource.at("vpcConfig", "publicAccessCidrs")
    # Without networks, everybody may call.
    everybody = True if networks.state in ("not set", "empty") else _is_everybody(networks)
    yield from forbid(
        every([known(public, public.value is not False), everybody]),
        f"{public.path} for everybody",
        "false, or publicAccessCidrs of those who need it",
        public,
        networks,
    )


@condition(
    applies=of_type(
        "aws:ec2/instance:Instance",
        "aws:ec2/launchConfiguration:LaunchConfiguration",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
    ),
    severity=Severity.HIGH,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Set metadataOptions.httpTokens to required and httpPutResponseHopLimit to 1.",
    url="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
)
def instance_metadata_is_guarded(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A machine's credentials are only given for a session token, and not to its containers."""
    options = resource.at("metadataOptions")
    endpoint = options.at("httpEndpoint")
    if endpoint.text != "disabled":
        yield from if_known(endpoint, options.at("httpTokens").must_be("required"))
        yield from if_known(endpoint, options.at("httpPutResponseHopLimit").must_be(1))


@condition(
    applies=of_type(*BUCKETS, _PUBLIC_ACCESS_BLOCK),
    scope="stack",
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32", "32(1)(b)"),
    steps="Give each bucket a BucketPublicAccessBlock with all four settings true.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
)
def buckets_block_public_access(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No policy or ACL can make a bucket public."""
    if is_bucket(resource):
        yield from companion(
            resource,
            "bucket",
            context,
            _PUBLIC_ACCESS_BLOCK,
            requires="one with all four settings true",
        )
        return
    for setting in (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    ):
        yield from resource.at(setting).must_be(True)


@dataclass(frozen=True)
class _Ingress:
    """A rule of a security group: who may enter, by which protocol, on which ports."""

    applies: Answer
    sources: tuple[Place, ...]
    protocol: Place
    first: Place
    last: Place


def _ingress(resource: Resource) -> Iterator[_Ingress]:
    if resource.type == _INGRESS_RULE:
        sources = (resource.at("cidrIpv4"), resource.at("cidrIpv6"))
        yield _rule(resource.properties, True, sources, "ipProtocol")
        return
    inline = resource.type in _INLINE_GROUPS
    for rule in resource.at("ingress").each() if inline else (resource.properties,):
        sources = tuple(
            source
            for key in ("cidrBlocks", "ipv6CidrBlocks")
            for source in one_or_more(rule.at(key))
        )
        enters = True if inline else says(rule.at("type"), lambda text: text == "ingress")
        yield _rule(rule, enters, sources, "protocol")


def _rule(rule: Place, applies: Answer, sources: tuple[Place, ...], protocol: str) -> _Ingress:
    return _Ingress(applies, sources, rule.at(protocol), rule.at("fromPort"), rule.at("toPort"))


def _guarded(rule: _Ingress) -> Answer:
    """Whether a rule is for one of the guarded ports."""
    if says(rule.protocol, lambda text: text.lower() in _ALL_PROTOCOLS):
        return True
    first, last = _port(rule.first), _port(rule.last)
    ports = (
        None
        if rule.first.unknown or rule.last.unknown
        else any(first <= port <= last for port in _GUARDED_PORTS)
    )
    return every([says(rule.protocol, lambda text: text.lower() in _PORT_PROTOCOLS), ports])


def _port(place: Place) -> float:
    number = place.number
    if number is None and place.text and place.text.isdecimal():
        number = int(place.text)
    return -1 if number is None else number


def _is_everybody(networks: Place) -> Answer:
    return says(networks, _is_internet)


def _is_internet(cidr: str) -> bool:
    """Whether a network is all addresses, or so many that it comes to the same."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < 8 and not network.is_private
