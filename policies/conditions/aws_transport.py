"""What travels to services of AWS is encrypted on the way."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, every, if_known, no, some
from policies.resources.aws import (
    BUCKETS,
    RDS_CLUSTER,
    RDS_INSTANCE,
    companion,
    declared,
    forbid,
    is_bucket,
    refers,
    says,
    statements,
)
from policies.resources.place import Absent, Place, Undecided, Verdict
from policies.resources.resource import Resource, of_type

_PARAMETER_GROUPS = {
    RDS_CLUSTER: (
        "dbClusterParameterGroupName",
        "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    ),
    RDS_INSTANCE: ("parameterGroupName", "aws:rds/parameterGroup:ParameterGroup"),
}
"""Where a database names its parameters, and what they are."""

_FORCING_PARAMETERS = ("rds.force_ssl", "require_secure_transport")
"""Of PostgreSQL and SQL Server; of MySQL and MariaDB."""

_OTHER_ENGINES = ("custom-oracle", "db2", "oracle")
"""Engines that are made to encrypt by other means than a parameter."""

_SECURE_TRANSPORT = ("bool aws:securetransport", "boolifexists aws:securetransport")
_BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_LISTENERS = of_type("aws:lb/listener:Listener", "aws:alb/listener:Listener")
_MODERN_TLS = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-.*")
_DOMAIN = of_type("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
_CACHE = "aws:elasticache/cluster:Cluster"
_CACHE_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


@condition(
    applies=lambda resource: (
        resource.type in _PARAMETER_GROUPS
        and not (resource.at("engine").text or "").startswith(_OTHER_ENGINES)
    ),
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Set rds.force_ssl to 1 (MySQL, MariaDB: require_secure_transport to ON) in a parameter "
    "group of the stack, and name that group in the database.",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
)
def databases_force_tls(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Databases refuse connections without TLS."""
    key, group_type = _PARAMETER_GROUPS[resource.type]
    name = declared(resource, key)
    yield from if_known(
        resource.at("engine"),
        forbid(
            _takes_no_group_over(resource)
            if name.missing
            else no(
                some(
                    every([refers(resource, key, group), _forces_tls(group)])
                    for group in context.stack.of(group_type)
                )
            ),
            f"{key} without a parameter group that refuses plain connections",
            "one with rds.force_ssl or require_secure_transport on",
            Place(key, Absent.MISSING),
        ),
    )


@condition(
    applies=of_type(*BUCKETS, _BUCKET_POLICY),
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Deny s3:* to everybody in the bucket's policy where aws:SecureTransport is false.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
)
def buckets_refuse_plain_http(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Buckets refuse requests without TLS."""
    requires = "a denial of requests without TLS"
    if is_bucket(resource):
        yield from companion(
            resource,
            "bucket",
            context,
            _BUCKET_POLICY,
            requires=requires,
            otherwise=_refuses_plain_http(declared(resource, "policy")),
        )
        return
    policy = resource.at("policy")
    yield from forbid(
        no(_refuses_plain_http(policy)),
        f"{policy.path} admitting requests without TLS",
        requires,
        policy,
    )


@condition(
    applies=_LISTENERS,
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Set sslPolicy to ELBSecurityPolicy-TLS13-1-2-2021-06; on HTTP, redirect to HTTPS.",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
)
def load_balancers_use_modern_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Load balancers that speak TLS take 1.2 or newer, and plain HTTP only redirects to it."""
    protocol = resource.at("protocol")
    if protocol.unknown:
        yield Undecided(protocol.path, "TLS 1.2 or newer, or a redirect to it")
    elif protocol.text in ("HTTPS", "TLS"):
        yield from resource.at("sslPolicy").must(
            lambda place: bool(_MODERN_TLS.fullmatch(place.text or "")),
            "a policy of TLS 1.2 or newer",
        )
    elif protocol.text == "HTTP" or (protocol.missing and not resource.at("port").missing):
        for action in resource.at("defaultActions").each():
            redirect = action.at("redirect", "protocol")
            yield from redirect.must_be("HTTPS", requires="a redirect to HTTPS")


@condition(
    # A node of a replication group takes it over from there.
    applies=lambda resource: (
        resource.type == _CACHE_GROUP
        or (resource.type == _CACHE and resource.at("replicationGroupId").missing)
    ),
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Set transitEncryptionEnabled to true and transitEncryptionMode to required.",
    url="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html",
)
def caches_force_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Redis, Valkey and Memcached of ElastiCache refuse connections without TLS."""
    yield from resource.at("transitEncryptionEnabled").must_be(True)
    mode = resource.at("transitEncryptionMode")
    yield from forbid(
        says(mode, lambda text: text == "preferred"),
        f"{mode.path} letting plain connections in",
        "required",
        mode,
    )


@condition(
    applies=_DOMAIN,
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32", "32(1)(a)"),
    steps="Set nodeToNodeEncryption.enabled and domainEndpointOptions.enforceHttps to true, and "
    "tlsSecurityPolicy to Policy-Min-TLS-1-2-PFS-2023-10.",
    url="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/infrastructure-security.html",
)
def search_domains_force_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """OpenSearch speaks TLS 1.2 or newer, to clients and between its nodes."""
    endpoint = resource.at("domainEndpointOptions")
    yield from resource.at("nodeToNodeEncryption", "enabled").must_be(True)
    yield from endpoint.at("enforceHttps").must_be(True)
    yield from endpoint.at("tlsSecurityPolicy").must(
        lambda place: (place.text or "").startswith("Policy-Min-TLS-1-2"),
        "a policy of TLS 1.2 or newer",
    )


def _takes_no_group_over(database: Resource) -> Answer:
    """Whether a database without a parameter group gets AWS' own: no replica in its region."""
    source = database.at("replicateSourceDb")
    return source.missing or says(source, lambda text: text.startswith("arn:"))


def _forces_tls(group: Resource) -> Answer:
    return some(
        every(
            [
                says(parameter.at("name"), _FORCING_PARAMETERS.__contains__),
                says(parameter.at("value"), lambda text: text.lower() in ("1", "on")),
            ]
        )
        for parameter in group.at("parameters").each()
    )


def _refuses_plain_http(policy: Place) -> Answer:
    """Whether a policy denies everybody everything over a connection without TLS."""
    return some(
        every(
            [
                says(statement.at("Effect"), lambda text: text == "Deny"),
                some(
                    says(principal, lambda text: text == "*")
                    for principal in (
                        statement.at("Principal"),
                        statement.at("Principal", "AWS"),
                    )
                ),
                says(statement.at("Action"), lambda text: text.lower() in ("*", "s3:*")),
                _without_tls(statement.at("Condition")),
            ]
        )
        for statement in statements(policy)
    )


def _without_tls(conditions: Place) -> Answer:
    """Whether conditions of a statement are met by every connection without TLS."""
    if conditions.unknown:
        return None
    comparisons = [
        (f"{operator} {name}".lower(), value)
        for operator, compared in conditions.entries()
        for name, value in compared.entries()
    ]
    if len(comparisons) != 1:
        return False  # All have to be met: with another one, some requests get in.
    comparison, value = comparisons[0]
    if comparison in ("bool *", "boolifexists *"):
        return None
    return comparison in _SECURE_TRANSPORT and (
        value.value is False or says(value, lambda text: text == "false")
    )
