"""AI gateways are used from their own pod only, and send prompts to registered processors only."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import ai_gateways, network_policies, selectors
from policies.resources.answers import Answer, decide, every, no, share_namespace, some
from policies.resources.kubernetes import is_config_map, pod_labels
from policies.resources.network_policies import is_network_policy
from policies.resources.opened_ports import opens
from policies.resources.place import Absent, Place, Undecided, Verdict
from policies.resources.resource import Resource, of_type
from policies.resources.services import is_registered
from policies.resources.workloads import runs_pods

_is_service = of_type("kubernetes:core/v1:Service")

_REGISTERED = "a host in the cluster or in the register of processors"


@condition(
    applies=lambda resource: _is_service(resource) or is_network_policy(resource),
    scope="stack",
    severity=Severity.CRITICAL,
    soc2=("CC6.6",),
    gdpr=("32",),
    steps="Run the gateway beside the program that uses it, on the loopback address, and take its "
    "ports out of Services, which Ingresses and routes depend on, and of network policies.",
    url="https://github.com/Portkey-AI/gateway/issues/1718",
)
def ai_gateways_are_not_published(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No Service and no network policy leads to an AI gateway, which asks nobody who they are."""
    gateways = [
        (workload, every([carries, _is_about(resource, workload)]))
        for workload in context.stack.where(runs_pods)
        if (carries := ai_gateways.is_in(workload)) is not False
    ]
    for port, last in _ports(resource):
        yield from decide(
            no(
                some(
                    every([meant, opens(port, ai_gateways.ports(pods), [(pods, True)], last=last)])
                    for pods, meant in gateways
                )
            ),
            port.path,
            found=f"{port.path} leading to an AI gateway",
            requires="ports of other programs only",
        )


@condition(
    applies=lambda resource: any(_destinations(resource)),
    severity=Severity.HIGH,
    soc2=("CC9.2",),
    gdpr=("28",),
    steps="Enter the provider in the register, `processors` in policies/config/<stack>.json, once "
    "the agreement with it is signed; or take it out of the gateway's routes.",
    url="https://portkey.ai/docs/product/ai-gateway/configs",
)
def ai_gateways_call_registered_processors(
    resource: Resource, context: Context
) -> Iterator[Verdict]:
    """Every provider that an AI gateway sends prompts to is in the cluster or a processor's."""
    register = context.parameters.processors
    for each in _destinations(resource):
        if each.place.unknown:
            yield Undecided(each.place.path, _REGISTERED)
            continue
        agreed = [
            ai_gateways.is_in_cluster(host) or is_registered(host, register) for host in each.hosts
        ]
        yield from decide(
            bool(agreed) and all(agreed),
            each.place.path,
            found=f"{each.place.path} not in the register of processors",
            requires=_REGISTERED,
        )


def _destinations(resource: Resource) -> Iterator[ai_gateways.Destination]:
    if is_config_map(resource):
        yield from ai_gateways.destinations(resource)


def _is_about(resource: Resource, workload: Resource) -> Answer:
    """Whether a Service or network policy selects a workload's pods."""
    if is_network_policy(resource):
        return network_policies.isolates(resource, workload, "ingress")
    selector = resource.at("spec", "selector")
    return every(
        [
            share_namespace(resource, workload),
            selectors.matches_map(selector, pod_labels(workload)),
        ]
    )


def _ports(resource: Resource) -> Iterator[tuple[Place, Place | None]]:
    """The ports of pods that a Service or network policy opens, and where a range ends."""
    if _is_service(resource):
        for entry in resource.at("spec", "ports").each():
            target = entry.at("targetPort")
            yield (entry.at("port") if target.missing else target), None
        return
    for rule in resource.at("spec", "ingress").each():
        listed = list(rule.at("ports").each())
        for entry in listed:
            yield entry.at("port"), entry.at("endPort")
        if not listed:
            yield Place(rule.at("ports").path, Absent.MISSING), None
