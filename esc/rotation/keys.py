"""Which keys may be replaced while the platform runs, and by which method."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esc.definition import ENCRYPTION_KEY
from esc.rotation.errors import RotationError
from integrations.coverage import Coverage
from integrations.model import Integration
from integrations.suggestions import suggestion
from settings import Settings
from settings.coverage import coverage
from settings.secret_keys import wanted, wanted_by_grafana

RUNBOOK = "docs/runbooks/rotate-a-key.md"

_GENERATED = frozenset({"N8N_RUNNERS_AUTH_TOKEN"})
"""Shared by containers of the same pod, and by nobody else."""

_REDIS_USERS = {"REDIS_PASSWORD": "n8n", "REDIS_CLUSTER_PASSWORD": "cluster"}
"""Redis's user that each password belongs to."""


@dataclass(frozen=True, kw_only=True)
class VendorKey:
    """A key that somebody makes at the vendor, where the old one stays valid meanwhile.

    Attributes:
        names: in ESC; more than one where the key has parts.
        service: whose it is.
    """

    names: tuple[str, ...]
    service: Integration


@dataclass(frozen=True, kw_only=True)
class GeneratedKey:
    """A key that this command makes; both ends read it in one pod, and are replaced together.

    Attributes:
        names: in ESC, one.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RedisPassword:
    """A password that this command makes; Redis accepts the next and the previous one, too.

    Attributes:
        names: in ESC, one.
        user: Redis's, whose it is.
    """

    names: tuple[str, ...]
    user: str


Rotated = VendorKey | GeneratedKey | RedisPassword
"""What is replaced."""


def find(settings: Settings, names: Sequence[str]) -> Rotated:
    """What a stack's keys are, and how they are replaced.

    Args:
        settings: of the stack.
        names: of the keys in ESC; more than one for the parts of one service's key.

    Raises:
        RotationError: with everything that is wrong with them.
    """
    if settings.secrets.source != "esc":
        raise RotationError(
            f"secrets.source of this stack is {settings.secrets.source}: its keys are not kept in "
            "Pulumi ESC, and are replaced where they are made."
        )
    names = tuple(dict.fromkeys(names))
    problems = [problem for name in names for problem in _refusals(settings, name)]
    if problems:
        raise RotationError("\n".join(problems))
    services = {each.name: each.integration for each in coverage(settings).keys}
    owners = {services[name].id if name in services else name for name in names}
    if len(owners) > 1:
        raise RotationError(
            f"{', '.join(names)} are not parts of one key: replace them one after the other."
        )
    if names[0] in services:
        return VendorKey(names=names, service=services[names[0]])
    if names[0] in _REDIS_USERS:
        return RedisPassword(names=names, user=_REDIS_USERS[names[0]])
    return GeneratedKey(names=names)


def _refusals(settings: Settings, name: str) -> Iterator[str]:
    """Why a key cannot be replaced by this command, and what to do instead."""
    services = {each.name: each for each in settings.integrations.selection.keys}
    covered = {each.name: each for each in coverage(settings).keys}
    secrets = (*wanted(settings), *wanted_by_grafana(settings))
    platform = {remote: secret for secret in secrets for remote in secret.keys.values()}
    if name == ENCRYPTION_KEY or (name in platform and not platform[name].rotates):
        yield (
            f"{name} is never replaced: n8n could read none of the credentials that it has stored. "
            "Where its copy is kept, for a restore: esc/README.md."
        )
    elif name.startswith("DATABASE_") and "PASSWORD" in name:
        yield (
            f"{name}: a role of PostgreSQL has one password, so consumers are without a valid one "
            f"for a moment. Take a short maintenance: {RUNBOOK}, “The database's passwords”."
        )
    elif name.startswith("GATEWAY_TLS_") and name in platform:
        yield (
            f"{name}: certificate and key change together, and come from whoever signs them: "
            f"{RUNBOOK}, “The public certificate”."
        )
    elif "_TLS_" in name and name in platform:
        yield (
            f"{name}: a certificate, its key and its authority change together, and servers read "
            f"them at their start: {RUNBOOK}, “Certificates”."
        )
    elif name in platform and name.startswith(("ALERTMANAGER_", "GRAFANA_")):
        yield (
            f"{name}: no pod of the platform reads it, so there is none to restart: {RUNBOOK}, "
            "“Keys of monitoring”."
        )
    elif name.startswith(("REDIS_NEXT_", "REDIS_PREVIOUS_")):
        password = name.replace("NEXT_", "").replace("PREVIOUS_", "")
        yield f"{name} is a step in replacing {password}: name that."
    elif name in _GENERATED or name in _REDIS_USERS:
        return
    elif name in covered:
        if not covered[name].variable.secret and not any(
            each.secret for each in covered[name].integration.variables
        ):
            yield f"{name} is no secret: write the new value with `pulumi env set`."
    elif name in platform:
        yield f"{name}: esc/rotation/keys.py does not say how it is replaced without a gap."
    elif name in services:
        yield _out_of_reach(settings, name)
    else:
        known = [*_GENERATED, *_REDIS_USERS, *covered]
        yield f"{name}: this stack has no such key{suggestion(name, known)}"


def _out_of_reach(settings: Settings, name: str) -> str:
    """Why pods are not given the key of a chosen service."""
    anywhere = Coverage(selection=settings.integrations.selection, defined=None)
    if name not in [each.name for each in anywhere.keys]:
        return (
            f"{name} is read by what deploys the platform or runs its nodes, and kept there: no "
            "pod has it."
        )
    esc = settings.esc
    return (
        f"{name} is not in the definition of {esc.project}/{esc.environment}: nothing has an old "
        "value of it. Write it there, set it with `pulumi env set`, and deploy."
    )
