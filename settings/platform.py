"""Settings of the cluster that the platform runs on and of the way into it."""

from typing import Literal

from pydantic import Field

import versions
from settings.types import Area, Host, Image, Name, Port, PrivateCidr, Quantity


class Resources(Area):
    """What one container asks for and what it may use at most."""

    cpu_request: Quantity = Field(description="CPU that the scheduler sets aside.")
    memory_request: Quantity = Field(description="Memory that the scheduler sets aside.")
    cpu_limit: Quantity = Field(description="CPU above which the container is throttled.")
    memory_limit: Quantity = Field(description="Memory above which the container is killed.")


class Destination(Area):
    """A private address that workflows may call."""

    cidr: PrivateCidr = Field(description="IPv4 range, such as 10.20.0.0/16.")
    port: Port = Field(description="TCP port.")


class Quota(Area):
    """What all pods of the namespace may ask for together."""

    pods: int = Field(ge=1, description="Pods, those that are ending included.")
    cpu_requests: Quantity = Field(description="CPU requested.")
    memory_requests: Quantity = Field(description="Memory requested.")
    cpu_limits: Quantity = Field(description="CPU limits.")
    memory_limits: Quantity = Field(description="Memory limits.")


class PlatformSettings(Area):
    """Where the platform runs, and what its pods may reach."""

    namespace: Name = Field(default="n8n", description="Namespace that holds the whole platform.")
    context: str = Field(
        default="",
        description="kubectl context to deploy to; empty means the current one. Naming it keeps a "
        "stack from being deployed to the wrong cluster.",
    )
    zones: tuple[Name, ...] = Field(
        default=("zone-a", "zone-b", "zone-c"),
        min_length=3,
        max_length=3,
        description="The three availability zones, as the nodes' label topology.kubernetes.io/zone "
        "names them. Three, because Redis Cluster keeps a majority of its masters only while no "
        "zone holds two of them.",
    )
    storage_class: str = Field(
        default="", description="StorageClass of every volume; empty means the cluster's default."
    )
    egress: Literal["addresses", "names"] = Field(
        default="addresses",
        description="How pods are let out to the public internet: to every public address, as far "
        "as Kubernetes' own policies can say; or with `names` only to the hosts of the chosen "
        "integrations and `publicHosts`, by a policy of Cilium, which must be the cluster's "
        "network.",
    )
    public_hosts: tuple[Host, ...] = Field(
        default=(),
        description="Hosts beside those of the integrations, with `names`: what workflows call "
        "elsewhere, and what differs for each customer of a service. `*.` stands for any "
        "subdomain.",
    )
    public_ports: tuple[Port, ...] = Field(
        default=(443,),
        description="TCP ports on which n8n may call the public internet, beside those of the "
        "chosen integrations. Private ranges and the cloud's metadata service stay closed whatever "
        "stands here.",
    )
    private_destinations: tuple[Destination, ...] = Field(
        default=(),
        description="Private addresses that workflows may call, such as a company database.",
    )
    quota: Quota | None = Field(
        default=None,
        description="What the namespace may hold. Left out: what every tier needs at its maximum "
        "during a rollout.",
    )


class RoutingSettings(Area):
    """How requests reach the platform, through the Gateway API."""

    enabled: bool = Field(default=True, description="Create a Gateway and its HTTPRoutes.")
    gateway_class: Name = Field(
        default="envoy-gateway", description="GatewayClass that implements the Gateway."
    )
    envoy_gateway: bool = Field(
        default=True,
        description="The class is Envoy Gateway's: also create its BackendTrafficPolicy, which "
        "repeats requests that no pod has received and leaves out pods that cannot be reached; and "
        "watch its Envoys, where the platform is watched.",
    )
    controller: Literal["install", "installed"] = Field(
        default="installed",
        description="`install` brings Envoy Gateway with its chart and the Gateway API's "
        "definitions, and makes the class: for a cluster that has neither. `installed` uses the "
        "class that the cluster has.",
    )
    controller_image: Image = Field(
        default=versions.ENVOY_GATEWAY,
        description="Envoy Gateway's own image, with `install`: of the release of its chart.",
    )
    gateway_namespace: Name = Field(
        default="envoy-gateway-system",
        description="Namespace of the gateway's own pods, the only ones let in to n8n.",
    )
    tls_secret: str = Field(
        default="n8n-gateway-tls",
        description="Secret with tls.crt and tls.key for both hosts, and for that of "
        "`aws.failover.records.checkHost`. Unused with http addresses.",
    )

    @property
    def by_envoy_gateway(self) -> bool:
        """Whether the platform has a Gateway, and Envoy Gateway makes it real."""
        return self.enabled and self.envoy_gateway
