"""The loss of a pod, a machine or a zone, and the drain of a machine, leave pods that serve."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import selectors, workloads
from policies.resources.answers import (
    Answer,
    decide,
    every,
    in_namespace,
    known,
    no,
    share_namespace,
    some,
)
from policies.resources.kubernetes import namespace, pod_labels, pod_spec
from policies.resources.place import Finding, Place, Undecided, Verdict
from policies.resources.resource import Resource, Stack, of_type
from policies.resources.workloads import SINGLE_REPLICA, is_workload

_ZONE = "topology.kubernetes.io/zone"
_FEWEST = 2
_PERCENT = re.compile(r"(\d{1,3})%")
_BUDGETS = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/"

_is_budget = of_type("kubernetes:policy/v1:PodDisruptionBudget")


@condition(
    applies=is_workload,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.2", "CC9.1"),
    gdpr=("32(1)(b)",),
    steps="Run at least two replicas, also as the minimum of an autoscaler; or, for what must be "
    f"one, say why in the annotation {SINGLE_REPLICA}.",
    url="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
)
def workload_has_two_replicas(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every workload has two pods or more, or says why there can be only one."""
    requires = f"at least {_FEWEST}, or the annotation {SINGLE_REPLICA} with the reason"
    single = workloads.is_declared_single(resource)
    scaling = list(workloads.autoscalers(resource, context.stack))
    if not scaling:
        replicas = resource.at("spec", "replicas")
        # None at all are no mistake: it is switched off.
        enough = known(replicas, replicas.number is not None and _enough(replicas.number))
        yield from decide(
            some([single, enough]),
            replicas.path,
            found=f"{replicas.path} {replicas.state}",
            requires=requires,
        )
    for autoscaler, concerned in scaling:
        place, default = workloads.minimum(autoscaler)
        number = default if place.number is None else place.number
        yield from decide(
            some([single, no(concerned), known(place, number >= _FEWEST)]),
            f"{place.path} of its {autoscaler.kind}",
            found=f"{place.path} of its {autoscaler.kind} {place.state}",
            requires=requires,
        )


def _enough(replicas: float) -> bool:
    return replicas == 0 or replicas >= _FEWEST


@condition(
    applies=is_workload,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.2", "CC9.1"),
    gdpr=("32(1)(b)",),
    steps=f"Add a topologySpreadConstraint on {_ZONE} to the pods.",
    url="https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
)
def workload_spreads_over_zones(resource: Resource, context: Context) -> Iterator[Verdict]:
    """The pods of every workload that has several are spread over zones."""
    constraints = pod_spec(resource).at("topologySpreadConstraints")
    yield from decide(
        some(
            [
                workloads.is_declared_single(resource),
                *_spread_keys(resource),
                _shares_zones(resource, context.stack),
            ]
        ),
        constraints.path,
        found="pods that nothing spreads over zones",
        requires=f"a topologySpreadConstraint or a podAntiAffinity on {_ZONE}, or one workload "
        "for each zone",
        unknown="where its pods may run",
    )


@condition(
    applies=is_workload,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.2", "CC9.1"),
    gdpr=("32(1)(b)",),
    steps="Have exactly one PodDisruptionBudget select the pods: Kubernetes evicts none that two "
    "select.",
    url=_BUDGETS,
)
def workload_has_one_disruption_budget(resource: Resource, context: Context) -> Iterator[Verdict]:
    """The pods of every workload that has several have exactly one disruption budget."""
    answers = [_limits(budget, resource) for budget in context.stack.where(_is_budget)]
    sure, possible = answers.count(True), len(answers) - answers.count(False)
    labels = pod_labels(resource).path
    requires = "one PodDisruptionBudget that selects them"
    if sure > 1:
        yield Finding(labels, f"{sure} PodDisruptionBudgets that select its pods", requires)
    elif sure < possible:
        yield Undecided("which PodDisruptionBudgets select its pods", requires)
    else:
        yield from decide(
            sure == 1 or workloads.is_declared_single(resource),
            labels,
            found="no PodDisruptionBudget that selects its pods",
            requires=requires,
        )


