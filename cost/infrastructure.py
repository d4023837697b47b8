"""What the network, the cluster and what runs on it are charged for."""

import re
from collections.abc import Iterator
from dataclasses import replace

from kubernetes.utils.quantity import parse_quantity

from cost.charge import HOURS, Charge, logs
from cost.usage import Usage
from settings import Settings
from settings.aws import AwsSettings
from settings.sizing import REDIS_NODES

_GIB = 2**30

_METRICS_REPLICAS = 2
"""Prometheus, and Alertmanager, as `components.monitoring` installs them."""


def network(settings: Settings, environment: AwsSettings, usage: Usage) -> Iterator[Charge]:
    """Traffic, and what a new VPC has: NAT gateways, endpoints, flow logs."""
    zones, region = len(settings.platform.zones), environment.region
    between = Charge(
        component="network",
        what="traffic between zones",
        item="traffic-zones",
        region=region,
        quantity=usage.between_zones_gb,
        resource="traffic",
    )
    out = replace(
        between, what="to the internet", item="traffic-internet", quantity=usage.internet_gb
    )
    yield between
    yield out
    if environment.network.existing:
        return
    gateway = "aws:ec2/natGateway:NatGateway"
    nat = Charge(
        component="network",
        what="NAT gateways, one a zone",
        item="nat-gateway",
        region=region,
        quantity=zones * HOURS,
        resource=gateway,
        per_zone=True,
    )
    yield nat
    yield replace(
        nat, what="through NAT", item="nat-data", quantity=usage.outside_gb, per_zone=False
    )
    yield replace(
        nat, what="their public addresses", item="public-address", resource="aws:ec2/eip:Eip"
    )
    endpoints = len(environment.network.interface_endpoints)
    if endpoints:
        endpoint = Charge(
            component="network",
            what=f"{endpoints} interface endpoints in each zone",
            item="interface-endpoint",
            region=region,
            quantity=endpoints * zones * HOURS,
            resource="aws:ec2/vpcEndpoint:VpcEndpoint",
            per_zone=True,
        )
        yield endpoint
        yield replace(
            endpoint,
            what="through endpoints",
            item="endpoint-data",
            quantity=usage.endpoint_gb,
            per_zone=False,
        )
    yield from logs(environment, "network", "flow logs", usage.flow_log_gb)


def nodes_per_zone(environment: AwsSettings) -> int:
    """Nodes in each zone, in the environment's role."""
    cluster = environment.cluster
    standby = environment.role == "standby"
    return cluster.standby_nodes_per_zone if standby else cluster.nodes_per_zone


def cluster(settings: Settings, environment: AwsSettings, usage: Usage) -> Iterator[Charge]:
    """EKS, its nodes and its logs."""
    cluster, region = environment.cluster, environment.region
    if cluster.existing:
        return
    yield Charge(
        component="cluster",
        what="control plane",
        item="eks-cluster",
        region=region,
        quantity=HOURS,
        resource="aws:eks/cluster:Cluster",
    )
    each = nodes_per_zone(environment)
    nodes = each * len(settings.platform.zones)
    family, size = _machine(cluster.node_type)
    yield Charge(
        component="cluster",
        what=f"nodes {cluster.node_type}, {each} a zone",
        item=f"ec2-{family}-xlarge",
        region=region,
        quantity=nodes * HOURS,
        size=size,
        resource="aws:eks/nodeGroup:NodeGroup",
        per_zone=True,
    )
    yield Charge(
        component="cluster",
        what=f"their disks, {cluster.node_disk_gib} GiB",
        item="ebs-gp3",
        region=region,
        quantity=nodes * cluster.node_disk_gib,
        resource="aws:ec2/launchTemplate:LaunchTemplate",
        per_zone=True,
    )
    yield from logs(environment, "cluster", "logs of the control plane", usage.control_plane_log_gb)
    silence = Charge(
        component="cluster",
        what="alarm of the audit log's silence",
        item="alarm",
        region=region,
        quantity=1,
        resource="aws:cloudwatch/metricAlarm:MetricAlarm",
    )
    yield silence
    yield replace(
        silence,
        what="its count of events",
        item="custom-metric",
        resource="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    )


def _machine(node_type: str) -> tuple[str, int]:
    """`c7i.4xlarge` as its family and how many xlarge it is: prices grow with the size."""
    match = re.fullmatch(r"(\w+)\.(\d*)xlarge", node_type)
    if match is None:
        raise ValueError(f"{node_type} is no machine whose price follows from an xlarge's")
    return match[1], int(match[2] or 1)


def volumes(settings: Settings, environment: AwsSettings) -> Iterator[Charge]:
    """Volumes of pods, which the CSI driver makes."""
    sizes = {"Redis": (REDIS_NODES, settings.redis.storage)}
    if settings.database.mode == "in-cluster":
        sizes["PostgreSQL in the cluster"] = (1, settings.database.storage)
    monitoring = settings.monitoring
    if monitoring.stack == "install":
        sizes["Prometheus"] = (_METRICS_REPLICAS, monitoring.storage)
        sizes["Alertmanager"] = (_METRICS_REPLICAS, monitoring.alert_storage)
    if settings.backup.enabled:
        sizes["n8n's own backups"] = (1, settings.backup.storage)
    if settings.data_subjects.enabled:
        sizes["answers to data subjects"] = (1, settings.data_subjects.export_storage)
    for name, (count, size) in sizes.items():
        yield Charge(
            component="platform",
            what=f"volumes of {name}, {count} of {size}",
            item="ebs-gp3",
            region=environment.region,
            quantity=count * float(parse_quantity(size)) / _GIB,
            resource="volumes of Kubernetes",
        )


def routing(settings: Settings, environment: AwsSettings, usage: Usage) -> Iterator[Charge]:
    """The load balancer, which EKS makes for the Service of the gateway's Envoys. These run on the
    cluster's nodes, whose number includes them."""
    if not settings.routing.enabled:
        return
    balancer = Charge(
        component="platform",
        what="load balancer of the gateway",
        item="network-load-balancer",
        region=environment.region,
        quantity=HOURS,
        resource="a Service of Kubernetes",
    )
    yield balancer
    yield replace(
        balancer,
        what="its capacity units",
        item="network-load-balancer-unit",
        quantity=usage.balancer_units * HOURS,
    )
    yield replace(
        balancer,
        what="its public addresses, one a zone",
        item="public-address",
        quantity=len(settings.platform.zones) * HOURS,
        per_zone=True,
    )
