"""The database in RDS: who gets in, what it follows, and what rules refuse."""

from typing import Any

import pytest

from tests.unit.aws.region import (
    AWAY,
    HOME,
    SOURCE,
    Region,
    alone,
    key_arn,
    primary,
    problems,
    recorded,
    standby,
)

TAKEN_OVER = standby(role="primary", database={})
"""Settings of the second region after a failover: it works, and its database follows none."""

_AWAY_DATABASE = SOURCE.replace(HOME, AWAY)

ENVIRONMENTS = {"alone": alone(), "primary": primary(), "standby": standby(), "away": TAKEN_OVER}


def database(region: Region) -> dict[str, Any]:
    return dict(region.named("rds/instance:Instance", "database"))


def parameters(region: Region) -> dict[str, str]:
    group = region.named("ParameterGroup", "database")
    return {each["name"]: each["value"] for each in group["parameters"]}


def ingress(region: Region) -> list[Any]:
    group = region.named("ec2/securityGroup:SecurityGroup", "database")["name"]
    assert group
    return [
        each.inputs
        for each in region.of("SecurityGroupIngressRule")
        if each.inputs["securityGroupId"] == "database-id"
    ]


@pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_only_the_cluster_gets_in_and_only_where_the_platform_works(values: Any) -> None:
    rules = ingress(recorded(values))
    if values["aws"].get("role") == "standby":
        assert rules == []
        return
    (rule,) = rules
    assert rule["referencedSecurityGroupId"] == "sg-cluster"
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 5432, 5432)


@pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_it_accepts_as_many_connections_as_the_tiers_are_planned_for(values: Any) -> None:
    more = {**values, "database": {**values["database"], "maxConnections": 555}}
    assert parameters(recorded(more))["max_connections"] == "555"


def test_a_standby_follows_its_primary_with_a_key_of_its_own_region() -> None:
    replica = database(recorded(standby()))
    assert replica["replicateSourceDb"] == SOURCE
    assert replica["kmsKeyId"] == key_arn("data", AWAY)
    # What a replica takes from its source, and RDS refuses to be told.
    for key in ("engine", "username", "dbName", "password", "allocatedStorage"):
        assert key not in replica
    assert "manageMasterUserPassword" not in replica


def test_nothing_is_replaced_when_a_standby_takes_over() -> None:
    before, after = recorded(standby()), recorded(TAKEN_OVER)
    changed = {
        key
        for key in {*database(before), *database(after)}
        if database(before).get(key) != database(after).get(key)
    }
    # Promotion, what an instance of its own says of itself, and that it is backed up.
    assert changed == {
        *("replicateSourceDb", "engine", "allocatedStorage"),
        *("dbName", "username", "skipFinalSnapshot", "tags"),
    }
    assert {(each.type, each.name) for each in before} - {
        (each.type, each.name) for each in after
    } == {("aws:cloudwatch/metricAlarm:MetricAlarm", "replica-lag")}


def test_rds_keeps_the_master_s_password_where_no_replica_is_made_of_it() -> None:
    instance = database(recorded(alone()))
    assert instance["manageMasterUserPassword"] is True
    assert instance["masterUserSecretKmsKeyId"] == key_arn("data")
    assert not recorded(alone()).of("SecretVersion")


def test_with_a_peer_the_password_is_made_at_home_and_kept_in_both_regions() -> None:
    region = recorded(primary())
    assert "manageMasterUserPassword" not in database(region)
    secret = region.named("secretsmanager/secret:Secret", "database-master")
    assert secret["kmsKeyId"] == key_arn("data")
    assert secret["replicas"] == [{"region": AWAY, "kmsKeyId": key_arn("data", AWAY)}]
    holding = [each.name for each in region if "generated" in str(each.inputs)]
    assert sorted(holding) == ["database", "database-master"]
    # The other environment's database has it from this one.
    for away in (standby(), TAKEN_OVER):
        assert not [each for each in recorded(away) if each.name == "database-master"]


def test_the_password_is_the_same_whatever_the_role_of_the_home_is_and_is_not_set_again() -> None:
    def made(region: Region) -> dict[str, object]:
        return {each.type: each.inputs for each in region if each.name == "database-master"}

    home = recorded(primary())
    follows = recorded(
        primary(role="standby", database={"sourceArn": _AWAY_DATABASE, "generation": 2})
    )
    again = recorded(primary(database={"generation": 2}))
    assert made(home) == made(follows) == made(again)
    assert "password" in database(home)
    assert "password" not in database(follows)
    assert "password" not in database(again)


def test_logs_are_there_before_the_database_that_writes_them() -> None:
    region = recorded(primary())
    instance = database(region)
    groups = {
        each.inputs["name"]: each.inputs
        for each in region.of("LogGroup")
        if each.inputs["name"].startswith("/aws/rds/")
    }
    assert groups.keys() == {
        f"/aws/rds/instance/{instance['identifier']}/{log}"
        for log in instance["enabledCloudwatchLogsExports"]
    }
    depends_on = region.options["aws:rds/instance:Instance", "database"].depends_on
    assert isinstance(depends_on, list)
    assert len(depends_on) == len(groups)


