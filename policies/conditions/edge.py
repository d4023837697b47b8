"""Whoever comes from outside comes with TLS, or is led to where TLS is.

Judged are the Gateway API, Kubernetes' Ingress, and Envoy Gateway's settings for them; other
gateways' own resources (Istio, Traefik) are not.
"""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import (
    Answer,
    decide,
    every,
    in_namespace,
    is_called,
    known,
    no,
    some,
)
from policies.resources.kubernetes import namespace
from policies.resources.place import Absent, Place, Verdict
from policies.resources.resource import Resource, Stack, of_type

_is_gateway = of_type("kubernetes:gateway.networking.k8s.io/*:Gateway")
_is_route = of_type(
    "kubernetes:gateway.networking.k8s.io/*:HTTPRoute",
    "kubernetes:gateway.networking.k8s.io/*:GRPCRoute",
)
_is_ingress = of_type("kubernetes:networking.k8s.io/v1:Ingress")

_CERTIFICATES_ELSEWHERE = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
)
"""Annotations by which the load balancers of AWS and Google take certificates of their own."""

_NGINX_REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"


@condition(
    applies=_is_gateway,
    scope="stack",
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps="Make the listener's protocol HTTPS with a certificate, or let its HTTPRoutes only "
    "redirect to https.",
    url="https://gateway-api.sigs.k8s.io/guides/tls/",
)
def gateway_listeners_use_tls(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every listener of a Gateway speaks TLS, or only redirects to one that does."""
    for listener in resource.at("spec", "listeners").each():
        protocol = listener.at("protocol")
        if protocol.text in ("HTTPS", "TLS"):
            yield from _has_certificate(listener)
        elif protocol.text == "HTTP":
            yield from _only_redirects(resource, listener, context.stack)
        else:
            yield from protocol.must_be("HTTPS", "TLS")


def _has_certificate(listener: Place) -> Iterator[Verdict]:
    mode, certificates = listener.at("tls", "mode"), listener.at("tls", "certificateRefs")
    passed_through = known(mode, mode.text == "Passthrough")
    yield from decide(
        some([passed_through, known(certificates, any(certificates.each()))]),
        certificates.path,
        found=f"{certificates.path} {certificates.state}",
        requires="a certificate",
    )


def _only_redirects(gateway: Resource, listener: Place, stack: Stack) -> Iterator[Verdict]:
    attached = [(route, _is_attached(route, gateway, listener)) for route in stack.where(_is_route)]
    # A listener that no route of this stack uses is there for those of others.
    yield from decide(
        every(
            [
                some(answer for _, answer in attached),
                *(some([no(answer), _redirects(route)]) for route, answer in attached),
            ]
        ),
        listener.at("protocol").path,
        found=f"{listener.path} serving HTTP",
        requires="HTTPS, or HTTPRoutes that only redirect to https",
        unknown="which HTTPRoutes the listener has",
    )


def _is_attached(route: Resource, gateway: Resource, listener: Place) -> Answer:
    return some(
        every(
            [
                _is_reference(parent, route, gateway),
                _fits(parent.at("sectionName"), listener.at("name")),
                _fits(parent.at("port"), listener.at("port")),
            ]
        )
        for parent in route.at("spec", "parentRefs").each()
    )


def _is_reference(parent: Place, route: Resource, gateway: Resource) -> Answer:
    kind, elsewhere = parent.at("kind"), parent.at("namespace")
    if elsewhere.unknown or kind.unknown:
        return None
    return every(
        [
            (kind.text or "Gateway") == "Gateway",
            is_called(gateway, parent.at("name")),
            in_namespace(gateway, elsewhere.text or namespace(route)),
        ]
    )


def _fits(wanted: Place, own: Place) -> Answer:
    """Whether a route that may ask for one listener gets this one."""
    if wanted.missing:
        return True
    return None if wanted.unknown or own.unknown else wanted.value == own.value


def _redirects(route: Resource) -> Answer:
    """Whether a route does nothing but redirect to https."""
    rules = list(route.at("spec", "rules").each())
    return every(
        [
            bool(rules),
            *(
                some(
                    known(scheme, scheme.text == "https")
                    for each in rule.at("filters").each()
                    for scheme in [each.at("requestRedirect", "scheme")]
                )
                for rule in rules
            ),
        ]
    )


@condition(
    applies=of_type("kubernetes:gateway.envoyproxy.io/*:ClientTrafficPolicy"),
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps='Set tls.minVersion to "1.2" or "1.3", or leave it to the default, which is 1.2.',
    url="https://gateway.envoyproxy.io/docs/api/extension_types/",
)
def edge_refuses_tls_before_1_2(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Clients cannot negotiate a version of TLS before 1.2."""
    yield from resource.at("spec", "tls", "minVersion").must(
        # Envoy's own choice, `Auto`, begins with 1.2 for servers.
        lambda place: place.missing or place.text in ("Auto", "1.2", "1.3"),
        "1.2 or 1.3",
    )


@condition(
    applies=_is_ingress,
    severity=Severity.HIGH,
    soc2=("CC6.7",),
    gdpr=("32(1)(a)",),
    steps="Add the host to the hosts of an entry in spec.tls that names a Secret with its "
    "certificate.",
    url="https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
)
def ingress_hosts_use_tls(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every host of an Ingress has a certificate, and plain requests are redirected to TLS."""
    annotations = resource.at("metadata", "annotations")
    elsewhere = some(_is_set(annotations.at(key)) for key in _CERTIFICATES_ELSEWHERE)
    rules = list(resource.at("spec", "rules").each())
    # A default backend, or a rule without a host, answers for every host.
    for rule in rules or [Place("spec.rules", Absent.MISSING)]:
        yield from decide(
            some([elsewhere, _is_covered(rule.at("host"), resource.at("spec", "tls"))]),
            "spec.tls",
            found=f"{rule.path} without TLS",
            requires="an entry for its host",
        )
    yield from annotations.at(_NGINX_REDIRECT).must(
        lambda place: place.text != "false", "true, which is the default"
    )


def _is_set(place: Place) -> Answer:
    return known(place, bool(place.text))


def _is_covered(host: Place, tls: Place) -> Answer:
    """Whether an entry of spec.tls is for a host; one without hosts is for all of them."""
    return some(_entry_covers(entry, host) for entry in tls.each())


def _entry_covers(entry: Place, host: Place) -> Answer:
    if entry.unknown:
        return None
    hosts = list(entry.at("hosts").each())
    return some(_is_same_host(each, host) for each in hosts) if hosts else True


def _is_same_host(certified: Place, host: Place) -> Answer:
    if certified.unknown or host.unknown:
        return None
    if certified.text is None or host.text is None:
        return False
    # A wildcard stands for one label.
    return certified.text == host.text or (
        certified.text.startswith("*.") and certified.text[1:] == "." + host.text.partition(".")[2]
    )
