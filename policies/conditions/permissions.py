"""Roles of Kubernetes give no more rights than somebody needs.

A wildcard is reported as such, and not again as each of the rights that it includes.
"""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.answers import Answer, decide, every, known, some
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource

_GOOD_PRACTICES = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"
_USER_FACING_ROLES = (
    "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles"
)

_GRANTING = ("escalate", "bind", "impersonate")
_RUNNING = ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "nodes/proxy")
_READING = ("get", "list", "watch", "*")
_EVERYBODY = (
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
)


def _of_rbac(*kinds: str) -> Callable[[Resource], bool]:
    return lambda resource: (
        resource.type.startswith("kubernetes:rbac.authorization.k8s.io/") and resource.kind in kinds
    )


_is_role = _of_rbac("Role", "ClusterRole")
_is_binding = _of_rbac("RoleBinding", "ClusterRoleBinding")


@condition(
    applies=_is_role,
    severity=Severity.HIGH,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Name the API groups, resources and verbs that are needed.",
    url=_GOOD_PRACTICES,
)
def no_wildcard_permissions(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Roles name the API groups, resources and verbs that they allow."""
    for rule in resource.at("rules").each():
        for field in ("apiGroups", "resources", "verbs", "nonResourceURLs"):
            for element in rule.at(field).each():
                yield from element.must(
                    # `/metrics/*` names what it allows; `*/scale` does not.
                    lambda place: (
                        "*" not in (place.text or "")
                        or ((place.text or "").startswith("/") and place.text != "/*")
                    ),
                    "names, no wildcard",
                    found=f"{element.path} with a wildcard",
                )


@condition(
    applies=_is_role,
    severity=Severity.CRITICAL,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Remove the verb: whoever has it can give themselves every right.",
    url=_GOOD_PRACTICES,
)
def no_privilege_granting_verbs(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No role names a verb with which its holders could take rights that they were not given."""
    for rule in resource.at("rules").each():
        for verb in rule.at("verbs").each():
            yield from verb.must(
                lambda place: place.text not in _GRANTING,
                f"none of {', '.join(_GRANTING)}",
                found=f"the verb {verb.text}" if verb.text in _GRANTING else "",
            )


@condition(
    applies=_is_role,
    severity=Severity.HIGH,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Remove the resource from the rule. Who has to debug takes a role that ends by itself.",
    url=_GOOD_PRACTICES,
)
def no_running_commands_in_pods(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No role names the resources through which its holders run commands in pods of others."""
    for rule in resource.at("rules").each():
        for element in rule.at("resources").each():
            yield from element.must(
                lambda place: place.text not in _RUNNING,
                f"none of {', '.join(_RUNNING)}",
                found=f"the resource {element.text}" if element.text in _RUNNING else "",
            )


@condition(
    applies=_is_role,
    severity=Severity.HIGH,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Name the Secrets in resourceNames, or remove secrets from the rule.",
    url=_GOOD_PRACTICES,
)
def secrets_are_read_by_name(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Roles that allow reading Secrets name the Secrets."""
    for rule in resource.at("rules").each():
        names = rule.at("resourceNames")
        reads = every(
            [
                _contains(rule.at("apiGroups"), "", "*"),
                _contains(rule.at("resources"), "secrets"),
                _contains(rule.at("verbs"), *_READING),
            ]
        )
        if reads is not False:
            named = some(known(name, name.text is not None) for name in names.each())
            yield from decide(
                some([named, None if reads is None else False]),
                names.path,
                found=f"{names.path} {names.state}",
                requires="names of Secrets",
                unknown="" if names.unknown else rule.path,
            )


@condition(
    applies=_is_binding,
    severity=Severity.CRITICAL,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Bind a role that allows what is needed and nothing else.",
    url=_USER_FACING_ROLES,
)
def no_binding_to_cluster_admin(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Nobody is bound to the role that may do everything."""
    yield from resource.at("roleRef", "name").must(
        lambda place: place.text != "cluster-admin",
        "a role other than cluster-admin",
        found="a binding to cluster-admin",
    )


@condition(
    applies=_is_binding,
    severity=Severity.CRITICAL,
    soc2=("CC6.3",),
    gdpr=("25(2)",),
    steps="Bind the role to the users, groups or service accounts that need it.",
    url=_GOOD_PRACTICES,
)
def no_binding_to_everybody(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No right is given to anonymous users, to all users or to all service accounts at once."""
    for subject in resource.at("subjects").each():
        yield from subject.at("name").must(
            lambda place: not (place.text or "").startswith(_EVERYBODY),
            "named users, groups or service accounts",
            found="a binding to everybody",
        )


def _contains(listed: Place, *texts: str) -> Answer:
    return some(known(element, element.text in texts) for element in listed.each())
