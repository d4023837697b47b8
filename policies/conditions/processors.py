"""Whom pods send data to is a registered processor.

The register is `processors` in the configuration of the packs. It holds names; so only policies
that work with names (Cilium's, Istio's) can show that no other processor is reached. What is meant
to be reached, a namespace says itself: the services of the catalogue that its workflows use.
"""

from collections.abc import Iterator, Sequence

from pulumi_policy import EnforcementLevel, Severity

from policies.condition import Context, condition
from policies.resources import network_policies, services
from policies.resources.answers import Answer, decide, known
from policies.resources.kubernetes import is_namespace
from policies.resources.network_policies import is_network_policy
from policies.resources.place import Finding, Place, Verdict
from policies.resources.resource import Resource, of_type
from policies.resources.services import is_registered

_is_cilium_policy = of_type(
    "kubernetes:cilium.io/v*:CiliumNetworkPolicy",
    "kubernetes:cilium.io/v*:CiliumClusterwideNetworkPolicy",
)
_is_service_entry = of_type("kubernetes:networking.istio.io/v*:ServiceEntry")

_EVERYWHERE = ("all", "world", "world-ipv4", "world-ipv6")
"""Cilium's entities with the internet in them."""


@condition(
    applies=lambda resource: is_namespace(resource) and not services.chosen(resource).missing,
    severity=Severity.HIGH,
    soc2=("CC9.2",),
    gdpr=("28", "30"),
    steps="Enter the service's hosts, or the legal name of the processor where they are your own, "
    "in the register, `processors` in policies/config/<stack>.json, once the agreement with it is "
    "signed; or take the service out of the stack's integrations.",
    url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
)
def chosen_integrations_are_registered(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every integration of a stack that is sent personal data is in the register of processors."""
    place = services.chosen(resource)
    yield from place.must(lambda _: True, "integrations that are in the register of processors")
    catalogue = services.catalogue()
    for id_ in services.ids(place):
        service = catalogue.by_id.get(id_)
        if service is None:
            # Somebody's own text, so that it is not repeated.
            requires = "ids of the catalogue of integrations"
            yield Finding(place.path, f"{place.path} with an id of no integration", requires)
        elif catalogue.is_sent_personal_data(service):
            missing = services.missing_entries(service, context.parameters.processors)
            if missing:
                yield Finding(
                    place.path,
                    f"{place.path} with {id_}, which is sent personal data and not registered",
                    f"{' and '.join(missing)} in the register of processors",
                )


@condition(
    applies=lambda resource: _is_cilium_policy(resource) or _is_service_entry(resource),
    severity=Severity.HIGH,
    soc2=("CC9.2",),
    gdpr=("28",),
    steps="Enter the processor in the register, `processors` in policies/config/<stack>.json, once "
    "the agreement with it is signed; or take the host out of the policy.",
    url="https://eur-lex.europa.eu/eli/reg/2016/679/oj",
)
def egress_goes_to_registered_processors(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every host outside the cluster that pods may reach by name is a registered processor's."""
    for host in _hosts(resource):
        yield from host.must(
            lambda place: is_registered(place.text or "", context.parameters.processors),
            "a host in the register of processors",
            found=f"{host.path} not in the register of processors",
        )


@condition(
    applies=lambda resource: is_network_policy(resource) or _is_cilium_policy(resource),
    severity=Severity.LOW,
    soc2=("CC9.2",),
    gdpr=("28",),
    # Advisory: with Kubernetes' own policies there is no other way to let pods call the internet,
    # and who is called behind an address is for other evidence to show, such as a proxy's log.
    level=EnforcementLevel.ADVISORY,
    steps="Name the hosts in a policy that works with names, such as a CiliumNetworkPolicy with "
    "toFQDNs, or let pods out through a proxy only.",
    url="https://docs.cilium.io/en/stable/security/policy/language/",
)
def egress_names_its_processors(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No policy lets pods reach public addresses of which nobody can say whose they are."""
    for place, public in _nameless(resource, context.parameters.processors):
        yield from decide(
            None if public is None else not public,
            place.path,
            found=f"{place.path} letting pods reach public addresses without naming a processor",
            requires="destinations by name, each in the register of processors",
        )


def _hosts(resource: Resource) -> Iterator[Place]:
    """The names of hosts outside the cluster that a policy or service entry lets pods reach."""
    if _is_service_entry(resource):
        location = resource.at("spec", "location")
        # Istio's default is MESH_EXTERNAL.
        if location.unknown:
            yield location
        elif location.text != "MESH_INTERNAL":
            yield from resource.at("spec", "hosts").each()
        return
    for rule in _cilium_rules(resource):
        for selector in rule.at("toFQDNs").each():
            names = [selector.at(key) for key in ("matchName", "matchPattern")]
            # Of an unknown selector one is enough.
            yield from [each for each in names if not each.missing][: 1 if selector.unknown else 2]


def _cilium_rules(policy: Resource) -> Iterator[Place]:
    yield from policy.at("spec", "egress").each()
    for spec in policy.at("specs").each():
        yield from spec.at("egress").each()


def _nameless(resource: Resource, register: Sequence[str]) -> Iterator[tuple[Place, Answer]]:
    """What lets pods out by address: the property, and whether public addresses are in it."""
    if _is_cilium_policy(resource):
        for rule in _cilium_rules(resource):
            for entity in rule.at("toEntities").each():
                yield entity, known(entity, entity.text in _EVERYWHERE)
            for cidr in rule.at("toCIDR").each():
                yield cidr, _is_public(cidr, register)
            for block in rule.at("toCIDRSet").each():
                yield block.at("cidr"), _is_public(block.at("cidr"), register)
        return
    for rule in resource.at("spec", "egress").each():
        only_dns = network_policies.opens_only_dns(rule)
        if only_dns:
            continue
        for place, block in network_policies.blocks(rule, "egress"):
            public = True if block.missing else _is_public(block.at("cidr"), register)
            yield place, public if only_dns is False or public is False else None


def _is_public(cidr: Place, register: Sequence[str]) -> Answer:
    """Whether public addresses are in a network that the register does not list as it is."""
    network = network_policies.network(cidr)
    public = network is not None and network.is_global and not network.is_multicast
    return known(cidr, public and cidr.text not in register)
