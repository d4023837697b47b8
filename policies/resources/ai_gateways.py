"""AI gateways: whom they send prompts to, and the ports on which they take anybody's.

Portkey's is the one that is known, and the router that stands before it here. Neither asks a client
who it is: whoever reaches one spends the money of whom its keys belong to.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from policies.resources import services
from policies.resources.answers import Answer, known, some
from policies.resources.kubernetes import containers
from policies.resources.place import Absent, Place
from policies.resources.resource import Resource

_GATEWAY, _ROUTER = "ai-gateway", "ai-router"
"""What containers of the two are called here."""

_IMAGE = re.compile(r"(?:.*/)?portkeyai/gateway(?:[:@].*)?")
_PORTS = (8787, 8788)
"""Portkey's own, which is the router's here; and where Portkey listens behind the router."""

_PORT = re.compile(r"--port=(\d{1,5})")

_NAMES = {"together-ai": "together"}
"""Providers that Portkey calls otherwise than the catalogue of integrations does."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a gateway sends prompts.

    Attributes:
        place: what says it: an address, or the name of a provider. Unknown, it may say anything.
        hosts: the hosts that it may mean; none if nobody knows.
    """

    place: Place
    hosts: tuple[str, ...] = ()


def destinations(config_map: Resource) -> Iterator[Destination]:
    """Whom the routing documents in a ConfigMap, which are JSON, name; each once."""
    said: set[tuple[str, ...]] = set()
    for key, file in config_map.at("data").entries():
        if file.unknown and (key == "*" or key.endswith(".json")):
            yield Destination(place=file)
        document = file.parsed() if file.text else Place(file.path, Absent.MISSING)
        for each in (*_upstream(document), *_targets(document)):
            if each.hosts not in said or not each.hosts:
                said.add(each.hosts)
                yield each


def is_in_cluster(host: str) -> bool:
    """Whether a host is a Service's, or the pod itself."""
    return "." not in host or host.startswith("127.") or host.endswith((".svc", ".cluster.local"))


def is_in(workload: Resource) -> Answer:
    """Whether pods of a workload carry an AI gateway."""
    return some(_is_gateway(each) for each in containers(workload))


def ports(workload: Resource) -> frozenset[float]:
    """The ports of a workload's pods on which an AI gateway may listen, if they carry one."""
    found: set[float] = {*_PORTS}
    for container in containers(workload):
        if container.at("name").text == _ROUTER or not _is_gateway(container):
            # What the router declares is where its metrics are read.
            continue
        declared = (each.at("containerPort").number for each in container.at("ports").each())
        found.update(number for number in declared if number is not None)
        for key in ("command", "args"):
            for word in container.at(key).each():
                found.update(map(int, _PORT.findall(word.text or "")))
    return frozenset(found)


def _is_gateway(container: Place) -> Answer:
    name, image = container.at("name"), container.at("image")
    return some(
        [
            known(name, name.text in (_GATEWAY, _ROUTER)),
            known(image, _IMAGE.fullmatch(image.text or "") is not None),
        ]
    )


def _upstream(document: Place) -> Iterator[Destination]:
    """The gateway that a router sends everything to."""
    address = document.at("upstream")
    if address.text is not None and not document.at("tiers").missing:
        yield Destination(place=address, hosts=_host(address))


def _targets(document: Place) -> Iterator[Destination]:
    """The targets of Portkey's configurations, wherever they are in a document."""
    places = deque([document])
    while places:
        place = places.popleft()
        places.extend([each for _, each in place.entries()] or place.each())
        for target in place.at("targets").each():
            # Portkey reads either spelling.
            own = [target.at(key) for key in ("custom_host", "customHost")]
            addressed = [each for each in own if each.text is not None]
            provider = target.at("provider")
            if addressed:
                yield Destination(place=addressed[0], hosts=_host(addressed[0]))
            elif provider.text is not None:
                yield Destination(place=provider, hosts=_default_hosts(provider.text))


def _host(address: Place) -> tuple[str, ...]:
    text = (address.text or "").lower()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        host = None
    return (host,) if host else ()


def _default_hosts(provider: str) -> tuple[str, ...]:
    """A provider's hosts in the catalogue without those of regions, which are below another."""
    service = services.catalogue().by_id.get(_NAMES.get(provider, provider))
    own = services.hosts(service) if service else ()
    return tuple(host for host in own if not any(host.endswith(f".{other}") for other in own))
