"""What travels to services of AWS is encrypted on the way."""

import json
from typing import Any

import pytest

from policies.conditions import aws_transport
from policies.resources.resource import Resource
from tests.policies.aws import Setting, belonging, needs
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

INSTANCE = "aws:rds/instance:Instance"
GROUP = "aws:rds/parameterGroup:ParameterGroup"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
DOMAIN = "aws:opensearch/domain:Domain"
MODERN = "a policy of TLS 1.2 or newer"
ENDPOINT = {"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"}


@pytest.mark.parametrize(
    "setting",
    [
        Setting(
            condition=aws_transport.load_balancers_use_modern_tls,
            type="aws:lb/listener:Listener",
            path="sslPolicy",
            good=("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS-1-2-2017-01"),
            bad="ELBSecurityPolicy-TLS13-1-0-2021-06",
            state="set otherwise",
            requires=MODERN,
            others={"protocol": "HTTPS"},
        ),
        Setting(
            condition=aws_transport.caches_force_tls,
            type="aws:elasticache/replicationGroup:ReplicationGroup",
            path="transitEncryptionEnabled",
            good=(True,),
            requires="true",
            others={"replicationGroupId": "cache"},
        ),
        Setting(
            condition=aws_transport.caches_force_tls,
            type="aws:elasticache/cluster:Cluster",
            path="transitEncryptionEnabled",
            good=(True,),
            requires="true",
        ),
        Setting(
            condition=aws_transport.search_domains_force_tls,
            type=DOMAIN,
            path="nodeToNodeEncryption.enabled",
            good=(True,),
            requires="true",
            others={"domainEndpointOptions": ENDPOINT},
        ),
        Setting(
            condition=aws_transport.search_domains_force_tls,
            type=DOMAIN,
            path="domainEndpointOptions.tlsSecurityPolicy",
            good=("Policy-Min-TLS-1-2-2019-07",),
            bad="Policy-Min-TLS-1-0-2019-07",
            state="set otherwise",
            requires=MODERN,
            others={"nodeToNodeEncryption": {"enabled": True}, "domainEndpointOptions": ENDPOINT},
        ),
    ],
    ids=str,
)
def test_a_setting_decides(setting: Setting) -> None:
    setting.check()


def group(name: str = "rds.force_ssl", value: Any = "1") -> Resource:
    parameters = [{"name": "log_connections", "value": "1"}, {"name": name, "value": value}]
    return resource(GROUP, {"name": "forcing", "parameters": parameters}, name="forcing")


def database(**properties: Any) -> Resource:
    return resource(INSTANCE, {"engine": "postgres", **properties})


def test_a_database_uses_a_parameter_group_that_forces_tls() -> None:
    condition = aws_transport.databases_force_tls
    requires = "one with rds.force_ssl or require_secure_transport on"
    named = database(parameterGroupName="forcing")
    assert said(condition, named, group()) == []
    assert said(condition, named, group("require_secure_transport", "ON")) == []
    assert said(condition, belonging(INSTANCE, "parameterGroupName", group()), group()) == []
    # The provider says of what is not set that it will be filled in.
    unset = database(parameterGroupName=UNKNOWN)
    for judged, others in (
        (named, [group(value="0")]),
        (named, []),
        (database(parameterGroupName="default.postgres17"), [group()]),
        (unset, [group()]),
    ):
        assert said(condition, judged, *others) == [
            violated(
                condition,
                judged,
                found="parameterGroupName without a parameter group that refuses plain connections",
                requires=requires,
                fix="parameterGroupName",
            )
        ]
    assert said(condition, named, group(value=UNKNOWN)) == [
        pending(condition, named, unknown="parameterGroupName", requires=requires)
    ]


def test_a_database_may_force_tls_by_other_means_or_with_the_one_it_follows() -> None:
    condition = aws_transport.databases_force_tls
    assert judgement(condition, database(engine="oracle-ee")) is None
    assert said(condition, database(replicateSourceDb="main")) == []
    assert len(said(condition, database(replicateSourceDb="arn:aws:rds:eu-west-1:1:db:a"))) == 1


def test_a_cluster_has_parameters_of_its_own_kind() -> None:
    parameters = {"name": "tls", "parameters": [{"name": "rds.force_ssl", "value": "1"}]}
    cluster = resource("aws:rds/cluster:Cluster", {"dbClusterParameterGroupName": "tls"})
    of_clusters = resource("aws:rds/clusterParameterGroup:ClusterParameterGroup", parameters)
    assert said(aws_transport.databases_force_tls, cluster, of_clusters) == []
    assert len(said(aws_transport.databases_force_tls, cluster, resource(GROUP, parameters))) == 1


