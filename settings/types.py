"""The kinds of value that settings are made of: quantities, image references, names."""

import re
from functools import cache
from ipaddress import IPv4Network
from types import UnionType
from typing import Annotated, Union, get_args, get_origin
from zoneinfo import available_timezones

from kubernetes.utils.quantity import parse_quantity
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class Area(BaseModel):
    """One group of settings: a configuration key of the stack whose value is an object.

    Frozen, so that nobody changes a setting after it was checked; strict, so that `"3"` is not an
    integer; closed, so that a misspelt key is an error and not a silently ignored wish.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_default=True,
    )


def area_of(field: FieldInfo) -> type[Area] | None:
    """The group of settings that a field holds, or may be left out; None for a single setting."""
    kinds = get_args(field.annotation) or (field.annotation,)
    if get_origin(field.annotation) not in (None, Union, UnionType):
        return None
    return next((each for each in kinds if isinstance(each, type) and issubclass(each, Area)), None)


def _checked_quantity(value: str) -> str:
    try:
        amount = parse_quantity(value)
    except ValueError:
        raise ValueError("a Kubernetes quantity such as 500m, 2 or 512Mi") from None
    if amount <= 0:
        raise ValueError("more than zero")
    return value


_IMAGE = re.compile(
    r"(?P<repository>[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+)"
    r":(?P<tag>[\w][\w.-]*)(?P<digest>@sha256:[0-9a-f]{64})?"
)
_VERSION = re.compile(r"^v?(\d+(?:\.\d+)+)(?![\w.])")


def _image(*, numbers: int, example: str) -> AfterValidator:
    """Accept an image whose tag is one release: a shorter version is a tag that moves."""

    def check(value: str) -> str:
        match = _IMAGE.fullmatch(value)
        if not match or len(_numbers(match["tag"])) != numbers:
            raise ValueError(
                f"registry/repository:tag with a complete version of {numbers} numbers as its tag, "
                f"for example {example}, optionally followed by @sha256:…"
            )
        return value

    return AfterValidator(check)


def _numbers(text: str) -> tuple[int, ...]:
    match = _VERSION.match(text)
    return tuple(int(number) for number in match[1].split(".")) if match else ()


def image_version(image: str) -> tuple[int, ...]:
    """The version that an image's tag names, for example (2, 43, 3)."""
    return _numbers(image.partition("@")[0].rpartition(":")[2])


def parse_version(text: str) -> tuple[int, ...]:
    """`2.43.3`, with or without a leading `v` or a trailing variant, as three numbers.

    Raises:
        ValueError: if the text does not begin with three numbers.
    """
    version = _numbers(text)
    if len(version) != 3:
        raise ValueError("a version such as 2.43.3")
    return version


def _checked_version(value: str) -> str:
    parse_version(value)
    return value


Quantity = Annotated[str, AfterValidator(_checked_quantity)]
"""A Kubernetes quantity of CPU, memory or storage."""

Image = Annotated[str, _image(numbers=3, example="docker.io/n8nio/n8n:2.43.3")]
"""A container image with registry, repository and a tag that names one release."""

PostgresImage = Annotated[str, _image(numbers=2, example="docker.io/library/postgres:17.11")]
"""PostgreSQL's image: its releases have two numbers."""

Version = Annotated[str, AfterValidator(_checked_version)]
"""A version of three numbers."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS label, as Kubernetes asks of most names."""

Host = Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$")]
"""The name of a host, or `*.` and a domain for any of its subdomains."""

HttpUrl = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d+)?/$")]
"""An http or https address that ends in a slash."""


# It reads a directory tree: 10 ms.
_timezones = cache(available_timezones)


def _checked_timezone(value: str) -> str:
    if value not in _timezones():
        raise ValueError("an IANA time zone such as Etc/UTC or America/New_York")
    return value


Timezone = Annotated[str, AfterValidator(_checked_timezone)]
"""An IANA time zone."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

Percent = Annotated[int, Field(ge=1, le=100)]
"""A share in percent."""


def _checked_private(value: str) -> str:
    network = IPv4Network(value)
    for own in _NEVER_CALLED:
        if network.overlaps(own):
            raise ValueError(
                f"a range without {own}: workflows would reach the pod itself or its node"
            )
    return str(network)


_NEVER_CALLED = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
)
"""This host, loopback and link-local addresses, the cloud's metadata service among them
(RFC 6890)."""

PrivateCidr = Annotated[str, AfterValidator(_checked_private)]
"""An IPv4 range such as 10.20.0.0/16, without host bits, that pods may be let through to."""
