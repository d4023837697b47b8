"""What `make up` says at its end: where n8n is, how to try it, what runs in which zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.n8n import sample
from local.n8n.owner import SignedIn

_ZONE = "topology.kubernetes.io/zone"
_NAME = "app.kubernetes.io/name"
_COMPONENT = "app.kubernetes.io/component"
_ORDER = ("main", "webhook", "worker", "redis", "postgres")
_NO_ZONE = "no zone"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What there is to tell about a deployed platform.

    Attributes:
        editor_url: address of the editor.
        sample_url: address of the sample's webhook.
        signed_in: the owner, and whether the account is new.
        owner_file: where the owner account is kept.
        zones: `pods_per_zone`.
    """

    editor_url: str
    sample_url: str
    signed_in: SignedIn
    owner_file: Path
    zones: Mapping[str, Mapping[str, int]]


def pods_per_zone(
    nodes: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, int]]:
    """Ready pods of the platform, counted by zone and kind: `{"zone-a": {"main": 1, …}, …}`.

    Args:
        nodes: the `items` of `kubectl get nodes --output json`.
        pods: the `items` of `kubectl get pods --output json`.
    """
    zone_of = {
        node["metadata"]["name"]: node["metadata"].get("labels", {}).get(_ZONE, _NO_ZONE)
        for node in nodes
    }
    counts: dict[str, Counter[str]] = {zone: Counter() for zone in sorted(zone_of.values())}
    for pod in pods:
        if _is_ready(pod):
            zone = zone_of.get(pod["spec"].get("nodeName", ""), _NO_ZONE)
            counts.setdefault(zone, Counter())[_kind(pod)] += 1
    return {
        zone: {kind: kinds[kind] for kind in sorted(kinds, key=_place)}
        for zone, kinds in counts.items()
    }


def text(deployed: Deployed) -> str:
    """The lines for the terminal; the password is in them only if the account is new."""
    owner = deployed.signed_in.owner
    if deployed.signed_in.created:
        password = f"password {owner.password} (shown this once; kept in {deployed.owner_file})"
    else:
        password = f"password in {deployed.owner_file}"
    lines = [
        "",
        "n8n runs on this machine, in queue mode.",
        f"  editor     {deployed.editor_url}",
        f"  owner      {owner.email}, {password}",
        f"  try it     {sample.command(deployed.sample_url)}",
        "",
        *(f"  {zone:<10} {_listed(kinds)}" for zone, kinds in deployed.zones.items()),
        "",
        "  make status             what runs",
        "  make logs TIER=worker   what a tier says: main, webhook, worker, redis or postgres",
        "  make logs TIER=alerts   what monitoring would tell Slack",
        "  make e2e                try what can go wrong: lost pods, a lost zone, a rollout",
        "  make down               stop and remove all of it",
    ]
    return "\n".join(lines)


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _kind(pod: Mapping[str, Any]) -> str:
    """A tier of n8n by its tier, everything else by what it is an instance of."""
    labels = pod["metadata"].get("labels", {})
    name = labels.get(_NAME, "others")
    return labels.get(_COMPONENT, name) if name == "n8n" else name


def _place(kind: str) -> tuple[int, str]:
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), kind)


def _listed(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in kinds.items()) or "nothing ready"
