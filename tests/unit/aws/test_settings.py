"""What a user gets from right and from wrong settings of AWS."""

import json
from decimal import Decimal
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

import settings
from components.monitoring import values as monitoring
from settings import sizing, tables
from settings.aws.nodes import room
from settings.platform import Resources
from settings.rules import aws_cluster
from tests.unit.aws.foundation import DEPLOYER, cluster_of, values
from tests.unit.aws.test_network import ranges


def problems(of: dict[str, Any]) -> str:
    with pytest.raises(settings.SettingsError) as error:
        settings.parse(of)
    return str(error.value)


def accepted(of: dict[str, Any]) -> settings.Settings | None:
    try:
        return settings.parse(of)
    except settings.SettingsError:
        return None


EXTERNAL = {"database": {"maxConnections": 5000, "mode": "external", "host": "db.example"}}
LARGE = {"cpuRequest": "4", "memoryRequest": "1Gi", "cpuLimit": "4", "memoryLimit": "1Gi"}


def test_without_settings_of_aws_nothing_is_made_there() -> None:
    assert settings.parse({}).aws is None


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ({"aws": {}}, "aws.accountId: is missing; write a value"),
        (values(accountId="1234"), 'aws.accountId is "1234"; allowed: String should match'),
        (values(netwrk={}), "aws.netwrk: no such setting; did you mean network?"),
        (
            values(network={"cidrr": "10.0.0.0/16"}),
            "aws.network.cidrr: no such setting; did you mean cidr?",
        ),
        (values(network={"cidr": "10.64.0.0/15"}), "a prefix between /16 and /20"),
        (values(network={"cidr": "10.64.0.1/16"}), "aws.network.cidr is"),
        (values(network={"cidr": "8.8.0.0/16"}), "a private range, in 10.0.0.0/8"),
        (
            values(network={"cidr": "10.65.128.0/17"}),
            "aws.peer.cidr is 10.65.0.0/16; allowed: a range that shares no address with "
            "aws.network.cidr, which is 10.65.128.0/17",
        ),
        (
            cluster_of(serviceCidr="10.64.0.0/20"),
            "aws.cluster.serviceCidr is 10.64.0.0/20; allowed: a range that shares no address "
            "with aws.network.cidr",
        ),
        (
            cluster_of(serviceCidr="10.65.0.0/20"),
            "a range that shares no address with aws.peer.cidr",
        ),
        (
            cluster_of(privateAccessCidrs=["172.16.0.0/12"]),
            "aws.cluster.privateAccessCidrs is 172.16.0.0/12; allowed: a range that shares no",
        ),
        (
            {**values(), "platform": {"zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]}},
            "zones of aws.region, such as eu-central-1a, eu-central-1b, eu-central-1c",
        ),
        (
            values(peer={"region": "eu-central-1", "cidr": "10.65.0.0/16"}),
            "another region than aws.region: both would be lost together",
        ),
        (
            values(network={"cidr": "10.64.0.0/19"}),
            "aws.network.cidr is 10.64.0.0/19; allowed: a larger range: 2 nodes in a zone, of "
            "which there is room for 0",
        ),
        (
            values(network={"interfaceEndpoints": ["kms", "sts", "kms"]}),
            "aws.network.interfaceEndpoints is kms, twice",
        ),
        (values(cluster={}), "aws.cluster.access is empty; allowed: the IAM role that deploys"),
        (
            values(cluster={"access": [{"role": DEPLOYER, "level": "view"}]}),
            "the IAM role that deploys, with level admin",
        ),
        (
            cluster_of(access=[{"role": DEPLOYER, "level": level} for level in ("admin", "view")]),
            f"aws.cluster.access is {DEPLOYER}, twice",
        ),
        (cluster_of(publicAccessCidrs=["0.0.0.0/0"]), "a public range of /16 or smaller"),
        (cluster_of(publicAccessCidrs=["10.0.0.0/16"]), "a public range of /16 or smaller"),
        (
            cluster_of(nodesPerZone=1),
            "aws.cluster.nodesPerZone is 1; allowed: at least 2 of c7i.4xlarge",
        ),
        (
            {**cluster_of(nodeType="c7i.xlarge"), "redis": {"resources": LARGE}},
            "aws.cluster.nodeType is c7i.xlarge; allowed: a larger one: the largest pod",
        ),
        (
            cluster_of(nodeRelease="1.35.2-20260801"),
            "aws.cluster.nodeRelease is 1.35.2-20260801; allowed: a release of 1.36",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(of: dict[str, Any], expected: str) -> None:
    assert expected in problems(of)


def test_problems_of_aws_are_reported_beside_those_of_other_areas() -> None:
    text = problems({**values(accountId="1"), "worker": {"minReplicas": "x"}})
    assert "aws.accountId" in text
    assert "worker.minReplicas" in text


@given(ranges(), ranges(), ranges())
def test_what_is_accepted_shares_no_address(own: str, peer: str, services: str) -> None:
    of = cluster_of(serviceCidr=services)
    of["aws"] |= {
        "network": {"cidr": own},
        "peer": {"region": "eu-west-1", "cidr": peer},
    }
    of["aws"]["cluster"]["nodesPerZone"] = 2
    networks = [IPv4Network(each) for each in (own, peer, services)]
    overlap = any(
        networks[one].overlaps(networks[other]) for one in range(3) for other in range(one)
    )
    small = IPv4Network(own).prefixlen > 18

    assert (accepted(of) is None) == (overlap or small)


@given(
    st.sampled_from(["c7i.xlarge", "c7i.2xlarge", "c7i.4xlarge", "m7i.2xlarge", "r7i.xlarge"]),
    st.integers(2, 40),
    st.integers(3, 60),
    st.sampled_from(["a zone is lost", "a rollout"]),
)
def test_a_scheduler_places_every_pod_on_the_nodes_that_are_asked_for(
    node_type: str, webhooks: int, workers: int, what: str
) -> None:
    """Pod by pod as a scheduler does, not by sums, so that the rule promises nothing it breaks."""
    stack = settings.parse(
        {
            "webhook": {"maxReplicas": webhooks},
            "worker": {"maxReplicas": workers},
            "database": {"maxConnections": 5000},
        }
    )
    needed = aws_cluster.nodes_needed_per_zone(stack, node_type)
    assert needed is not None
    zones, copies = (2, 1) if what == "a zone is lost" else (3, 2)
    free = [[room(node_type).cpu, room(node_type).memory] for _ in range(zones * needed)]

    def pods(count: int, *containers: Resources) -> list[tuple[Decimal, Decimal]]:
        cpu = sum((parse_quantity(each.cpu_request) for each in containers), Decimal())
        memory = sum((parse_quantity(each.memory_request) for each in containers), Decimal())
        return [(cpu, memory)] * count

    for cpu, memory in (
        *pods(copies * workers, stack.worker.resources, stack.worker.runner_resources),
        *pods(copies * webhooks, stack.webhook.resources),
        *pods(sizing.REDIS_NODES, stack.redis.resources, sizing.REDIS_KEEPER),
        *pods(1, stack.main.resources),
        *pods(1, stack.database.resources),
    ):
        fitting = [each for each in free if each[0] >= cpu and each[1] >= memory]
        assert fitting, f"none of {zones * needed} nodes has room for {cpu} CPU, {memory} bytes"
        # Kubernetes' default: the one with most left.
        node = max(fitting)
        node[0] -= cpu
        node[1] -= memory


def test_a_lost_zone_can_ask_for_more_than_a_rollout() -> None:
    """Where most of it is not rolled out: here six Redis nodes of 6 GiB, and 10 GiB of all else."""
    large = {"cpuRequest": "250m", "memoryRequest": "6Gi", "cpuLimit": "1", "memoryLimit": "6Gi"}
    of = {"redis": {"resources": large}, "webhook": {"maxReplicas": 2}}
    stack = settings.parse({**of, "worker": {"maxReplicas": 3}, **EXTERNAL})

    # 46.1 GiB with nothing lost to 12.77 - 6.03 on each: 7 nodes, in two zones.
    assert aws_cluster.nodes_needed_per_zone(stack, "m7i.xlarge") == 4


@given(st.integers(2, 40), st.integers(3, 60))
def test_as_many_nodes_as_are_needed_are_accepted_and_one_less_is_not(
    webhooks: int, workers: int
) -> None:
    of = cluster_of(nodeType="c7i.2xlarge")
    of["webhook"], of["worker"] = {"maxReplicas": webhooks}, {"maxReplicas": workers}
    of |= EXTERNAL
    of["aws"] |= {"database": {"create": False}, "failover": {}}
    del of["aws"]["peer"]
    tiers = settings.parse({name: of[name] for name in ("webhook", "worker", "database")})
    needed = aws_cluster.nodes_needed_per_zone(tiers, "c7i.2xlarge")
    assert needed is not None
    event(f"{needed} nodes in a zone")

    of["aws"]["cluster"]["nodesPerZone"] = min(needed, 14)
    assert (accepted(of) is not None) == (needed <= 14)
    if 1 < needed <= 14:
        of["aws"]["cluster"]["nodesPerZone"] = needed - 1
        assert "aws.cluster.nodesPerZone" in problems(of)


def test_a_node_has_what_eks_leaves_of_its_machine() -> None:
    """As EKS' own image computes it for four cores and 110 pods."""
    node = room("m7i.xlarge")

    assert node.cpu == Decimal(4) - Decimal("0.08") - Decimal("0.25")
    assert node.memory == 16 * 2**30 * Decimal("0.925") - (255 + 11 * 110 + 100 + 512) * 2**20
    assert room("r7i.xlarge").memory > node.memory > room("c7i.xlarge").memory


def test_monitoring_is_counted_as_its_namespace_may_ask_for() -> None:
    quota = monitoring.QUOTA
    assert Decimal(quota.cpu_requests) == aws_cluster.MONITORING_CPU
    assert quota.memory_requests == f"{aws_cluster.MONITORING_MEMORY // 2**30}Gi"


def test_a_stack_without_aws_is_not_asked_for_it() -> None:
    """The CLI asks for every key of Pulumi.yaml that has no default."""
    declared = yaml.safe_load(tables.schema())["config"]

    assert "n8n-platform:aws" not in declared
    assert all("default" in each for each in declared.values())


def test_every_setting_of_aws_is_described() -> None:
    rows = tables.table().partition("#### `aws`")[2]

    assert "| `accountId` | string | required |" in rows
    assert "| `network.existing.vpcId` | string | required |" in rows
    assert "| `cluster.addons.vpcCni` | string | `v" in rows


def test_settings_of_aws_survive_the_way_through_the_cli() -> None:
    """The CLI hands an area over as JSON."""
    assert settings.parse(json.loads(json.dumps(values()))) == settings.parse(values())
