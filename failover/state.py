"""What a stack's state says of its database, and the state without it."""

from collections.abc import Mapping
from typing import Any

DATABASE = "n8n-platform:aws:Database"
"""Type of the component whose resources carry the database's generation in their names."""

_INSTANCE = "aws:rds/instance:Instance"
_NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


def replica(state: Mapping[str, Any], name: str) -> str | None:
    """URN of a database that a state knows as a replica; None if it knows none of that name.

    Args:
        state: as `pulumi stack export` writes it.
        name: of the database in RDS.
    """
    for each in state["deployment"].get("resources", []):
        outputs = each.get("outputs", {})
        if (each["type"], outputs.get("identifier")) == (_INSTANCE, name):
            return each["urn"] if outputs.get("replicateSourceDb") else None
    return None


def node_groups(state: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """By name the node groups that a state knows: their URNs, and how many nodes they are to have.

    Args:
        state: as `pulumi stack export` writes it.
    """
    return {
        each["outputs"]["nodeGroupName"]: (
            each["urn"],
            int(each["outputs"]["scalingConfig"]["desiredSize"]),
        )
        for each in state["deployment"].get("resources", [])
        if each["type"] == _NODE_GROUP and each.get("outputs")
    }


def without_database(state: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The state without a database and everything that was made for it. In AWS it goes on as
    nobody's.

    Not with `pulumi state delete`: it refuses what others depend on, as every pod does on the
    database's address, or takes those out as well. All of it goes, because security group, subnet
    group and parameter group cannot be deleted while the old database uses them.

    Args:
        state: as `pulumi stack export` writes it.
        name: of the database in RDS.

    Returns:
        None if the state has no such database.
    """
    resources = state["deployment"].get("resources", [])
    parents = {each["urn"]: each.get("parent") for each in resources}
    components = {each["urn"] for each in resources if each["type"] == DATABASE}
    gone = {urn for urn in parents if _ancestors(urn, parents) & components}
    if not any(
        each["urn"] in gone
        and each["type"] == _INSTANCE
        and each.get("outputs", {}).get("identifier") == name
        for each in resources
    ):
        return None
    kept = [_independent(each, gone) for each in resources if each["urn"] not in gone]
    return {**state, "deployment": {**state["deployment"], "resources": kept}}


def _ancestors(urn: str, parents: Mapping[str, str | None]) -> set[str]:
    """Those above a resource."""
    above, parent = set[str](), parents[urn]
    while parent:
        above.add(parent)
        parent = parents.get(parent)
    return above


def _independent(resource: Mapping[str, Any], gone: set[str]) -> dict[str, Any]:
    """A resource that depends on nothing that is gone; the next deployment notes it anew."""
    changed = dict(resource)
    if "dependencies" in changed:
        changed["dependencies"] = [each for each in changed["dependencies"] if each not in gone]
    if "propertyDependencies" in changed:
        changed["propertyDependencies"] = {
            name: [each for each in urns or () if each not in gone]
            for name, urns in changed["propertyDependencies"].items()
        }
    if changed.get("deletedWith") in gone:
        del changed["deletedWith"]
    return changed
