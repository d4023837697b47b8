"""Who answers for a resource, what it runs and which change made it can be read from it."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, decide, known, some
from policies.resources.kubernetes import is_namespace, set_if_missing
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_LABELS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"
_ANNOTATIONS = "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/"
_RECOMMENDED = "app.kubernetes.io/"

_OWNER = ("owner",)
_CHANGE = ("change", "change-cause", "commit", "git-commit", "revision")


def _is_workload_or_namespace(resource: Resource) -> bool:
    return runs_pods(resource) or is_namespace(resource)


@condition(
    applies=_is_workload_or_namespace,
    severity=Severity.LOW,
    soc2=("CC8.1",),
    steps="Set the labels app.kubernetes.io/name, /version and /managed-by; on a namespace, "
    "/managed-by.",
    url=_LABELS,
    remediate=lambda _, properties: set_if_missing(
        properties, "pulumi", "metadata", "labels", f"{_RECOMMENDED}managed-by"
    ),
)
def recommended_labels_are_set(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Workloads say what they are, in which version, and they and namespaces who manages them."""
    # A namespace holds software of several names and versions.
    names = ("managed-by",) if is_namespace(resource) else ("name", "version", "managed-by")
    for name in names:
        yield from resource.at("metadata", "labels", _RECOMMENDED + name).must(
            lambda place: bool(place.text), "a value"
        )


@condition(
    applies=_is_workload_or_namespace,
    severity=Severity.LOW,
    soc2=("CC8.1",),
    steps="Add a label or annotation `owner`, or one whose key ends in `/owner`, with the team "
    "that answers for it.",
    url=_ANNOTATIONS,
)
def resources_have_an_owner(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Workloads and namespaces name the team that answers for them."""
    yield from _has(resource, _OWNER, "the label or annotation owner, or any ending in /owner")


@condition(
    applies=is_namespace,
    severity=Severity.LOW,
    soc2=("CC8.1",),
    steps="Have the pipeline set a label or annotation `change`, or one whose key ends in "
    "`/change`, to the commit or change request that it deploys.",
    url=_ANNOTATIONS,
)
def namespaces_name_their_change(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Namespaces name the change that was deployed to them last."""
    yield from _has(resource, _CHANGE, "the label or annotation change, or any ending in /change")


def _has(resource: Resource, keys: tuple[str, ...], requires: str) -> Iterator[Verdict]:
    """One of these labels or annotations, under any prefix, with a value."""
    metadata = resource.at("metadata")
    yield from decide(
        some(
            _is_given(key, value, keys)
            for kind in ("labels", "annotations")
            for key, value in metadata.at(kind).entries()
        ),
        metadata.at("labels").path,
        found=f"no {keys[0]} in {metadata.path}",
        requires=requires,
        unknown=metadata.path,
    )


def _is_given(key: str, value: Place, keys: tuple[str, ...]) -> Answer:
    if key != "*" and key.rpartition("/")[2] not in keys:
        return False
    return known(value, bool(value.text and value.text.strip()))
