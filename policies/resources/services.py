"""Outside services, as the catalogue of integrations knows them, and the register of processors."""

from collections.abc import Iterator, Sequence
from functools import cache

from integrations.catalogue import load
from integrations.model import Catalogue, Integration
from policies.resources.place import Place
from policies.resources.resource import Resource

INTEGRATIONS = "n8n-platform/integrations"
"""Annotation of a namespace: ids of the services that its workflows use, with commas between."""


def catalogue() -> Catalogue:
    """All services that there are; read when something asks for them."""
    return load()


def chosen(namespace: Resource) -> Place:
    """Where a namespace says which services its workflows use."""
    return namespace.at("metadata", "annotations", INTEGRATIONS)


def ids(place: Place) -> Iterator[str]:
    """The ids that `chosen` lists."""
    for part in (place.text or "").split(","):
        if part.strip():
            yield part.strip()


@cache
def at_host(host: str) -> Integration | None:
    """The service that a host is of; None if the catalogue knows none."""
    return next(
        (
            each
            for each in catalogue().integrations
            if any(egress.covers(host) for egress in each.egress)
        ),
        None,
    )


def hosts(service: Integration) -> tuple[str, ...]:
    """Its hosts; without those that are different for each customer, which variables name."""
    return tuple(each.host for each in service.egress if each.host is not None)


def is_registered(host: str, register: Sequence[str]) -> bool:
    """Whether a host, or all that a pattern stands for, is in the register, or in the cluster."""
    host = host.lower().rstrip(".")
    if host.endswith(".cluster.local"):
        return True
    return any(
        host == entry.lower() or (entry.startswith("*.") and host.endswith(entry[1:].lower()))
        for entry in register
    )


def missing_entries(service: Integration, register: Sequence[str]) -> tuple[str, ...]:
    """What has to be entered in the register for a service; nothing if it is there.

    One host of a service whose region the customer chooses will do: each region has its own. A
    service whose only host is the customer's own is entered by the legal name of the processor.
    """
    own = hosts(service)
    if not own:
        known = service.processor is None or service.processor in register
        return () if known else (service.processor or "",)
    missing = tuple(each for each in own if not is_registered(each, register))
    return () if service.regions.selectable and len(missing) < len(own) else missing
