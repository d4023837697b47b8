"""Which objects of the cluster have a key: read from it, so that nothing repeats the components."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.governance import REREADS

Object = Mapping[str, Any]

WORKLOADS = ("deployments", "statefulsets", "daemonsets")
"""Kinds that are restarted. A CronJob's next run has the new value anyway."""


@dataclass(frozen=True, kw_only=True)
class ExternalSecret:
    """An ExternalSecret that copies the key.

    Attributes:
        name: its own.
        secret: name of the Secret that it makes.
        keys: in that Secret, those with the value; None where a template may put it anywhere.
        copied_once: whether it never copies again.
    """

    name: str
    secret: str
    keys: frozenset[str] | None
    copied_once: bool


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A workload whose pods read the key.

    Attributes:
        kind: such as `deployment`.
        name: its name.
        environment: whether as an environment variable, which never changes in a running container.
        rereads: whether only from files, which its programs read again.
        selector: labels of its pods.
        grace_seconds: how long a pod that ends may take.
    """

    kind: str
    name: str
    environment: bool
    rereads: bool
    selector: Mapping[str, str]
    grace_seconds: int

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What has the key."""

    external_secrets: tuple[ExternalSecret, ...]
    consumers: tuple[Consumer, ...]

    def at_start(self, *, files: bool) -> tuple[Consumer, ...]:
        """Those that read it when they start, and not again.

        Args:
            files: also those that read a file.
        """
        return tuple(
            each for each in self.consumers if each.environment or (files and not each.rereads)
        )


def find(
    names: Collection[str], external_secrets: Iterable[Object], workloads: Iterable[Object]
) -> Found:
    """What has a key, among the objects of a namespace.

    Args:
        names: the key in ESC, or its parts.
        external_secrets: all of the namespace.
        workloads: likewise, of all kinds.
    """
    copies = tuple(
        copy for each in external_secrets if (copy := _external_secret(each, names)) is not None
    )
    consumers = (_consumer(each, copies) for each in workloads)
    return Found(external_secrets=copies, consumers=tuple(each for each in consumers if each))


def _external_secret(item: Object, names: Collection[str]) -> ExternalSecret | None:
    spec = item["spec"]
    keys = {
        each["secretKey"] for each in spec.get("data") or () if each["remoteRef"]["key"] in names
    }
    if not keys:
        return None
    target = spec.get("target") or {}
    template = target.get("template") or {}
    templated = template.get("data") or template.get("templateFrom")
    return ExternalSecret(
        name=item["metadata"]["name"],
        secret=target.get("name") or item["metadata"]["name"],
        keys=None if templated else frozenset(keys),
        copied_once=spec.get("refreshPolicy") == "CreatedOnce",
    )


def _consumer(item: Object, copies: Sequence[ExternalSecret]) -> Consumer | None:
    template = item["spec"]["template"]
    pod = template["spec"]
    environment = {each for each in copies for use in _variables(pod) if _has(use, each)}
    files = {each for each in copies for use in _files(pod) if _has(use, each)}
    if not environment and not files:
        return None
    annotations = template["metadata"].get("annotations") or {}
    reread = {each.strip() for each in annotations.get(REREADS, "").split(",")}
    return Consumer(
        kind=item["kind"].lower(),
        name=item["metadata"]["name"],
        environment=bool(environment),
        rereads=not environment and all(each.secret in reread for each in files),
        selector=item["spec"]["selector"].get("matchLabels") or {},
        grace_seconds=pod.get("terminationGracePeriodSeconds", 30),
    )


_Use = tuple[str, frozenset[str] | None]
"""A Secret's name and keys of it; None for all of them."""


def _has(use: _Use, copy: ExternalSecret) -> bool:
    secret, keys = use
    if secret != copy.secret:
        return False
    return keys is None or copy.keys is None or not keys.isdisjoint(copy.keys)


def _variables(pod: Object) -> Iterator[_Use]:
    containers = [*(pod.get("initContainers") or ()), *pod["containers"]]
    for container in containers:
        for each in container.get("envFrom") or ():
            if "secretRef" in each:
                yield each["secretRef"]["name"], None
        for each in container.get("env") or ():
            reference = (each.get("valueFrom") or {}).get("secretKeyRef")
            if reference:
                yield reference["name"], frozenset([reference["key"]])


def _files(pod: Object) -> Iterator[_Use]:
    for volume in pod.get("volumes") or ():
        if "secret" in volume:
            yield volume["secret"]["secretName"], _items(volume["secret"])
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "secret" in source:
                yield source["secret"]["name"], _items(source["secret"])


def _items(source: Object) -> frozenset[str] | None:
    items = source.get("items")
    return frozenset(each["key"] for each in items) if items else None