@condition(
    applies=_is_budget,
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("A1.2", "CC9.1"),
    gdpr=("32(1)(b)",),
    steps="Set maxUnavailable to 1, or minAvailable below the fewest pods that it selects.",
    url=_BUDGETS + "#think-about-how-your-application-reacts-to-disruptions",
)
def disruption_budget_can_be_met(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Every disruption budget lets at least one pod go, so that a machine can be drained."""
    unavailable = resource.at("spec", "maxUnavailable")
    if not unavailable.missing:
        yield from unavailable.must(lambda place: _of(place, 100) >= 1, "1 or more")
        return
    available = resource.at("spec", "minAvailable")
    if available.missing:
        yield Finding(
            unavailable.path, "neither maxUnavailable nor minAvailable", "maxUnavailable 1 or more"
        )
        return
    pods = _fewest_limited(resource, context.stack)
    if pods is None:
        yield Undecided("how many pods it selects", "minAvailable below that number")
    elif pods > 0:
        yield from available.must(
            lambda place: _of(place, pods) < pods, f"less than {pods:g}, the fewest pods it selects"
        )


def _limits(budget: Resource, workload: Resource) -> Answer:
    # A budget without a selector is for no pods, with an empty one for all of its namespace.
    return every(
        [
            in_namespace(budget, namespace(workload)),
            selectors.matches(budget.at("spec", "selector"), pod_labels(workload)),
        ]
    )


def _fewest_limited(budget: Resource, stack: Stack) -> float | None:
    """The fewest pods that a budget selects; None if that is not known."""
    total: float = 0
    for workload in stack.where(is_workload):
        limited = _limits(budget, workload)
        if limited is False:
            continue
        fewest = workloads.fewest_pods(workload, stack)
        if limited is None or fewest is None:
            return None
        total += fewest
    return total


def _of(bound: Place, pods: float) -> float:
    """A bound of a budget as a number of pods; Kubernetes rounds percentages up."""
    percent = _PERCENT.fullmatch(bound.text or "")
    return -(-int(percent[1]) * pods // 100) if percent else bound.number or 0


def _spread_keys(workload: Resource) -> Iterator[Answer]:
    """For each rule that keeps a workload's pods apart: whether it does so by zone."""
    spec = pod_spec(workload)
    apart = spec.at("affinity", "podAntiAffinity")
    for each in spec.at("topologySpreadConstraints").each():
        yield _is_zone(each.at("topologyKey"))
    for each in apart.at("requiredDuringSchedulingIgnoredDuringExecution").each():
        yield _is_zone(each.at("topologyKey"))
    for each in apart.at("preferredDuringSchedulingIgnoredDuringExecution").each():
        yield _is_zone(each.at("podAffinityTerm", "topologyKey"))


def _is_zone(key: Place) -> Answer:
    return known(key, key.text == _ZONE)


def _shares_zones(workload: Resource, stack: Stack) -> Answer:
    """Whether a workload is one zone's part of something that has a part in another zone too."""
    own = _only_zone(workload)
    if own is None:
        return False
    zones = (
        (other, zone)
        for other in stack.where(is_workload)
        if other is not workload
        and other.kind == workload.kind
        and (zone := _only_zone(other)) is not None
    )
    return some(
        every(
            [share_namespace(workload, other), _is_same_part(workload, other), _differ(own, zone)]
        )
        for other, zone in zones
    )


def _only_zone(workload: Resource) -> Place | None:
    """The one zone in which a workload's pods may run; None where they may run in several."""
    spec = pod_spec(workload)
    chosen = spec.at("nodeSelector", _ZONE)
    if not chosen.missing:
        return chosen
    required = spec.at("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = list(required.at("nodeSelectorTerms").each())
    if len(terms) != 1:
        return None  # several are alternatives
    for expression in terms[0].at("matchExpressions").each():
        values = list(expression.at("values").each())
        key, operator = expression.at("key"), expression.at("operator")
        if key.unknown:
            return key
        if key.text == _ZONE and operator.unknown:
            return operator
        if key.text == _ZONE and operator.text == "In":
            return values[0] if len(values) == 1 else None
    return None


def _is_same_part(one: Resource, other: Resource) -> Answer:
    """Whether Kubernetes' recommended labels call two workloads' pods the same."""
    name, component = "app.kubernetes.io/name", "app.kubernetes.io/component"
    labels, others = pod_labels(one), pod_labels(other)
    return every(
        [
            known(labels, not labels.at(name).missing),
            *(_equal(labels.at(key), others.at(key)) for key in (name, component)),
        ]
    )


def _equal(one: Place, other: Place) -> Answer:
    return None if one.unknown or other.unknown else one.value == other.value


def _differ(one: Place, other: Place) -> Answer:
    return no(_equal(one, other))
