"""In which steps a key is replaced: pure, so that it can be shown before anything happens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from esc.rotation.cluster import Found
from esc.rotation.keys import GeneratedKey, RedisPassword, Rotated, VendorKey


@dataclass(frozen=True, kw_only=True)
class Enter:
    """Somebody types the new values, which are written into ESC."""

    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Generate:
    """A new random value is written into ESC."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A value of ESC is written under another key of it, too."""

    source: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Sync:
    """The ExternalSecrets with these keys have copied what ESC has now."""

    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Settle:
    """All nodes of Redis say this word of a user's passwords."""

    user: str
    word: str


@dataclass(frozen=True, kw_only=True)
class Roll:
    """The workloads that read these keys at their start are restarted, one after the other.

    Attributes:
        keys: the keys in ESC.
        files: also those that read a key from a file.
    """

    keys: tuple[str, ...]
    files: bool


Action = Enter | Generate | Copy | Sync | Settle | Roll


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a plan.

    Attributes:
        title: what happens.
        details: what there is to know about it.
        actions: what this command does; nothing where somebody does it by hand.
    """

    title: str
    details: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


WORDS = ("settled", "unordered", "next", "switched")
"""How far Redis's nodes are with a password; components/redis/scripts/passwords.sh has the
meanings."""

_WAITS = "Then wait until External Secrets has copied it, and all of Redis's nodes say `{word}`."

_MOUNTED = (
    "Where a mounted file is read again: two minutes later. The kubelet looks every minute, and "
    "what it knows of the Secret may be as old."
)


def plan(
    rotated: Rotated, *, environment: str, found: Found | None, word: str = WORDS[0]
) -> list[Step]:
    """The steps, in an order in which each consumer has a valid key at any time.

    Args:
        rotated: what is replaced.
        environment: the ESC environment, as `organization/project/environment`.
        found: what reads it; None where the cluster cannot be asked now.
        word: of a password of Redis, how far an earlier run has come.
    """
    match rotated:
        case VendorKey():
            return list(_vendor(rotated, environment, found))
        case GeneratedKey():
            return list(_generated(rotated, environment, found))
        case RedisPassword():
            return list(_redis(rotated, environment, found, word))


def _vendor(rotated: VendorKey, environment: str, found: Found | None) -> Iterator[Step]:
    keys = " and ".join(rotated.names)
    service, rotation = rotated.service, rotated.service.rotation
    details = [f"{service.name}: {(rotation and rotation.docs) or service.docs}"]
    if rotation and rotation.note:
        details.append(f"From the catalogue: {rotation.note}.")
    parts = [each.name for each in service.own_variables if each.name not in rotated.names]
    if parts:
        details.append(f"Does {', '.join(parts)} change with it? Then name it, too.")
    yield Step(
        title="By hand: make a new key at the vendor; leave the old one valid",
        details=tuple(details),
    )
    yield Step(
        title=f"Write {keys} into {environment}",
        details=("Asked for without being shown; goes to `pulumi env set` by its standard input.",),
        actions=(Enter(keys=rotated.names),),
    )
    yield _sync(rotated.names, found)
    yield _roll(rotated.names, found, files=True)
    # Whoever reads a file again is not waited for by a rollout.
    waits = found is None or any(each.rereads for each in found.consumers)
    yield Step(
        title="By hand, and only now: delete the old key at the vendor",
        details=(_MOUNTED,) if waits else (),
    )


def _generated(rotated: GeneratedKey, environment: str, found: Found | None) -> Iterator[Step]:
    yield Step(
        title=f"Write a new random {rotated.names[0]} into {environment}",
        details=("Nobody needs to know it: it is not shown.",),
        actions=(Generate(key=rotated.names[0]),),
    )
    yield _sync(rotated.names, found)
    yield _roll(rotated.names, found, files=True)


def _redis(
    rotated: RedisPassword, environment: str, found: Found | None, word: str
) -> Iterator[Step]:
    password, user = rotated.names[0], rotated.user
    following = password.replace("REDIS_", "REDIS_NEXT_")
    previous = password.replace("REDIS_", "REDIS_PREVIOUS_")
    if word == "settled":
        yield Step(
            title=f"Write a new random {following} into {environment}",
            details=(
                "Redis's nodes accept it beside the one in use. Nobody needs to know it.",
                _WAITS.format(word="next"),
            ),
            actions=(
                # So that the one in use is accepted as the previous one when it is replaced.
                Copy(source=password, key=previous),
                Generate(key=following),
                *_arrived(following, user, "next"),
            ),
        )
    elif word == "unordered":
        yield Step(
            title=f"Copy {password} to {previous}",
            details=("An earlier run has not done it.", _WAITS.format(word="next")),
            actions=(Copy(source=password, key=previous), *_arrived(previous, user, "next")),
        )
    if word != "switched":
        yield Step(
            title=f"Copy {following} to {password}",
            details=(
                "What logs in from now on does so with the new one; both are accepted.",
                _WAITS.format(word="switched"),
            ),
            actions=(
                Copy(source=following, key=password),
                *_arrived(password, user, "switched"),
            ),
        )
    if user == "n8n":
        yield _roll((password,), found, files=False)
    yield Step(
        title=f"Copy {password} to {previous}",
        details=(
            "From now on the old password is refused. Connections that are open stay open; did "
            "the old one leak, restart redis-a, redis-b and redis-c one after the other.",
            _WAITS.format(word="settled"),
        ),
        actions=(Copy(source=password, key=previous), *_arrived(previous, user, "settled")),
    )


def _arrived(key: str, user: str, word: str) -> tuple[Action, ...]:
    return Sync(keys=(key,)), Settle(user=user, word=word)


def _sync(keys: tuple[str, ...], found: Found | None) -> Step:
    where = (
        _listed(f"externalsecret/{each.name}" for each in found.external_secrets)
        if found
        else f"those with {' or '.join(keys)}, looked up in the cluster"
    )
    return Step(
        title="Wait until External Secrets has copied it",
        details=(where,),
        actions=(Sync(keys=keys),),
    )


def _roll(keys: tuple[str, ...], found: Found | None, *, files: bool) -> Step:
    details = ["One after the other, each until its old pods are gone."]
    if found is None:
        details.append(f"The consumers of {' and '.join(keys)}, looked up in the cluster.")
    else:
        rolled = found.at_start(files=files)
        details.append(_listed(str(each) for each in rolled))
        rest = [str(each) for each in found.consumers if each not in rolled]
        if rest:
            details.append(f"Nothing for {_listed(rest)}: the mounted file is read again.")
    return Step(
        title="Restart what reads it at its start only",
        details=tuple(details),
        actions=(Roll(keys=keys, files=files),),
    )


def _listed(names: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(names) or "none"
