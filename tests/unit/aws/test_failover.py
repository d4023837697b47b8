"""How requests find the region that works, and what the lease consists of in AWS."""

import json
from typing import Any, ClassVar

import pytest

from components.aws import lease
from tests.unit.aws.region import (
    AWAY,
    HOME,
    WITNESS,
    Region,
    alone,
    primary,
    problems,
    recorded,
    standby,
)

TAKEN_OVER = standby(role="primary", database={})


def records(region: Region) -> dict[str, Any]:
    return {each.name: each.inputs for each in region.of("Record")}


@pytest.mark.parametrize(
    ("values", "place"),
    [(primary(), "PRIMARY"), (standby(), "SECONDARY"), (TAKEN_OVER, "SECONDARY")],
    ids=["primary", "standby", "taken over"],
)
def test_records_follow_health_and_never_the_role(values: Any, place: str) -> None:
    region = recorded(values)
    for name in ("webhooks", "editor"):
        record = records(region)[name]
        assert record["failoverRoutingPolicies"] == [{"type": place}]
        assert record["healthCheckId"] == "webhooks-id"
        assert record["setIdentifier"] == region.settings.aws.region  # pyright: ignore[reportOptionalMemberAccess]
        assert record["ttl"] == 60


def test_health_is_asked_where_no_failover_leads_away() -> None:
    region = recorded(primary())
    (check,) = region.of("HealthCheck")
    assert check.inputs["type"] == "HTTPS"
    assert check.inputs["fqdn"] == records(region)["check"]["name"]
    assert "failoverRoutingPolicies" not in records(region)["check"]


def test_without_records_route_53_is_left_alone() -> None:
    region = recorded(primary(failover={"witnessRegion": WITNESS}))
    assert not region.of("Record")
    assert not region.of("HealthCheck")


def test_the_lease_is_agreed_on_by_three_regions() -> None:
    table = recorded(primary()).named("dynamodb/table:Table", "lease")
    (replica,) = table["replicas"]
    assert (table["region"], replica["regionName"]) == (HOME, AWAY)
    assert replica["consistencyMode"] == "STRONG"
    assert table["globalTableWitness"] == {"regionName": WITNESS}


def test_the_lease_begins_at_home_and_no_deployment_gives_it_to_anybody_again() -> None:
    region = recorded(primary())
    item = json.loads(region.named("dynamodb/tableItem:TableItem", "lease")["item"])
    assert item == {"id": {"S": lease.LEASE}, "holder": {"S": HOME}, "opens": {"N": "0"}}
    options = region.options["aws:dynamodb/tableItem:TableItem", "lease"]
    assert options.ignore_changes == ["item"]
    assert options.protect
    assert options.retain_on_delete
    assert not recorded(standby()).of("TableItem")


def test_only_the_stack_s_own_database_may_ask_and_nothing_else() -> None:
    region = recorded(primary())
    (association,) = region.of("RoleAssociation")
    database = region.named("rds/instance:Instance", "database")
    assert association.inputs["dbInstanceIdentifier"] == database["identifier"]
    policy = json.loads(region.named("iam/rolePolicy:RolePolicy", "database")["policy"])
    (statement,) = policy["Statement"]
    function = region.named("lambda/function:Function", "n8n-lease-renew")["name"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert [each.rpartition(":")[2] for each in statement["Resource"]] == [function]


def test_both_regions_ask_functions_of_the_same_name() -> None:
    """A replica has its source's, and finds it in its own region once it is promoted."""
    home, away = (
        {each.inputs["name"] for each in recorded(values).of("Function")}
        for values in (primary(), standby())
    )
    assert home == away


def test_a_function_waits_as_long_as_settings_say() -> None:
    failover = {"witnessRegion": WITNESS, "leaseSeconds": 100, "marginSeconds": 20}
    function = recorded(primary(failover=failover)).named("Function", "n8n-lease-take")
    assert function["environment"]["variables"]["WAIT_SECONDS"] == "120"


def test_somebody_hears_of_a_lease_that_is_not_asked_for_only_where_it_should_be() -> None:
    def alarms(values: Any) -> set[str]:
        return {each.name for each in recorded(values).of("MetricAlarm")}

    assert "lease-not-asked-for" in alarms(primary())
    assert "replica-lag" not in alarms(primary())
    assert "lease-not-asked-for" not in alarms(standby())
    assert "replica-lag" in alarms(standby())


def test_through_the_endpoint_only_the_lease_is_renewed() -> None:
    region = recorded(primary())
    endpoint = region.named("ec2/vpcEndpoint:VpcEndpoint", "lease")
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    function = region.named("lambda/function:Function", "n8n-lease-renew")["name"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert [each.rpartition(":")[2] for each in statement["Resource"]] == [function]


def test_the_lease_needs_no_key_but_the_table_s_and_shares_lambda_unless_told() -> None:
    for each in recorded(primary()).of("Function"):
        assert "kmsKeyArn" not in each.inputs
        assert "reservedConcurrentExecutions" not in each.inputs
    failover = {"witnessRegion": WITNESS, "reservedExecutions": 2}
    for each in recorded(primary(failover=failover)).of("Function"):
        assert each.inputs["reservedConcurrentExecutions"] == 2


def test_a_margin_is_longer_than_what_a_failover_does_not_see() -> None:
    """The function's timeout, after the time that it wrote down, and the database's own check."""
    timeout = recorded(primary()).named("Function", "n8n-lease-take")["timeout"]
    short = {"witnessRegion": WITNESS, "marginSeconds": timeout + 5}
    assert "aws.failover.marginSeconds" in problems(primary(failover=short))


def test_an_environment_alone_has_no_lease() -> None:
    assert not recorded(alone()).of("Function")
    parameters = recorded(alone()).named("ParameterGroup", "database")["parameters"]
    assert "shared_preload_libraries" not in {each["name"] for each in parameters}


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (primary(failover={}), "aws.failover.witnessRegion"),
        (
            primary(network={"interfaceEndpoints": ["logs", "lambda"]}),
            "aws.network.interfaceEndpoints",
        ),
        (primary(failover={"witnessRegion": AWAY}), "aws.failover.witnessRegion"),
        (primary(failover={"witnessRegion": "eu-north-1"}), "aws.failover.witnessRegion"),
        (
            alone(
                role="standby", database={"sourceArn": "arn:aws:rds:eu-west-1:111122223333:db:a"}
            ),
            "aws.peer",
        ),
    ],
)
def test_what_cannot_keep_two_regions_apart_is_refused(values: Any, wrong: str) -> None:
    assert problems(values) == [wrong]


