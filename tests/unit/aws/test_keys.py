"""Each use has a key of its own, which only that use can use."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.aws.foundation import ACCOUNT, PEER, REGION, Foundation, away, recorded, values

KEYS = ("cluster", "volumes", "logs", "data", "backup", "escrow")
IN_BOTH_REGIONS = ("data", "backup", "escrow")
USING = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:CreateGrant")


def statements(key: Mapping[str, Any]) -> list[dict[str, Any]]:
    return json.loads(key["policy"])["Statement"]


def _all_keys() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, region and properties of every key and replica."""
    for each in recorded(values()).typed("kms/key:Key"):
        yield each.name, REGION, each.inputs
    for each in recorded(values()).typed("kms/replicaKey:ReplicaKey"):
        yield each.name.removesuffix("-replica"), PEER, each.inputs


def test_administrators_can_neither_use_a_key_nor_let_themselves_use_it() -> None:
    for name, _, key in _all_keys():
        (manage,) = (each for each in statements(key) if each["Sid"] == "Manage")
        assert not set(USING) & set(manage["Action"]), name
        assert not any(action in ("kms:*", "kms:Create*") for action in manage["Action"]), name


def test_a_key_is_used_through_its_services_in_its_region_and_account_only() -> None:
    for name, region, key in _all_keys():
        using = [each for each in statements(key) if set(USING) & set(each["Action"])]
        assert using, name
        for each in using:
            if each["Principal"] == {"AWS": "*"}:
                same = each["Condition"]["StringEquals"]
                assert same["kms:CallerAccount"] == ACCOUNT
                assert all(
                    service.endswith(f".{region}.amazonaws.com")
                    for service in same["kms:ViaService"]
                )
            elif each["Sid"] == "UseForAlarms":
                assert name == "logs"
                # Who publishes to an encrypted topic; of no other account's.
                assert set(each["Principal"]["Service"]) == {
                    "backup.amazonaws.com",
                    "cloudwatch.amazonaws.com",
                }
                assert each["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
            elif name == "logs":
                assert each["Principal"] == {"Service": f"logs.{region}.amazonaws.com"}
                assert f"logs:{region}:{ACCOUNT}:" in json.dumps(each["Condition"])
            else:
                # EKS: IAM says who, and the cluster's role is the only one that is given it.
                assert name == "cluster"
                assert each["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_only_services_take_grants_where_a_service_can_say_so() -> None:
    for name, _, key in _all_keys():
        for each in statements(key):
            if "kms:CreateGrant" in each["Action"] and name != "cluster":
                assert each["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("volumes", {"ec2"}),
        ("data", {"dynamodb", "rds", "s3", "secretsmanager"}),
        ("backup", {"backup", "rds", "s3"}),
        ("escrow", {"secretsmanager"}),
    ],
)
def test_a_key_serves_its_own_use_and_no_other(name: str, services: set[str]) -> None:
    used = {
        service.partition(".")[0]
        for each in statements(recorded(values()).named("kms/key:Key", name))
        for service in each.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ())
    }
    assert used == services


def test_what_has_to_outlive_a_region_has_the_same_key_in_the_other() -> None:
    made = recorded(values())
    replicas = {each.name: each.inputs for each in made.typed("kms/replicaKey:ReplicaKey")}
    multi_region = {each.name for each in made.typed("kms/key:Key") if each.inputs["multiRegion"]}

    assert multi_region == set(IN_BOTH_REGIONS)
    assert {(each["primaryKeyArn"], each["region"]) for each in replicas.values()} == {
        (f"arn:aws:kms:::{name}", PEER) for name in IN_BOTH_REGIONS
    }
    assert made.outputs["replicas"] == {
        name: f"arn:aws:kms:::{name}-replica" for name in IN_BOTH_REGIONS
    }


def test_each_use_has_its_key() -> None:
    made = recorded(values())
    (cluster,) = made.typed("eks/cluster:Cluster")
    (template,) = made.typed("ec2/launchTemplate:LaunchTemplate")
    (disk,) = template.inputs["blockDeviceMappings"]

    assert cluster.inputs["encryptionConfig"]["provider"]["keyArn"] == "arn:aws:kms:::cluster"
    assert disk["ebs"]["kmsKeyId"] == "arn:aws:kms:::volumes"
    assert made.one("StorageClass")["parameters"]["kmsKeyId"] == "arn:aws:kms:::volumes"
    for each in made.typed("cloudwatch/logGroup:LogGroup"):
        assert each.inputs["kmsKeyId"] == "arn:aws:kms:::logs"


def test_a_standby_uses_the_replicas_that_its_primary_made_and_keys_of_its_own() -> None:
    made = recorded(away("standby"))

    assert {each.name for each in made.typed("kms/key:Key")} == {"cluster", "volumes", "logs"}
    assert not made.typed("kms/replicaKey:ReplicaKey")
    assert made.outputs["keys"]["data"].endswith("key/mrk-data")
    assert set(made.outputs["keys"]) == set(KEYS)


def test_no_key_changes_when_the_role_flips() -> None:
    def keys(made: Foundation) -> list[Any]:
        found = [each for each in made if each.type.startswith("aws:kms/")]
        return sorted(((each.type, each.name, each.inputs) for each in found), key=lambda e: e[:2])

    assert keys(recorded(away("standby"))) == keys(recorded(away("primary")))


def test_without_a_peer_there_is_no_replica() -> None:
    of = values()
    del of["aws"]["peer"]
    assert not recorded(of).typed("kms/replicaKey:ReplicaKey")
