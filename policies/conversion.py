"""From Pulumi's policy SDK to plain resources."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs, proxy
from pulumi_policy.proxy import UnknownValueError

from policies.resources.place import Absent, Place
from policies.resources.resource import Resource

_UNKNOWN = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))
"""What stands for an unknown where the SDK does not guard it: in a remediation."""


def resource(given: ResourceValidationArgs | PolicyResource) -> Resource:
    """A resource as conditions see it."""
    return Resource(
        type=given.resource_type,
        name=given.name,
        urn=given.urn,
        read=partial(plain, given.props),
        protect=bool(given.opts.protect),
        ignored=tuple(given.opts.ignore_changes or ()),
        provider=Place(
            "provider", plain(given.provider.props) if given.provider else Absent.MISSING
        ),
        references={
            key: tuple(each.urn for each in resources)
            for key, resources in given.property_dependencies.items()
        }
        if isinstance(given, PolicyResource)
        else {},
    )


def plain(value: Any) -> Any:
    """The SDK's proxies as plain data, with `Absent.UNKNOWN` where they would raise.

    They are no dict and no list, raise at the touch of an unknown, and would end a condition there.
    Assets and archives, which hold files, become missing: no condition reads them.
    """
    if isinstance(value, Mapping):
        return {key: _element(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_element(value, position) for position in range(len(value))]
    if isinstance(value, str) and value in _UNKNOWN:
        return Absent.UNKNOWN
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return Absent.MISSING


def _element(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return Absent.UNKNOWN