def test_a_cluster_has_the_same_safeguards() -> None:
    region = recorded(alone(database={"deployment": "cluster"}))
    cluster = region.named("rds/cluster:Cluster", "database")
    group = region.named("ClusterParameterGroup", "database")
    assert cluster["dbClusterParameterGroupName"] == group["name"]
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"} in group[
        "parameters"
    ]
    # The one condition that nothing of an environment alone can meet.
    assert region.judged().keys() == {"backups-are-copied-to-another-region"}


def test_the_next_generation_has_another_name_and_another_final_snapshot() -> None:
    first, second = (
        database(recorded(standby(database={"sourceArn": SOURCE, "generation": generation})))
        for generation in (1, 2)
    )
    assert first["identifier"] != second["identifier"]
    assert first["finalSnapshotIdentifier"] != second["finalSnapshotIdentifier"]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (primary(database={"deployment": "cluster"}), ["aws.database.deployment"]),
        (primary(database={"sourceArn": SOURCE}), ["aws.database.sourceArn"] * 2),
        (standby(database={}), ["aws.database.sourceArn"]),
        (primary(database={"create": False}), ["aws.database.create", "database.host"]),
        (alone(database={"storageGigabytes": 600}), ["aws.database.maximumStorageGigabytes"]),
        # RDS refuses a maximum that is less than a tenth above.
        (alone(database={"storageGigabytes": 500}), ["aws.database.maximumStorageGigabytes"]),
        (alone(database={"storageGigabytes": 455}), ["aws.database.maximumStorageGigabytes"]),
        ({**alone(), "database": {"mode": "in-cluster"}}, ["database.mode"]),
        ({**alone(), "database": {"mode": "external", "host": "db.test"}}, ["database.host"]),
        (
            {**alone(), "database": {"mode": "external", "maxConnections": 2000}},
            ["database.maxConnections"],
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_changes(values: Any, wrong: list[str]) -> None:
    assert sorted(problems(values)) == sorted(wrong)


def test_a_tenth_above_its_size_is_room_enough_and_a_cluster_s_volumes_never_grow() -> None:
    assert problems(alone(database={"storageGigabytes": 454})) == []
    assert problems(alone(database={"storageGigabytes": 600, "deployment": "cluster"})) == []


@pytest.mark.parametrize("values", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_state_says_the_version_that_settings_say(values: Any) -> None:
    """Else a promotion would also ask RDS for the newest minor version, or for an older one."""
    assert database(recorded(values))["engineVersion"] == "17"


def moment(window: str) -> int:
    """The minute of the week in which a window such as sun:03:00 begins."""
    day, hours, minutes = window[:9].split(":")
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return (days.index(day) * 24 + int(hours)) * 60 + int(minutes)


def test_a_replica_is_upgraded_the_day_before_its_source_and_a_failover_changes_no_window() -> None:
    home, away, taken_over = (
        database(recorded(values)) for values in (primary(), standby(), TAKEN_OVER)
    )
    day = moment(home["maintenanceWindow"]) - moment(away["maintenanceWindow"])
    assert day == 24 * 60
    for window in ("maintenanceWindow", "backupWindow"):
        assert away[window] == taken_over[window]
    assert home["backupWindow"] != away["backupWindow"]


@pytest.mark.parametrize("values", [primary(), standby()], ids=["home", "away"])
def test_no_backup_begins_in_a_window_of_the_database_or_an_hour_before(values: Any) -> None:
    """AWS Backup says of those that they often fail."""
    region = recorded(values)
    (rule,) = region.named("backup/plan:Plan", "backups")["rules"]
    minute, hour, *every_day = rule["schedule"].removeprefix("cron(").removesuffix(")").split()
    assert every_day == ["*", "*", "?", "*"]
    begins = int(hour) * 60 + int(minute)
    window = database(region)
    for name in ("backupWindow", "maintenanceWindow"):
        # The time of the day, without the day of the week.
        first, last = (
            int(each[-5:-3]) * 60 + int(each[-2:])
            for each in (window[name].split("-")[0], window[name].split("-")[1])
        )
        assert begins + rule["startWindow"] <= first - 60 or begins >= last, name


def test_a_larger_machine_takes_more_connections() -> None:
    many = {"database": {"mode": "external", "maxConnections": 2000}}
    assert problems({**alone(database={"instanceClass": "db.r7g.2xlarge"}), **many}) == []
    assert problems({**alone(database={"instanceClass": "db.t4g.medium"}), **many}) == []


def test_a_database_that_is_there_already_is_used_where_it_is() -> None:
    given = alone(database={"create": False}, recovery={})
    assert problems({**given, "database": {"mode": "external", "host": "db.test"}}) == []
