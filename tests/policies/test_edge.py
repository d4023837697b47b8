"""Whoever comes from outside comes with TLS."""

from collections.abc import Sequence
from typing import Any

import pytest

from policies.conditions import edge
from policies.resources.resource import Resource
from tests.policies.judging import UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

API = "kubernetes:gateway.networking.k8s.io/v1"
REDIRECT = {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}


def gateway(**listener: Any) -> Resource:
    return resource(
        f"{API}:Gateway",
        {
            "metadata": {"name": "edge", "namespace": "web"},
            "spec": {"listeners": [{"name": "main", "port": 80, **listener}]},
        },
    )


def route(
    *rules: Any,
    kind: str = "HTTPRoute",
    kind_of_parent: Any = None,
    others: Sequence[Any] = (),
    **parent: Any,
) -> Resource:
    parents = [{"name": "edge", "kind": kind_of_parent, **parent}, *others]
    return resource(
        f"{API}:{kind}",
        {
            "metadata": {"name": "route", "namespace": "web"},
            "spec": {"parentRefs": parents, "rules": list(rules)},
        },
    )


def test_a_listener_with_tls_has_a_certificate() -> None:
    condition = edge.gateway_listeners_use_tls
    place = "spec.listeners[main].tls.certificateRefs"

    assert said(condition, gateway(protocol="TLS", tls={"mode": "Passthrough"})) == []
    certified = gateway(protocol="HTTPS", tls={"certificateRefs": [{"name": "certificate"}]})
    assert said(condition, certified) == []
    bare = gateway(protocol="HTTPS")
    assert said(condition, bare) == [
        violated(condition, bare, found=f"{place} not set", requires="a certificate", fix=place)
    ]
    unclear = gateway(protocol="HTTPS", tls={"certificateRefs": UNKNOWN})
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=place, requires="a certificate")
    ]


@pytest.mark.parametrize(
    ("routes", "only_redirects"),
    [
        ([route(REDIRECT)], True),
        ([route(REDIRECT, sectionName="main", port=80)], True),
        ([route(REDIRECT), route({"backendRefs": [{}]}, sectionName="other")], True),
        ([route(REDIRECT), route({"backendRefs": [{}]}, name="inner")], True),
        ([route(REDIRECT), route({"backendRefs": [{}]}, namespace="elsewhere")], True),
        ([], False),
        ([route(REDIRECT, sectionName="other")], False),
        ([route(REDIRECT), route({"backendRefs": [{}]})], False),
        ([route(REDIRECT), route({}, kind="GRPCRoute")], False),
        ([route(REDIRECT, {"backendRefs": [{}]})], False),
        ([route({"filters": [{"type": "RequestRedirect", "requestRedirect": {}}]})], False),
        ([route()], False),
        ([route(REDIRECT), route({"backendRefs": [{}]}, kind_of_parent="Service")], True),
        ([route(REDIRECT), route({"backendRefs": [{}]}, others=[{"name": "inner"}])], False),
        ([route(REDIRECT, sectionName=UNKNOWN)], None),
        ([route(REDIRECT, namespace=UNKNOWN)], None),
        ([route(REDIRECT, kind_of_parent=UNKNOWN)], None),
        ([route({"filters": UNKNOWN})], None),
    ],
)
def test_a_plain_listener_only_redirects(
    routes: list[Resource], only_redirects: bool | None
) -> None:
    condition = edge.gateway_listeners_use_tls
    judged = gateway(protocol="HTTP")
    requires = "HTTPS, or HTTPRoutes that only redirect to https"

    expected = {
        True: [],
        False: [
            violated(
                condition,
                judged,
                found="spec.listeners[main] serving HTTP",
                requires=requires,
                fix="spec.listeners[main].protocol",
            )
        ],
        None: [
            pending(
                condition,
                judged,
                unknown="which HTTPRoutes the listener has",
                requires=requires,
            )
        ],
    }
    assert said(condition, judged, *routes) == expected[only_redirects]


