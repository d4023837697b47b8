"""The kinds of value that settings are made of: quantities, image references, names."""

import re
from ipaddress import IPv4Network
from typing import Annotated
from zoneinfo import available_timezones

from kubernetes.utils.quantity import parse_quantity
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Area(BaseModel):
    """One group of settings: a configuration key of the stack whose value is an object.

    Frozen, so that nobody changes a setting after it was checked; strict, so that `"3"` is not an
    integer; closed, so that a misspelt key is an error and not a silently ignored wish.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, validate_by_name=True
    )


def _checked_quantity(value: str) -> str:
    try:
        amount = parse_quantity(value)
    except ValueError:
        raise ValueError("a Kubernetes quantity such as 500m, 2 or 512Mi") from None
    if amount <= 0:
        raise ValueError("more than zero")
    return value


# A tag that can move names no version: at least one digit, and none of the usual moving names.
_IMAGE = re.compile(
    r"(?P<repository>[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+)"
    r":(?P<tag>[\w][\w.-]*)(?P<digest>@sha256:[0-9a-f]{64})?"
)
_VERSION = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)(?![\d.])")


def _checked_image(value: str) -> str:
    match = _IMAGE.fullmatch(value)
    if not match or not _VERSION.match(match["tag"]):
        raise ValueError(
            "registry/repository:tag with a complete version as its tag, "
            "for example docker.io/n8nio/n8n:2.43.3, optionally followed by @sha256:…"
        )
    return value


def image_version(image: str) -> tuple[int, int, int]:
    """The version that an image's tag names, for example (2, 43, 3)."""
    tag = image.partition("@")[0].rpartition(":")[2]
    return parse_version(tag)


def parse_version(text: str) -> tuple[int, int, int]:
    """`2.43.3`, with or without a leading `v` or a trailing variant, as three numbers.

    Raises:
        ValueError: if the text does not begin with three numbers.
    """
    match = _VERSION.match(text)
    if not match:
        raise ValueError("a version such as 2.43.3")
    return int(match[1]), int(match[2]), int(match[3])


def _checked_version(value: str) -> str:
    parse_version(value)
    return value


Quantity = Annotated[str, AfterValidator(_checked_quantity)]
"""A Kubernetes quantity of CPU, memory or storage."""

Image = Annotated[str, AfterValidator(_checked_image)]
"""A container image with registry, repository and a tag that names one version."""

Version = Annotated[str, AfterValidator(_checked_version)]
"""A version of three numbers."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS label, as Kubernetes asks of most names."""

HttpUrl = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d+)?/$")]
"""An http or https address that ends in a slash."""


def _checked_timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("an IANA time zone such as Etc/UTC or America/New_York")
    return value


Timezone = Annotated[str, AfterValidator(_checked_timezone)]
"""An IANA time zone."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

Percent = Annotated[int, Field(ge=1, le=100)]
"""A share in percent."""

Cidr = Annotated[str, AfterValidator(lambda value: str(IPv4Network(value)))]
"""An IPv4 range such as 10.20.0.0/16, without host bits."""