def denial(**statement: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **statement,
    }


def test_a_bucket_has_a_policy() -> None:
    needs(
        aws_transport.buckets_refuse_plain_http,
        resource(BUCKET, {"policy": UNKNOWN}),
        BUCKET_POLICY,
        "bucket",
        "a denial of requests without TLS",
    )


def test_a_bucket_may_say_its_policy_itself() -> None:
    bucket = resource(BUCKET, {"policy": json.dumps({"Statement": [denial()]})})
    assert said(aws_transport.buckets_refuse_plain_http, bucket) == []


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": {"AWS": "*"}, "Action": ["s3:*"]},
        {"Condition": {"BoolIfExists": {"AWS:SecureTransport": ["false"]}}},
        {"Condition": {"Bool": {"aws:SecureTransport": False}}},
    ],
)
def test_a_policy_refuses_plain_http(statement: dict[str, Any]) -> None:
    judged = resource(BUCKET_POLICY, {"policy": json.dumps({"Statement": [denial(**statement)]})})
    assert said(aws_transport.buckets_refuse_plain_http, judged) == []


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow"},
        {"Action": "s3:GetObject"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "true"}}},
        {"Condition": None},
    ],
)
def test_a_policy_that_lets_plain_http_in_is_found(statement: dict[str, Any]) -> None:
    condition = aws_transport.buckets_refuse_plain_http
    judged = resource(BUCKET_POLICY, {"policy": json.dumps({"Statement": [denial(**statement)]})})
    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found="policy admitting requests without TLS",
            requires="a denial of requests without TLS",
            fix="policy",
        )
    ]


@pytest.mark.parametrize(
    "policy",
    [UNKNOWN, {"Statement": [denial(Condition=UNKNOWN)]}],
)
def test_a_policy_that_is_not_known_is_undecided(policy: Any) -> None:
    condition = aws_transport.buckets_refuse_plain_http
    judged = resource(BUCKET_POLICY, {"policy": policy})
    assert said(condition, judged) == [
        pending(condition, judged, unknown="policy", requires="a denial of requests without TLS")
    ]


def listener(**properties: Any) -> Resource:
    return resource("aws:lb/listener:Listener", properties)


def test_a_listener_without_tls_redirects() -> None:
    condition = aws_transport.load_balancers_use_modern_tls
    redirect = {"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}
    assert said(condition, listener(protocol="HTTP", defaultActions=[redirect])) == []
    assert said(condition, listener(protocol="TCP", port=5678)) == []
    # Of a gateway, which passes packets on.
    assert said(condition, listener(defaultActions=[{"type": "forward"}])) == []
    place = "defaultActions[0].redirect.protocol"
    for judged in (
        listener(protocol="HTTP", defaultActions=[{"type": "forward"}]),
        # A load balancer takes a listener without a protocol for one of HTTP.
        listener(port=80, defaultActions=[{"type": "forward"}]),
    ):
        assert said(condition, judged) == [
            violated(
                condition,
                judged,
                found=f"{place} not set",
                requires="a redirect to HTTPS",
                fix=place,
            )
        ]
    unknown = listener(protocol=UNKNOWN)
    assert said(condition, unknown) == [
        pending(
            condition, unknown, unknown="protocol", requires="TLS 1.2 or newer, or a redirect to it"
        )
    ]


def test_a_cache_may_not_prefer_tls_only() -> None:
    condition = aws_transport.caches_force_tls
    kind = "aws:elasticache/replicationGroup:ReplicationGroup"

    def cache(mode: Any) -> Resource:
        return resource(kind, {"transitEncryptionEnabled": True, "transitEncryptionMode": mode})

    place = "transitEncryptionMode"
    assert said(condition, cache("required")) == []
    assert said(condition, cache("preferred")) == [
        violated(
            condition,
            cache("preferred"),
            found=f"{place} letting plain connections in",
            requires="required",
            fix=place,
        )
    ]
    assert said(condition, cache(UNKNOWN)) == [
        pending(condition, cache(UNKNOWN), unknown=place, requires="required")
    ]
    node = resource("aws:elasticache/cluster:Cluster", {"replicationGroupId": "cache"})
    assert judgement(condition, node) is None
