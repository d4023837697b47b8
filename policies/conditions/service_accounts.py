"""Pods have an identity of their own, and no token of the Kubernetes API unless they need one."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import (
    Answer,
    decide,
    every,
    is_called,
    known,
    share_namespace,
    some,
)
from policies.resources.kubernetes import mutable_pod_spec, pod_spec, set_if_missing
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource, Stack, of_type
from policies.resources.workloads import runs_pods

_ACCOUNTS = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/"
_OPT_OUT = f"{_ACCOUNTS}#opt-out-of-api-credential-automounting"
_AUTOMOUNT = "automountServiceAccountToken"

_is_account = of_type("kubernetes:core/v1:ServiceAccount")


@condition(
    applies=runs_pods,
    severity=Severity.MEDIUM,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Create a ServiceAccount for the workload and name it in serviceAccountName.",
    url=_ACCOUNTS,
)
def pods_have_their_own_identity(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Pods run under a named service account, not the one that all pods of a namespace share."""
    yield from _account_name(resource).must(
        lambda place: place.text not in (None, "", "default"),
        "a service account other than default",
    )


@condition(
    applies=_is_account,
    severity=Severity.MEDIUM,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps=f"Set {_AUTOMOUNT} to false on the ServiceAccount. A pod that needs a token says so "
    "itself, with an exception.",
    url=_OPT_OUT,
)
def service_accounts_offer_no_token(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Service accounts give no token to pods that do not ask for one."""
    yield from resource.at(_AUTOMOUNT).must_be(False)


@condition(
    applies=runs_pods,
    severity=Severity.MEDIUM,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps=f"Set {_AUTOMOUNT} to false for the pod. One that calls the Kubernetes API needs an "
    "exception.",
    url=_OPT_OUT,
    scope="stack",
    remediate=lambda resource, properties: _refuse_token(resource, properties),
)
def pods_mount_no_token(resource: Resource, context: Context) -> Iterator[Verdict]:
    """No pod is given a token of the Kubernetes API."""
    own = pod_spec(resource).at(_AUTOMOUNT)
    if own.missing:
        yield from decide(
            _account_refuses(resource, context.stack),
            own.path,
            found=f"{own.path} not set, nor false in a service account of this stack",
            requires="false",
            unknown=f"{own.path} of its service account",
        )
    else:
        yield from own.must_be(False)
    yield from _no_projected_token(pod_spec(resource))


def _account_name(resource: Resource) -> Place:
    spec = pod_spec(resource)
    name, former = spec.at("serviceAccountName"), spec.at("serviceAccount")
    return former if name.missing and not former.missing else name


def _account_refuses(resource: Resource, stack: Stack) -> Answer:
    """Whether the pods' service account is in the stack and says that no token is mounted."""
    name = _account_name(resource)
    return some(
        every(
            [
                is_called(account, name),
                share_namespace(account, resource),
                known(account.at(_AUTOMOUNT), account.at(_AUTOMOUNT).value is False),
            ]
        )
        for account in stack.where(_is_account)
    )


def _no_projected_token(spec: Place) -> Iterator[Verdict]:
    """No volume brings a token past the setting; one for another audience opens no API."""
    for volume in spec.at("volumes").each():
        for source in volume.at("projected", "sources").each():
            token = source.at("serviceAccountToken")
            if not token.missing:
                yield from token.at("audience").must(
                    lambda place: bool(place.text), "an audience other than the Kubernetes API"
                )


def _refuse_token(resource: Resource, properties: MutableMapping[str, Any]) -> None:
    spec = mutable_pod_spec(resource, properties)
    if spec is not None:
        set_if_missing(spec, False, _AUTOMOUNT)