class _Refused(Exception):  # noqa: N818 -- as boto3 calls it
    def __init__(self, item: Any = None) -> None:
        self.response = {"Item": item} if item else {}


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """In which an answer of the table's is put, and the request is found."""
    exchange: list[Any] = []

    def write(**request: Any) -> None:
        answer = exchange.pop(0)
        exchange.append(request)
        if isinstance(answer, Exception):
            raise answer

    monkeypatch.setenv("AWS_REGION", AWAY)
    monkeypatch.setenv("WAIT_SECONDS", "150")
    monkeypatch.setattr(lease, "_table", lambda: (write, _Refused))
    monkeypatch.setattr(lease.time, "time", lambda: 1000.0)
    return exchange


def test_the_holder_is_told_so(function: list[Any]) -> None:
    function.append(None)
    assert lease.renew({}, None) == {"held": True}
    (request,) = function
    assert request["ExpressionAttributeValues"][":region"] == {"S": AWAY}


@pytest.mark.parametrize("answer", [_Refused(), OSError("no answer")])
def test_whoever_is_not_told_so_is_told_nothing(function: list[Any], answer: Exception) -> None:
    function.append(answer)
    with pytest.raises((lease.NotHeldError, OSError)):
        lease.renew({}, None)


def test_taking_says_from_when_on_the_region_works(function: list[Any]) -> None:
    function.append(None)
    assert lease.take({}, None) == {"opens": 1150.0}


def test_taking_again_says_the_same_time(function: list[Any]) -> None:
    function.append(_Refused({"holder": {"S": AWAY}, "opens": {"N": "1100.000"}}))
    assert lease.take({}, None) == {"opens": 1100.0}


class _Conflict(Exception):  # noqa: N818 -- as DynamoDB calls it
    response: ClassVar = {"Error": {"Code": "ReplicatedWriteConflictException"}}


def test_taking_is_tried_again_while_the_other_region_renews(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers, clock = [_Conflict(), _Conflict(), None], [1000.0]
    requests: list[Any] = []

    def write(**request: Any) -> None:
        requests.append(request["ExpressionAttributeValues"][":opens"])
        if answer := answers.pop(0):
            raise answer

    monkeypatch.setenv("AWS_REGION", AWAY)
    monkeypatch.setenv("WAIT_SECONDS", "150")
    monkeypatch.setattr(lease, "_table", lambda: (write, _Refused))
    monkeypatch.setattr(lease.time, "time", lambda: clock[0])
    monkeypatch.setattr(lease.time, "sleep", lambda _: clock.__setitem__(0, clock[0] + 1))

    # Later each time: the other region may have renewed in between.
    assert lease.take({}, None) == {"opens": 1152.0}
    assert [each["N"] for each in requests] == ["1150.000", "1151.000", "1152.000"]


@pytest.mark.parametrize("error", [_Conflict(), OSError("no answer")])
def test_taking_ends_with_what_does_not_pass(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried: list[Any] = []

    def write(**request: Any) -> None:
        tried.append(request)
        raise error

    monkeypatch.setenv("AWS_REGION", AWAY)
    monkeypatch.setenv("WAIT_SECONDS", "150")
    monkeypatch.setattr(lease, "_table", lambda: (write, _Refused))
    monkeypatch.setattr(lease.time, "sleep", lambda _: None)
    with pytest.raises(type(error)):
        lease.take({}, None)
    assert len(tried) == (5 if isinstance(error, _Conflict) else 1)


def test_there_must_be_a_lease_to_take(function: list[Any]) -> None:
    function.append(_Refused())
    with pytest.raises(lease.NotHeldError):
        lease.take({}, None)
