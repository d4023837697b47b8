"""Secrets come from a store outside the cluster, read by those they are for and written by none."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.alerts import alerts_of
from policies.resources.answers import decide, known, some
from policies.resources.place import Finding, Place, Verdict
from policies.resources.resource import Resource, of_type

_GUIDE = "https://external-secrets.io/latest/guides/security-best-practices/"
_OWNERSHIP = "https://external-secrets.io/latest/guides/ownership-deletion-policy/"

_is_external_secret = of_type("kubernetes:external-secrets.io/v*:ExternalSecret")


@condition(
    applies=of_type(
        "kubernetes:external-secrets.io/v*:ClusterSecretStore",
        "kubernetes:external-secrets.io/v*:ClusterExternalSecret",
    ),
    severity=Severity.HIGH,
    soc2=("CC6.3", "CC6.1"),
    gdpr=("25(2)", "32"),
    steps="Declare a SecretStore in each namespace that needs one.",
    url=_GUIDE,
)
def secret_stores_belong_to_a_namespace(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A store of secrets can be asked from its own namespace only."""
    yield Finding("kind", f"a {resource.kind}, which every namespace can use", "a namespaced kind")


@condition(
    applies=_is_external_secret,
    severity=Severity.HIGH,
    soc2=("CC6.3", "CC6.1"),
    gdpr=("25(2)", "32"),
    steps="Name a SecretStore of the same namespace, also where another program made the store.",
    url=_GUIDE,
)
def secrets_are_copied_from_stores_of_their_namespace(
    resource: Resource, _: Context
) -> Iterator[Verdict]:
    """A Secret is copied from a store that only its own namespace can ask."""
    for reference in _store_references(resource):
        kind = reference.at("kind")
        # External Secrets' own default is SecretStore.
        if not kind.missing:
            yield from kind.must_be("SecretStore")


@condition(
    applies=of_type(
        "kubernetes:external-secrets.io/v*:PushSecret",
        "kubernetes:external-secrets.io/v*:ClusterPushSecret",
    ),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Write secrets into the store where they are made; clusters only read it.",
    url="https://github.com/external-secrets/external-secrets/issues/6748",
)
def clusters_push_no_secrets(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No cluster writes into a store of secrets."""
    yield Finding("kind", f"a {resource.kind}", "stores that clusters only read")


@condition(
    applies=_is_external_secret,
    severity=Severity.MEDIUM,
    soc2=("CC6.1",),
    gdpr=("32",),
    steps="Set target.creationPolicy to Owner, so that the Secret has one source and goes with it.",
    url=_OWNERSHIP,
)
def copied_secrets_have_one_source(resource: Resource, _: Context) -> Iterator[Verdict]:
    """A Secret that is copied from a store is owned by what copies it."""
    policy = resource.at("spec", "target", "creationPolicy")
    # External Secrets' own default is Owner.
    if not policy.missing:
        yield from policy.must_be("Owner")


@condition(
    applies=of_type("kubernetes:external-secrets.io/v*:SecretStore"),
    scope="stack",
    severity=Severity.MEDIUM,
    soc2=("CC6.1",),
    gdpr=("32",),
    steps="Declare an alert with rotation in its name, for keys that are older than they may be.",
    url="https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
)
def old_keys_alert(_: Resource, context: Context) -> Iterator[Verdict]:
    """Where keys come from an outside store, somebody hears when one is due to be replaced."""
    names = [alert.at("alert") for alert in alerts_of(context.stack)]
    yield from decide(
        some(known(each, "rotation" in (each.text or "").lower()) for each in names),
        "spec.groups of a PrometheusRule",
        found="no alert with rotation in its name",
        requires="one for keys that are older than they may be",
        unknown="which alerts there are",
    )


def _store_references(external_secret: Resource) -> Iterator[Place]:
    """Where an ExternalSecret names stores: for all its values, and for some of them."""
    spec = external_secret.at("spec")
    yield spec.at("secretStoreRef")
    for key in ("data", "dataFrom"):
        for each in spec.at(key).each():
            yield each.at("sourceRef", "storeRef")