def test_another_protocol_has_no_tls() -> None:
    condition = edge.gateway_listeners_use_tls
    place = "spec.listeners[main].protocol"
    judged, unclear = gateway(protocol="TCP"), gateway(protocol=UNKNOWN)

    assert said(condition, judged) == [
        violated(
            condition, judged, found=f"{place} set otherwise", requires="HTTPS or TLS", fix=place
        )
    ]
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=place, requires="HTTPS or TLS")
    ]
    assert judgement(condition, resource("kubernetes:networking.istio.io/v1:Gateway")) is None


def test_old_versions_of_tls_are_refused() -> None:
    condition = edge.edge_refuses_tls_before_1_2
    place = "spec.tls.minVersion"

    def settings(version: Any) -> Resource:
        return resource(
            "kubernetes:gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy",
            {"spec": {"tls": {"minVersion": version}}},
        )

    for version in (None, "1.2", "1.3", "Auto"):
        assert said(condition, settings(version)) == []
    old, unclear = settings("1.1"), settings(UNKNOWN)
    assert said(condition, old) == [
        violated(condition, old, found=f"{place} set otherwise", requires="1.2 or 1.3", fix=place)
    ]
    assert said(condition, unclear) == [
        pending(condition, unclear, unknown=place, requires="1.2 or 1.3")
    ]


def ingress(rules: Any, tls: Any, **annotations: Any) -> Resource:
    return resource(
        "kubernetes:networking.k8s.io/v1:Ingress",
        {"metadata": {"annotations": annotations}, "spec": {"rules": rules, "tls": tls}},
    )


@pytest.mark.parametrize(
    ("host", "tls", "covered"),
    [
        ("a.example.com", [{"hosts": ["a.example.com"]}], True),
        ("a.example.com", [{"hosts": ["*.example.com"]}], True),
        ("a.example.com", [{"hosts": ["b.example.com", "a.example.com"]}], True),
        ("a.example.com", [{"secretName": "certificate"}], True),
        (None, [{"secretName": "certificate"}], True),
        ("a.example.com", [], False),
        ("a.b.example.com", [{"hosts": ["*.example.com"]}], False),
        ("a.example.com", [{"hosts": ["b.example.com"]}], False),
        (None, [{"hosts": ["*.example.com"]}], False),
        ("a.example.com", UNKNOWN, None),
        ("a.example.com", [{"hosts": [UNKNOWN]}], None),
        (UNKNOWN, [{"hosts": ["a.example.com"]}], None),
    ],
)
def test_every_host_of_an_ingress_has_tls(host: Any, tls: Any, covered: bool | None) -> None:
    condition = edge.ingress_hosts_use_tls
    judged = ingress([{"host": host}], tls)

    expected = {
        True: [],
        False: [
            violated(
                condition,
                judged,
                found="spec.rules[0] without TLS",
                requires="an entry for its host",
                fix="spec.tls",
            )
        ],
        None: [pending(condition, judged, unknown="spec.tls", requires="an entry for its host")],
    }
    assert said(condition, judged) == expected[covered]


def test_a_load_balancer_may_have_the_certificate() -> None:
    condition = edge.ingress_hosts_use_tls

    assert (
        said(condition, ingress([{}], None, **{"alb.ingress.kubernetes.io/certificate-arn": "x"}))
        == []
    )
    assert len(said(condition, ingress(None, None))) == 1


def test_an_ingress_does_not_switch_its_redirect_off() -> None:
    condition = edge.ingress_hosts_use_tls
    place = "metadata.annotations.nginx.ingress.kubernetes.io/ssl-redirect"
    judged = ingress([{}], [{}], **{"nginx.ingress.kubernetes.io/ssl-redirect": "false"})

    assert said(condition, judged) == [
        violated(
            condition,
            judged,
            found=f"{place} set otherwise",
            requires="true, which is the default",
            fix=place,
        )
    ]
