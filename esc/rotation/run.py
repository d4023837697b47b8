"""Takes the steps of a plan, and stops at the first that fails."""

import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from esc.rotation import cluster, redis
from esc.rotation.cluster import Consumer, Found
from esc.rotation.errors import RotationError
from esc.rotation.plan import Action, Copy, Enter, Generate, Roll, Settle, Step, Sync
from esc.rotation.programs import Kubectl, PulumiEsc
from local.progress import Steps

_T = TypeVar("_T")

_LENGTH = 40
"""Characters of a generated value; letters and digits only, as components/secrets/generated.py."""

_ROLLOUT_SECONDS = 1800
_POLL_SECONDS = 1.0

_KIND = "externalsecrets.external-secrets.io"

_FORCE_SYNC = "force-sync"
"""Annotation that the operator's documentation changes to have a Secret copied now
(https://external-secrets.io/latest/introduction/faq); any other would do as well."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What the steps of a plan are taken with.

    Attributes:
        esc: where values are written.
        kubectl: where they arrive.
        ask: asks a person for a value without showing it.
        steps: where progress is said.
        sync_seconds: how long External Secrets may take.
        settle_seconds: how long Redis's nodes may take.
    """

    esc: PulumiEsc
    kubectl: Kubectl
    ask: Callable[[str], str]
    steps: Steps
    sync_seconds: float = 120
    settle_seconds: float = redis.PATIENCE_SECONDS

    def find(self, names: tuple[str, ...]) -> Found:
        """What in the cluster has a key.

        Raises:
            RotationError: nothing has it, or it is copied once only.
        """
        found = cluster.find(
            names,
            self.kubectl.items(_KIND),
            self.kubectl.items(",".join(cluster.WORKLOADS)),
        )
        if not found.external_secrets:
            raise RotationError(
                f"No ExternalSecret in namespace {self.kubectl.namespace} has "
                f"{' or '.join(names)}: no pod can be given a new value. Is the stack deployed?"
            )
        once = [each.name for each in found.external_secrets if each.copied_once]
        if once:
            raise RotationError(
                f"{' and '.join(names)} is copied once and never again (refreshPolicy CreatedOnce "
                f"of {', '.join(once)}): it is not meant to be replaced."
            )
        return found

    def word(self, user: str) -> str:
        """How far Redis's nodes are with a user's passwords, once they agree.

        Raises:
            RotationError: they did not in time.
        """
        with self.steps.step("Redis's nodes") as step:
            said: dict[str, str] = {}

            def agreed() -> str | None:
                said.update(redis.words(self.kubectl, user))
                step.detail(_counted(said))
                return redis.agreed(said)

            word = _until(agreed, self.settle_seconds, lambda: _disagreeing(said))
            step.done(word)
            return word

    def take(self, plan: list[Step]) -> None:
        """Take all steps.

        Raises:
            RotationError: one failed; those after it were not begun.
        """
        for number, step in enumerate(plan, 1):
            for action in step.actions:
                self._take(action, f"Step {number}")

    def _take(self, action: Action, where: str) -> None:
        match action:
            case Enter(keys=keys):
                self._enter(keys, where)
            case Generate(key=key):
                self._write(key, _random, where)
            case Copy(source=source, key=key):
                self._write(key, lambda: self.esc.read(source), where)
            case Sync(keys=keys):
                self._sync(keys, where)
            case Settle(user=user, word=word):
                self._settle(user, word, where)
            case Roll(keys=keys, files=files):
                for consumer in self.find(keys).at_start(files=files):
                    self._roll(consumer, where)

    def _enter(self, keys: tuple[str, ...], where: str) -> None:
        # All of them are asked for before the first is written: the parts of a key fit together.
        values = {
            key: self.ask(f"{where}: new value of {key} (hidden; nothing, if ESC has it already): ")
            for key in keys
        }
        blank = [key for key, value in values.items() if value != value.strip()]
        if blank:
            raise RotationError(
                f"The value of {' and '.join(blank)} begins or ends with a blank: copy it again."
            )
        for key, value in values.items():
            if value:
                self._write(key, lambda new=value: new, where)
            else:
                self.steps.say(f"{where}: {key} stays as it is in Pulumi ESC")

    def _write(self, key: str, value: Callable[[], str], where: str) -> None:
        with self.steps.step(f"{where}: {key} in Pulumi ESC") as step:
            self.esc.write(key, value())
            step.done("written")

    def _sync(self, keys: tuple[str, ...], where: str) -> None:
        for each in self.find(keys).external_secrets:
            with self.steps.step(f"{where}: externalsecret/{each.name}") as step:
                self._copy_now(each.name)
                step.done("copied")

    def _copy_now(self, name: str) -> None:
        # The operator notes the annotations that it last copied with. Unlike its clock, which says
        # in whole seconds when a copy began, they cannot mean one that had begun before ESC had the
        # new value.
        annotation = f"{_FORCE_SYNC}={uuid4()}"
        before = self.kubectl.object("annotate", _KIND, name, annotation, "--overwrite")
        said = "nothing; perhaps the operator does not run"

        def copied() -> bool:
            nonlocal said
            item = self.kubectl.object("get", _KIND, name)
            ready = _ready(item)
            if ready.get("status") != "True":
                said = ready.get("message", said)
                return False
            return _version(item) != _version(before)

        _until(
            copied,
            self.sync_seconds,
            lambda: (
                f"External Secrets did not copy {name} in {self.sync_seconds:g} s; it says: {said}."
            ),
        )

    def _settle(self, user: str, word: str, where: str) -> None:
        with self.steps.step(f"{where}: Redis's nodes") as step:
            said: dict[str, str] = {}

            def arrived() -> bool:
                said.update(redis.words(self.kubectl, user))
                step.detail(_counted(said))
                return redis.agreed(said) == word

            _until(arrived, self.settle_seconds, lambda: _disagreeing(said))
            step.done(word)

    def _roll(self, consumer: Consumer, where: str) -> None:
        with self.steps.step(f"{where}: {consumer}") as step:
            old = self._pods(consumer)
            self.kubectl("rollout", "restart", str(consumer))
            step.detail("rolling")
            self.kubectl("rollout", "status", str(consumer), f"--timeout={_ROLLOUT_SECONDS}s")
            # A rollout is over for Kubernetes while old pods still finish their work, with the old
            # key: a worker may take minutes.
            step.detail("old pods finish")
            _until(
                lambda: not old & self._pods(consumer),
                consumer.grace_seconds + 60,
                lambda: f"Old pods of {consumer} do not end.",
            )
            step.done("restarted")

    def _pods(self, consumer: Consumer) -> frozenset[str]:
        selector = ",".join(f"{key}={value}" for key, value in consumer.selector.items())
        pods = self.kubectl.items("pods", "--selector", selector)
        return frozenset(each["metadata"]["uid"] for each in pods)


def _until(condition: Callable[[], _T | None], seconds: float, why_not: Callable[[], str]) -> _T:
    """The first answer of a condition that is not empty.

    Raises:
        RotationError: there was none in time; with `why_not`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise RotationError(why_not())
        time.sleep(_POLL_SECONDS)
    return answer


def _random() -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(_LENGTH))


def _version(item: cluster.Object) -> str:
    return (item.get("status") or {}).get("syncedResourceVersion", "")


def _ready(item: cluster.Object) -> dict[str, str]:
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == "Ready"), {})


def _counted(said: Mapping[str, str]) -> str:
    words = list(said.values())
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))


def _disagreeing(said: Mapping[str, str]) -> str:
    nodes = ", ".join(f"{pod} {word}" for pod, word in sorted(said.items()))
    return f"Redis's nodes do not agree: {nodes or 'there are none'}."
