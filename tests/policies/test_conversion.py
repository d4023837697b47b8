"""From the SDK's proxies, which raise at the touch of an unknown, to plain data."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi_policy import PolicyProviderResource, PolicyResource, PolicyResourceOptions, proxy
from pulumi_policy import ResourceValidationArgs as Given
from pulumi_policy.proxy import (
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
    unknown_checking_proxy,
)

from policies import conversion
from policies.resources.place import Absent
from tests.policies.judging import UNKNOWN

TYPE = "aws:s3/bucket:Bucket"


def options(**given: Any) -> PolicyResourceOptions:
    defaults: dict[str, Any] = {
        "protect": False,
        "ignore_changes": [],
        "delete_before_replace": None,
        "aliases": [],
        "custom_timeouts": None,
        "additional_secret_outputs": [],
        "parent": "",
    }
    return PolicyResourceOptions(**{**defaults, **given})


def given(properties: Mapping[str, Any], *, provider: Any = None, **opts: Any) -> Given:
    return Given(
        TYPE,
        unknown_checking_proxy(dict(properties)),
        "urn:pulumi:test::test::x::example",
        "example",
        options(**opts),
        provider,
    )


def test_the_sdk_raises_where_an_unknown_is_touched() -> None:
    with pytest.raises(UnknownValueError):
        unknown_checking_proxy({"a": UNKNOWN_STRING_VALUE})["a"]


@pytest.mark.parametrize(
    ("declared", "plain"),
    [
        ({"a": {"b": [1.0, "text", True, None]}}, {"a": {"b": [1.0, "text", True, None]}}),
        ({"a": UNKNOWN_OBJECT_VALUE, "b": 1.0}, {"a": UNKNOWN, "b": 1.0}),
        ({"a": UNKNOWN_NUMBER_VALUE}, {"a": UNKNOWN}),
        ({"a": UNKNOWN_BOOLEAN_VALUE}, {"a": UNKNOWN}),
        ({"a": [UNKNOWN_STRING_VALUE, "b", UNKNOWN_ARRAY_VALUE]}, {"a": [UNKNOWN, "b", UNKNOWN]}),
        ({"a": [{"b": UNKNOWN_ARRAY_VALUE}]}, {"a": [{"b": UNKNOWN}]}),
        ({}, {}),
        # No condition reads what is in files.
        ({"a": pulumi.StringAsset("hunter2"), "b": 1.0}, {"a": Absent.MISSING, "b": 1.0}),
        ({"a": [pulumi.FileArchive("x")]}, {"a": [Absent.MISSING]}),
    ],
)
def test_properties_become_plain_and_unknowns_stand_for_themselves(
    declared: Mapping[str, Any], plain: Any
) -> None:
    assert conversion.resource(given(declared)).properties.value == plain


def test_properties_are_read_when_a_condition_asks_for_them_and_once() -> None:
    reads = []

    class Counting(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            reads.append(key)
            return super().__getitem__(key)

    args = given({})
    args.props = Counting(a=1.0)
    resource = conversion.resource(args)

    assert reads == []
    assert [resource.at("a").value, resource.at("a").value] == [1.0, 1.0]
    assert reads == ["a"]


def test_unknowns_without_a_proxy_as_a_remediation_has_them_are_unknowns() -> None:
    names = [name for name in vars(proxy) if name.startswith("UNKNOWN_")]
    raw = {name: getattr(proxy, name) for name in names}

    assert len(names) > 5
    assert conversion.plain(raw) == dict.fromkeys(names, UNKNOWN)


def test_options_and_the_provider_come_along() -> None:
    provider = PolicyProviderResource(
        "pulumi:providers:aws",
        unknown_checking_proxy({"region": "eu-west-1", "profile": UNKNOWN_STRING_VALUE}),
        "urn:pulumi:test::test::pulumi:providers:aws::provider",
        "provider",
    )
    resource = conversion.resource(
        given({}, provider=provider, protect=True, ignore_changes=["spec.replicas"])
    )

    assert (resource.type, resource.name, resource.protect) == (TYPE, "example", True)
    assert list(resource.ignored) == ["spec.replicas"]
    assert resource.provider.at("region").value == "eu-west-1"
    assert resource.provider.at("profile").unknown
    assert conversion.resource(given({})).provider.at("region").missing


def test_references_tell_what_a_value_comes_from_in_a_stack() -> None:
    bucket, policy = (
        PolicyResource(TYPE, {}, f"urn:{name}", name, options(), None, None, [], {})
        for name in ("bucket", "policy")
    )
    policy.property_dependencies = {"bucket": [bucket]}

    assert conversion.resource(policy).references == {"bucket": ("urn:bucket",)}
