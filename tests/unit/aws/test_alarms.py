"""Who hears of alarms, and what the database's are about."""

import json
from typing import Any

import pytest

from tests.unit.aws.region import (
    ACCOUNT,
    AWAY,
    HEARS,
    HOME,
    Region,
    alone,
    key_arn,
    primary,
    problems,
    recorded,
    standby,
)

TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:n8n-alarms"
ON_DUTY = f"arn:aws:sns:{HOME}:{ACCOUNT}:on-duty"
GIB = 2**30


def alarms(region: Region) -> dict[str, Any]:
    return {each.name: each.inputs for each in region.of("MetricAlarm")}


@pytest.mark.parametrize(
    "values",
    [primary(alarms={}), standby(alarms={}), primary(alarms={"emails": [], "topics": []})],
)
def test_a_pair_whose_alarms_nobody_hears_is_refused(values: Any) -> None:
    assert problems(values) == ["aws.alarms.emails"]


@pytest.mark.parametrize("heard", [{"emails": [HEARS]}, {"topics": [ON_DUTY]}])
def test_somebody_is_an_address_or_a_topic(heard: dict[str, Any]) -> None:
    assert problems(primary(alarms=heard)) == []
    assert problems(alone()) == []


@pytest.mark.parametrize("address", ["ops", "ops@", "ops@example", "a b@n8n.example"])
def test_what_is_no_address_is_refused(address: str) -> None:
    assert problems(primary(alarms={"emails": [address]})) == ["aws.alarms.emails.0"]


@pytest.mark.parametrize(("values", "region"), [(primary(), HOME), (standby(), AWAY)])
def test_every_alarm_and_its_end_reach_the_region_s_topic(values: Any, region: str) -> None:
    made = recorded(values)
    topic = made.named("sns/topic:Topic", "alarms")
    arn = f"arn:aws:sns:{region}:{ACCOUNT}:{topic['name']}"
    assert alarms(made)
    for alarm in alarms(made).values():
        assert alarm["alarmActions"] == alarm["okActions"] == [arn]


def test_topics_that_are_there_already_hear_of_alarms_too() -> None:
    heard = {"emails": [HEARS], "topics": [ON_DUTY]}
    for alarm in alarms(recorded(primary(alarms=heard))).values():
        assert alarm["alarmActions"] == [TOPIC, ON_DUTY]


def test_the_topic_writes_to_each_address_and_is_encrypted_with_a_key_of_ours() -> None:
    two = [HEARS, "second@n8n.example"]
    region = recorded(primary(alarms={"emails": two}))
    assert region.named("sns/topic:Topic", "alarms")["kmsMasterKeyId"] == key_arn("logs")
    assert {
        (each.inputs["protocol"], each.inputs["endpoint"])
        for each in region.of("TopicSubscription")
    } == {("email", each) for each in two}


def test_cloudwatch_and_aws_backup_of_this_account_may_publish_and_nobody_else() -> None:
    region = recorded(primary())
    policy = json.loads(region.named("sns/topicPolicy:TopicPolicy", "alarms")["policy"])
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {
        "cloudwatch.amazonaws.com",
        "backup.amazonaws.com",
    }
    for each in allowed:
        assert each["Action"] == ["sns:Publish"]
        assert each["Resource"] == [TOPIC]
        assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_a_full_database_is_heard_of_when_rds_does_not_enlarge_it() -> None:
    alarm = alarms(recorded(primary(database={"storageGigabytes": 200})))["database-storage"]
    # RDS begins at a tenth of what there is, after five minutes.
    assert alarm["threshold"] == 20 * GIB
    assert alarm["comparisonOperator"] == "LessThanThreshold"
    assert alarm["period"] * alarm["evaluationPeriods"] >= 30 * 60


def test_connections_are_counted_against_what_the_database_takes() -> None:
    values = {**primary(), "database": {"mode": "external", "maxConnections": 500}}
    assert alarms(recorded(values))["database-connections"]["threshold"] == 450


def test_each_machine_of_a_cluster_is_looked_at() -> None:
    found = alarms(recorded(alone(database={"deployment": "cluster"})))
    for metric in ("storage", "connections", "cpu"):
        assert [
            found[f"database-{metric}-{number}"]["dimensions"]["DBInstanceIdentifier"]
            for number in (1, 2, 3)
        ] == [f"n8n-1-instance-{number}" for number in (1, 2, 3)]


def test_alarms_look_at_the_next_generation_and_keep_their_names() -> None:
    for generation in (1, 2):
        region = recorded(primary(database={"generation": generation}))
        looks_at = alarms(region)["database-cpu"]["dimensions"]["DBInstanceIdentifier"]
        assert looks_at == f"n8n-{generation}"
