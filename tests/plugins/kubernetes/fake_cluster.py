"""A cluster in memory, for tests of what is sent to one and of waiting for it."""

import copy
from collections.abc import Callable
from typing import Any

from typing_extensions import override

from local.plugins.kubernetes import kinds
from local.plugins.kubernetes.cluster import ApiError, Cluster, Resource
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.resource_log import ResourceLog
from local.plugins.kubernetes.secrecy import Redactor
from local.plugins.server import EngineLog
from tests.plugins.kubernetes.objects import Object

NOT_FOUND = ApiError({"reason": "NotFound", "message": "not found"}, 404)


class FakeCluster(Cluster):
    """Answers with prepared results, one after the other; the last one stays."""

    def __init__(self, *answers: Object | Exception) -> None:
        self.answers = list(answers)
        self.applied: list[dict[str, Any]] = []
        self.related: list[Object] = []

    @override
    async def resource(self, kind: Kind) -> Resource:
        return Resource(kind=kind, plural=f"{kind.name.lower()}s", namespaced=True)

    @override
    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        return self._next()

    @override
    async def list(self, kind: Kind, namespace: str, label_selector: str) -> list[Object]:
        return self.related

    @override
    async def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool,
        dry_run: bool,
        on_warning: Callable[[str], None],
    ) -> Object:
        self.applied.append({"obj": obj, "force": force, "dry_run": dry_run})
        answer = self._next()
        return {**copy.deepcopy(obj), **answer}

    def _next(self) -> Object:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class RecordedStatus(EngineLog):
    """Keeps what is said about resources."""

    def __init__(self) -> None:
        self.said: list[str] = []

    @override
    def info(self, message: str, *, urn: str = "", ephemeral: bool = False) -> None:
        self.said.append(message)

    @override
    def warning(self, message: str, *, urn: str = "") -> None:
        self.said.append(message)


def resource_log(said: RecordedStatus | None = None) -> ResourceLog:
    return ResourceLog(engine=said or RecordedStatus(), urn="urn", redactor=Redactor())


def kind_of(obj: Object) -> Kind:
    return kinds.of_object(obj)
