"""A cluster and an ESC environment that exist in this process only, in place of the programs.

The real CLI and a real API server are in tests/engine/test_rotation.py; here a run can be ended at
any call, and what consumers hold can be looked at after each.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from rich.console import Console

from esc.rotation.errors import RotationError
from esc.rotation.programs import Kubectl, PulumiEsc
from esc.rotation.run import Runner
from local.progress import Steps

NODES = ("redis-a-0", "redis-b-0")


@dataclass(kw_only=True)
class World:
    """What there is.

    Attributes:
        values: of the ESC environment.
        keys: of the one Secret, with the keys in ESC that they are copied from.
        annotations: of the one Deployment's pods.
        file: whether its pods read the Secret as a file.
        policy: of the ExternalSecret, when it is refreshed.
        message: what it says, if it cannot be copied.
        operator: whether there is one.
        secret: what the Secret holds.
        held: what its pods hold of it since their start.
        after: called after each call that may change something.
        log: the calls, without values.
        syncs: how often the operator has copied, or has tried to.
        starts: how often the pods have been started.
        ending: for how many looks at the pods one that ends is still there.
    """

    values: dict[str, str]
    keys: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    file: bool = False
    policy: str = "Periodic"
    message: str = ""
    operator: bool = True
    secret: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    after: Callable[[], None] = lambda: None
    log: list[str] = field(default_factory=list)
    syncs: int = 1
    starts: int = 1
    ending: int = 0

    def __post_init__(self) -> None:
        self.copy()
        self.held = dict(self.secret)

    def copy(self) -> None:
        """What the operator does."""
        self.secret = {key: self.values[remote] for key, remote in self.keys.items()}

    def external_secret(self) -> dict[str, Any]:
        data = [{"secretKey": key, "remoteRef": {"key": each}} for key, each in self.keys.items()]
        ready = {"type": "Ready", "status": "False" if self.message else "True"}
        return {
            "metadata": {"name": "copy"},
            "spec": {"data": data, "target": {"name": "made"}, "refreshPolicy": self.policy},
            "status": {
                "syncedResourceVersion": str(self.syncs),
                "conditions": [{**ready, "message": self.message}],
            },
        }

    def deployment(self) -> dict[str, Any]:
        variables = [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": "made", "key": key}}}
            for key in self.keys
        ]
        volumes = [{"name": "keys", "secret": {"secretName": "made"}}]
        return {
            "kind": "Deployment",
            "metadata": {"name": "consumer"},
            "spec": {
                "selector": {"matchLabels": {"app": "consumer"}},
                "template": {
                    "metadata": {"annotations": dict(self.annotations)},
                    "spec": {
                        "containers": [{"name": "main", "env": [] if self.file else variables}],
                        "volumes": volumes if self.file else [],
                        "terminationGracePeriodSeconds": 1,
                    },
                },
            },
        }

    def words(self, key: str) -> str:
        """What a node of Redis says of a password, as components/redis/scripts/passwords.sh."""
        present = self.secret[key]
        following = self.secret.get(f"next-{key}") or present
        previous = self.secret.get(f"previous-{key}")
        if following != present:
            return "next" if previous == present else "unordered"
        return "switched" if (previous or present) != present else "settled"

    def accepted(self, key: str) -> set[str]:
        """The passwords that Redis accepts."""
        return {
            value
            for prefix in ("", "next-", "previous-")
            if (value := self.secret.get(f"{prefix}{key}"))
        }

    def answer(self, *arguments: str) -> str:
        """What `kubectl` would."""
        match arguments:
            case ("get", "externalsecrets.external-secrets.io", "--output", "json"):
                return json.dumps({"items": [self.external_secret()]})
            case ("get", "externalsecrets.external-secrets.io", "copy", *_):
                return json.dumps(self.external_secret())
            case ("annotate", "externalsecrets.external-secrets.io", "copy", *_):
                before = json.dumps(self.external_secret())
                self.log.append("sync")
                self.syncs += self.operator
                if self.operator and not self.message:
                    self.copy()
                return before
            case ("get", "pods", "--selector", "app=consumer", *_):
                uids = [str(self.starts)]
                if self.starts > 1 and self.ending:
                    self.ending -= 1
                    uids.append(str(self.starts - 1))
                return json.dumps({"items": [{"metadata": {"uid": uid}} for uid in uids]})
            case ("get", "pods", *_):
                return json.dumps({"items": [{"metadata": {"name": each}} for each in NODES]})
            case ("get", *_):
                return json.dumps({"items": [self.deployment()]})
            case ("rollout", "restart", name):
                self.log.append(f"restart {name}")
                self.starts += 1
                self.held = dict(self.secret)
            case ("rollout", "status", *_):
                pass
            case ("exec", *_):
                users = {"n8n": "password", "cluster": "cluster-password"}
                return "".join(
                    f"{user} {self.words(key)}\n"
                    for user, key in users.items()
                    if key in self.secret
                )
            case _:
                raise AssertionError(arguments)
        return ""

    def runner(self, *answers: str) -> tuple[Runner, StringIO]:
        """What takes steps in this world, and what it prints; answers are typed by somebody."""
        remaining = list(answers)
        output = StringIO()
        return (
            Runner(
                esc=_Esc(name="acme/n8n/staging", environment={}, world=self),
                kubectl=_Cluster(context="", namespace="n8n", environment={}, world=self),
                ask=lambda _: remaining.pop(0),
                steps=Steps(Console(file=output, soft_wrap=True)),
                sync_seconds=0,
                settle_seconds=0,
            ),
            output,
        )


@dataclass(frozen=True, kw_only=True)
class _Cluster(Kubectl):
    world: World

    def __call__(self, *arguments: str) -> str:
        answer = self.world.answer(*arguments)
        self.world.after()
        return answer


@dataclass(frozen=True, kw_only=True)
class _Esc(PulumiEsc):
    world: World

    def check(self) -> None:
        pass

    def write(self, key: str, value: str) -> None:
        self.world.log.append(f"write {key}")
        self.world.values[key] = value
        self.world.after()

    def read(self, key: str) -> str:
        if key not in self.world.values:
            raise RotationError(f"{key} is not there")
        return self.world.values[key]
