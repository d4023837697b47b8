"""Network, keys and cluster of an environment in AWS, recorded without an engine."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.runtime.resource import register_resource

import settings
from components.aws.cluster import Cluster
from components.aws.keys import Keys
from components.aws.network import Network
from components.aws.volumes import EncryptedVolumes
from tests.unit.mocks import Recorded, Resource, record

REGION, PEER = "eu-central-1", "eu-west-1"
ZONES = tuple(f"{REGION}{letter}" for letter in "abc")
ACCOUNT = "111122223333"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/deploy"


def values(**aws: Any) -> dict[str, Any]:
    """Settings of a primary with a peer; its settings of AWS may be others."""
    return {
        "platform": {"zones": list(ZONES)},
        "governance": {"owner": "platform-team", "lawfulBasis": "contract"},
        "database": {"mode": "external"},
        "aws": {
            "accountId": ACCOUNT,
            "region": REGION,
            "peer": {"region": PEER, "cidr": "10.65.0.0/16"},
            "alarms": {"emails": ["ops@n8n.example"]},
            "failover": {"witnessRegion": "eu-west-3"},
            "cluster": {"access": [{"role": DEPLOYER, "level": "admin"}]},
            **aws,
        },
    }


def cluster_of(**cluster: Any) -> dict[str, Any]:
    """The same with other settings of the cluster."""
    access = {"access": [{"role": DEPLOYER, "level": "admin"}]}
    return values(cluster={**access, **cluster})


def away(role: str, **cluster: Any) -> dict[str, Any]:
    """Settings of the other environment of the pair, which stands by or has taken over."""
    home = f"arn:aws:rds:{PEER}:{ACCOUNT}:db:n8n-1"
    of = values(
        role=role,
        keys={
            "existing": {
                name: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-{name}"
                for name in ("data", "backup", "escrow")
            }
        },
        failover={"home": False, "witnessRegion": "eu-west-3"},
        database={"sourceArn": home} if role == "standby" else {},
    )
    of["aws"]["cluster"].update(cluster)
    return of


EXISTING = values(
    cluster={
        "existing": {
            "name": "shared",
            "endpoint": "https://ABC.gr7.eu-central-1.eks.amazonaws.com",
            "certificateAuthority": "YQ==",
            "securityGroupId": "sg-0abc",
        }
    }
)
"""Of a cluster that is there already."""


class Foundation(Recorded):
    """What the three are made of.

    Attributes:
        outputs: what they hand on: `kubeconfig`, `keys`, `replicas`, `private` and `intra` subnets.
        options: by type and name what Pulumi was told of each resource.
    """

    def __init__(self, stack: settings.Settings) -> None:
        self.outputs: dict[str, Any] = {}
        environment = stack.aws
        assert environment

        def program() -> None:
            keys = Keys("keys", settings=stack, environment=environment)
            network = Network(
                "network", settings=stack, environment=environment, log_key_arn=keys.arns["logs"]
            )
            cluster = Cluster(
                "cluster", settings=stack, environment=environment, network=network, keys=keys.arns
            )
            EncryptedVolumes("volumes", settings=stack, key_arn=keys.arns["volumes"])
            for name, value in (
                ("kubeconfig", cluster.kubeconfig),
                ("securityGroup", cluster.security_group_id),
                ("keys", keys.arns),
                ("replicas", keys.replicas),
                ("private", network.private_subnets),
                ("intra", network.intra_subnets),
            ):
                pulumi.Output.from_input(value).apply(
                    lambda each, name=name: self.outputs.update({name: each})
                )

        self.options: dict[tuple[str, str], pulumi.ResourceOptions] = {}
        with patch("pulumi.resource.register_resource", self._register):
            super().__init__(record(program))

    def _register(self, *arguments: Any) -> None:
        _, type_, name, *_ = arguments
        self.options[type_, name] = next(
            each for each in arguments if isinstance(each, pulumi.ResourceOptions)
        )
        register_resource(*arguments)

    def waits_for(self, type_: str, name: str) -> set[tuple[str, str]]:
        """Kind and name of what a resource explicitly depends on."""
        depends_on = self.options[type_, name].depends_on
        resources = depends_on if isinstance(depends_on, list) else []
        return {
            (each._type.rpartition(":")[2], each._name)
            for each in resources
            if isinstance(each, pulumi.Resource)
        }

    def named(self, type_: str, name: str) -> Mapping[str, Any]:
        """The properties of a resource, by its type and its name in Pulumi."""
        (found,) = (each for each in self.typed(type_) if each.name == name)
        return found.inputs

    def typed(self, type_: str) -> list[Resource]:
        """Those of a type, such as `ec2/vpc:Vpc`."""
        return [each for each in self if each.type == f"aws:{type_}"]


@cache
def _recorded(text: str) -> Foundation:
    return Foundation(settings.parse(json.loads(text)))


def recorded(of: Mapping[str, Any]) -> Foundation:
    """The foundation of an environment with these settings."""
    return _recorded(json.dumps(of))
