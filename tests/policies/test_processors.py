"""Whom pods send data to is a registered processor."""

from dataclasses import replace
from typing import Any

import pytest

from policies import parameters
from policies.conditions import ALL, processors
from policies.resources.resource import Resource
from tests.policies.judging import DEFAULTS, UNKNOWN, judgement, resource, said
from tests.policies.wording import pending, violated

REGISTER = replace(DEFAULTS, processors=("api.openai.com", "*.slack.com", "192.0.43.8/32"))


def cilium(kind: str = "CiliumNetworkPolicy", **rule: Any) -> Resource:
    return resource(f"kubernetes:cilium.io/v2:{kind}", {"spec": {"egress": [rule]}})


def service_entry(*hosts: Any, **spec: Any) -> Resource:
    return resource(
        "kubernetes:networking.istio.io/v1:ServiceEntry", {"spec": {"hosts": list(hosts), **spec}}
    )


def policy(*rules: Any) -> Resource:
    return resource(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy", {"spec": {"egress": list(rules)}}
    )


NAME = "spec.egress[0].toFQDNs[0].matchName"
PATTERN = "spec.egress[0].toFQDNs[0].matchPattern"


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (cilium(toFQDNs=[{"matchName": "api.openai.com"}]), ""),
        (cilium(toFQDNs=[{"matchName": "API.openai.com."}]), ""),
        (cilium(toFQDNs=[{"matchName": "hooks.slack.com"}]), ""),
        (cilium(toFQDNs=[{"matchPattern": "*.slack.com"}]), ""),
        (cilium(toFQDNs=[{"matchName": "redis.n8n.svc.cluster.local"}]), ""),
        (service_entry("api.openai.com"), ""),
        (service_entry("inner.example.com", location="MESH_INTERNAL"), ""),
        (cilium(toFQDNs=[{"matchName": "example.com"}]), NAME),
        (cilium("CiliumClusterwideNetworkPolicy", toFQDNs=[{"matchPattern": "*"}]), PATTERN),
        (cilium(toFQDNs=[{"matchPattern": "*slack.com"}]), PATTERN),
        (cilium(toFQDNs=[{"matchName": "slack.com"}]), NAME),
        (service_entry("api.openai.com", "example.com"), "spec.hosts[1]"),
        (
            resource(
                "kubernetes:cilium.io/v2:CiliumNetworkPolicy",
                {"specs": [{"egress": [{"toFQDNs": [{"matchName": "example.com"}]}]}]},
            ),
            "specs[0].egress[0].toFQDNs[0].matchName",
        ),
    ],
)
def test_named_hosts_are_in_the_register(judged: Resource, place: str) -> None:
    condition = processors.egress_goes_to_registered_processors

    assert said(condition, judged, parameters=REGISTER) == (
        [
            violated(
                condition,
                judged,
                found=f"{place} not in the register of processors",
                requires="a host in the register of processors",
                fix=place,
            )
        ]
        if place
        else []
    )


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (cilium(toFQDNs=[{"matchName": UNKNOWN}]), NAME),
        (cilium(toFQDNs=UNKNOWN), "spec.egress[0].toFQDNs[*].matchName"),
        (service_entry(UNKNOWN), "spec.hosts[0]"),
        (service_entry("example.com", location=UNKNOWN), "spec.location"),
    ],
)
def test_unknown_hosts_are_undecided(judged: Resource, place: str) -> None:
    condition = processors.egress_goes_to_registered_processors

    assert said(condition, judged, parameters=REGISTER) == [
        pending(
            condition,
            judged,
            unknown=place,
            requires="a host in the register of processors",
        )
    ]


def to(cidr: Any) -> dict[str, Any]:
    return {"to": [{"ipBlock": {"cidr": cidr}}]}


