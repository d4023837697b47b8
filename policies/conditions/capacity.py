"""What pods may use is said beforehand: by each container, autoscaler and namespace."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import workloads
from policies.resources.answers import decide, every, in_namespace, known, some
from policies.resources.kubernetes import containers, is_namespace, pod_spec
from policies.resources.place import Absent, Place, Undecided, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import is_autoscaler, runs_pods

_MANAGING = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"

# No limit of CPU: what a container uses beyond its request is taken back from it at once, by its
# share; a limit would slow it down while the machine idles. Memory cannot be taken back.
_REQUIRED = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))


@condition(
    applies=runs_pods,
    severity=Severity.MEDIUM,
    soc2=("A1.1",),
    gdpr=("32(1)(b)",),
    steps="Set requests for CPU and memory, and a limit for memory, in the resources of the "
    "container.",
    url=_MANAGING,
)
def containers_have_requests_and_limits(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every container says what CPU and memory it needs, and has an upper bound of memory."""
    for container in containers(resource):
        # Kubernetes has no resources for containers that are added for debugging.
        if ".ephemeralContainers[" in container.path:
            continue
        for bound, what in _REQUIRED:
            yield from _bound(resource, container, bound, what).must(
                lambda place: not place.missing, "a quantity"
            )


def _bound(resource: Resource, container: Place, bound: str, what: str) -> Place:
    """A bound of a container: its own, its limit in place of its request, or that of the pod."""
    own = container.at("resources", bound, what)
    pod = pod_spec(resource).at("resources")
    limit = container.at("resources", "limits", what)
    in_place = (own, limit, pod.at(bound, what), pod.at("limits", what))
    return next((place for place in in_place if not place.missing), own)


@condition(
    applies=is_autoscaler,
    severity=Severity.MEDIUM,
    soc2=("A1.1",),
    gdpr=("32(1)(b)",),
    steps="Set the maximum number of replicas above the minimum.",
    url="https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/",
)
def autoscaler_has_room(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Every autoscaler has an upper bound, and one that lets it add pods."""
    fewest, default = workloads.minimum(resource)
    most = workloads.maximum(resource)
    if fewest.unknown:
        yield Undecided(fewest.path, f"{most.path} above it")
        return
    least = default if fewest.number is None else fewest.number
    yield from most.must(
        lambda place: place.number is not None and place.number > least, f"more than {least:g}"
    )


@condition(
    applies=is_namespace,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.1",),
    gdpr=("32(1)(b)",),
    steps="Add a ResourceQuota to the namespace, at least for its pods, CPU and memory.",
    url="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
)
def namespace_has_quota(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every namespace is bounded, so that what goes wrong in it leaves the others their share."""
    name = resource.at("metadata", "name").text or Absent.UNKNOWN
    answers = []
    for quota in context.stack.of("kubernetes:core/v1:ResourceQuota"):
        hard = quota.at("spec", "hard")
        bounds = known(hard, bool(hard.value) and not hard.missing)
        answers.append(every([in_namespace(quota, name), bounds]))
    yield from decide(
        some(answers),
        "a ResourceQuota in this namespace",
        found="no ResourceQuota with bounds",
        requires="one with bounds in spec.hard",
        unknown="which ResourceQuotas this namespace has",
    )