BLOCK = "spec.egress[0].to[0].ipBlock"


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (policy({"to": [{"podSelector": {}}]}), ""),
        (policy(*(to(cidr) for cidr in ("10.0.0.0/8", "100.64.0.0/10", "fd00::/8"))), ""),
        (policy(to("192.0.43.8/32")), ""),
        (policy({"ports": [{"port": 53}]}), ""),
        (cilium(toEntities=["cluster"], toCIDR=["10.0.0.0/8"]), ""),
        (policy(to("0.0.0.0/0")), BLOCK),
        (policy(to("8.8.8.8/32")), BLOCK),
        (policy({"ports": [{"port": 443}]}), "spec.egress[0].to"),
        (cilium(toEntities=["world"]), "spec.egress[0].toEntities[0]"),
        (cilium(toCIDR=["0.0.0.0/0"]), "spec.egress[0].toCIDR[0]"),
        (cilium(toCIDRSet=[{"cidr": "::/0"}]), "spec.egress[0].toCIDRSet[0].cidr"),
    ],
)
def test_addresses_on_the_internet_name_no_processor(judged: Resource, place: str) -> None:
    condition = processors.egress_names_its_processors

    assert said(condition, judged, parameters=REGISTER) == (
        [
            violated(
                condition,
                judged,
                found=f"{place} letting pods reach public addresses without naming a processor",
                requires="destinations by name, each in the register of processors",
                fix=place,
            )
        ]
        if place
        else []
    )


@pytest.mark.parametrize(
    ("judged", "place"),
    [
        (policy(to(UNKNOWN)), BLOCK),
        (policy({"ports": [{"port": UNKNOWN}]}), "spec.egress[0].to"),
        (cilium(toEntities=[UNKNOWN]), "spec.egress[0].toEntities[0]"),
    ],
)
def test_unknown_addresses_are_undecided(judged: Resource, place: str) -> None:
    condition = processors.egress_names_its_processors

    assert said(condition, judged, parameters=REGISTER) == [
        pending(
            condition,
            judged,
            unknown=place,
            requires="destinations by name, each in the register of processors",
        )
    ]


CHOSEN = "metadata.annotations.n8n-platform/integrations"
STAGING = parameters.load("staging", [each.id for each in ALL])


def namespace(chosen: Any) -> Resource:
    annotations = {"n8n-platform/integrations": chosen}
    return resource("kubernetes:core/v1:Namespace", {"metadata": {"annotations": annotations}})


class TestChosenIntegrationsAreRegistered:
    condition = processors.chosen_integrations_are_registered

    @pytest.mark.parametrize(
        ("chosen", "register"),
        [
            ("", ()),
            ("slack, anthropic", ("slack.com", "*.slack.com", "api.anthropic.com")),
            # No personal data is sent there.
            ("docker-hub,prometheus,direct", ()),
            # Whose region the customer chooses, by the host.
            ("openai", ("eu.api.openai.com",)),
            # Where the host is the customer's own.
            ("weaviate", ("Weaviate B.V.",)),
        ],
    )
    def test_those_that_are_sent_personal_data_are_in_the_register(
        self, chosen: str, register: tuple[str, ...]
    ) -> None:
        registered = replace(DEFAULTS, processors=register)
        assert said(self.condition, namespace(chosen), parameters=registered) == []

    @pytest.mark.parametrize(
        ("chosen", "register", "missing"),
        [
            ("docker-hub,anthropic", (), "api.anthropic.com"),
            ("openai", (), "api.openai.com and eu.api.openai.com"),
            ("cohere", ("api.cohere.com",), "api.cohere.ai"),
            ("weaviate", ("*.weaviate.cloud",), "Weaviate B.V."),
        ],
    )
    def test_one_that_is_not_is_found_with_what_is_missing(
        self, chosen: str, register: tuple[str, ...], missing: str
    ) -> None:
        judged = namespace(chosen)
        id_ = chosen.rpartition(",")[2]

        assert said(self.condition, judged, parameters=replace(DEFAULTS, processors=register)) == [
            violated(
                self.condition,
                judged,
                found=f"{CHOSEN} with {id_}, which is sent personal data and not registered",
                requires=f"{missing} in the register of processors",
                fix=CHOSEN,
            )
        ]

    def test_what_the_catalogue_does_not_know_is_found_and_not_repeated(self) -> None:
        judged = namespace("hunter2")

        assert said(self.condition, judged) == [
            violated(
                self.condition,
                judged,
                found=f"{CHOSEN} with an id of no integration",
                requires="ids of the catalogue of integrations",
                fix=CHOSEN,
            )
        ]

    def test_what_is_not_known_is_undecided(self) -> None:
        judged = namespace(UNKNOWN)

        assert said(self.condition, judged) == [
            pending(
                self.condition,
                judged,
                unknown=CHOSEN,
                requires="integrations that are in the register of processors",
            )
        ]

    def test_a_namespace_that_names_none_is_not_judged(self) -> None:
        named = resource("kubernetes:core/v1:Namespace", {"metadata": {"annotations": {}}})
        assert judgement(self.condition, named) is None
