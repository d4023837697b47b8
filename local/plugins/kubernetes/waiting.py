"""Waiting for live objects: until ready, until gone, until the user cancels."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.plugins.kubernetes import annotations, kinds, naming, readiness, wait_for
from local.plugins.kubernetes.cluster import (
    ApiError,
    Cluster,
    Object,
    UnknownKindError,
    UnreachableError,
)
from local.plugins.kubernetes.kinds import Kind
from local.plugins.kubernetes.readiness import Needs, Related, Verdict
from local.plugins.kubernetes.resource_log import ResourceLog

_FIRST_PAUSE = 0.1  # seconds between two looks at an object; doubles up to the longest
_LONGEST_PAUSE = 1.0
_PROBLEMS_EVERY = 10.0  # seconds between two looks at the pods for what is wrong with them
_WAIT_FOR_TIMEOUT = 600
_DELETION_TIMEOUT = 600

# Kinds for which the annotation skipAwait also skips the wait for their deletion.
_SKIP_AWAIT_ON_DELETE = frozenset(
    {
        ("", "Namespace"),
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("batch", "Job"),
    }
)


class CancelledByUserError(Exception):
    """The user asked to stop."""


class NotReadyInTimeError(Exception):
    """The object exists but did not become ready, or did not go away."""

    def __init__(self, summary: str, problems: tuple[str, ...], live: Object) -> None:
        super().__init__(summary)
        self.problems = problems
        self.live = live


@dataclass(frozen=True, kw_only=True)
class _Check:
    """What to ask of a live object, and for how many seconds."""

    judge: Callable[[Object, Related], Verdict]
    needs: Needs
    timeout: float


class Waits:
    """The waits of one provider process."""

    def __init__(self) -> None:
        self._cancelled = asyncio.Event()

    def cancel(self) -> None:
        """End all waits now and those that come."""
        self._cancelled.set()

    async def pause(self, seconds: float) -> None:
        """Let time pass. Raises CancelledByUserError as soon as the user wants to stop."""
        try:
            await asyncio.wait_for(self._cancelled.wait(), seconds)
        except TimeoutError:
            return
        raise CancelledByUserError

    async def until_ready(
        self,
        cluster: Cluster,
        live: Object,
        *,
        inputs: Object,
        log: ResourceLog,
        custom_timeout: float,
    ) -> Object:
        """The live object once it is ready; at once for kinds that just exist.

        Raises NotReadyInTimeError when it fails, takes too long, or the user cancels.
        """
        check = _check_for(inputs, custom_timeout)
        if check is None:
            return live
        kind, name = kinds.of_object(live), live["metadata"]["name"]
        namespace = live["metadata"].get("namespace", "")
        deadline = time.monotonic() + check.timeout
        pause, shown, problems_at = _FIRST_PAUSE, "", time.monotonic() + _PROBLEMS_EVERY
        while True:
            try:
                live = await cluster.get(kind, namespace, name)
            except UnreachableError:
                pass  # the server may be restarting: the deadline decides
            except ApiError as error:
                # What was created stays in the state, whatever happens afterwards.
                reason = "it was deleted" if error.is_not_found else str(error)
                raise NotReadyInTimeError(
                    f"waiting for '{name}' to be ready failed: {reason}", (), live
                ) from error
            related = await self._related(cluster, live, check.needs, with_pods=False)
            verdict = check.judge(live, related)
            if verdict.progress != shown:
                shown = verdict.progress
                log.status(shown)
            if verdict.ready:
                return live
            now = time.monotonic()
            if verdict.hopeless or now >= deadline:
                summary = (
                    f"'{name}' failed"
                    if verdict.hopeless
                    else f"'{name}' timed out waiting to be Ready"
                )
                problems = await self._problems(cluster, live, check)
                raise NotReadyInTimeError(summary, problems, live)
            if now >= problems_at:
                problems_at = now + _PROBLEMS_EVERY
                for problem in await self._problems(cluster, live, check):
                    log.status(f"warning: {problem}")
            try:
                await self.pause(min(pause, max(deadline - now, 0)))
            except CancelledByUserError as error:
                raise NotReadyInTimeError(
                    f"Resource operation was cancelled for '{name}'", verdict.problems, live
                ) from error
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def problems_now(self, cluster: Cluster, live: Object, inputs: Object) -> tuple[str, ...]:
        """What a refresh finds wrong with an object; empty if it is ready."""
        rule = readiness.rule_for(inputs)
        check = _check_for(inputs, 0)
        if check is None or rule is None or not rule.on_refresh:
            return ()
        related = await self._related(cluster, live, check.needs, with_pods=False)
        if check.judge(live, related).ready:
            return ()
        return await self._problems(cluster, live, check)

    async def until_gone(
        self,
        cluster: Cluster,
        kind: Kind,
        resource_id: str,
        *,
        state: Object,
        log: ResourceLog,
        custom_timeout: float,
    ) -> None:
        """Return when the object is gone, or another one has its name.

        Raises NotReadyInTimeError when its finalizers take too long, or the user cancels.
        """
        if (
            annotations.is_true(state, annotations.SKIP_AWAIT)
            and (kind.group, kind.name) in _SKIP_AWAIT_ON_DELETE
        ):
            return
        namespace, name = naming.parse_id(resource_id)
        uid = _metadata(state).get("uid")
        timeout = annotations.timeout_seconds(
            state, custom=custom_timeout, default=_DELETION_TIMEOUT
        )
        deadline, pause, live = time.monotonic() + timeout, _FIRST_PAUSE, state
        log.status("Resource scheduled for deletion")
        while True:
            try:
                live = await cluster.get(kind, namespace, name)
            except UnknownKindError:
                return
            except ApiError as error:
                if error.is_not_found:
                    return
                raise
            except UnreachableError:
                pass
            else:
                if uid and _metadata(live).get("uid") != uid:
                    return
            if time.monotonic() >= deadline:
                finalizers = ", ".join(_metadata(live).get("finalizers") or [])
                reason = f"finalizers might be preventing deletion ({finalizers})"
                raise NotReadyInTimeError(
                    f'Timed out waiting for deletion of {kind} "{name}"',
                    (reason,) if finalizers else (),
                    live,
                )
            try:
                await self.pause(pause)
            except CancelledByUserError as error:
                raise NotReadyInTimeError(
                    f"Resource operation was cancelled for '{name}'", (), live
                ) from error
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _problems(self, cluster: Cluster, live: Object, check: _Check) -> tuple[str, ...]:
        related = await self._related(cluster, live, check.needs, with_pods=True)
        return check.judge(live, related).problems

    async def _related(
        self, cluster: Cluster, live: Object, needs: Needs, *, with_pods: bool
    ) -> Related:
        """What the check needs to see; nothing if it cannot be had now."""
        namespace = live["metadata"].get("namespace", "")
        try:
            match needs:
                case Needs.PODS if with_pods:
                    selector = _selector(live)
                    found = await cluster.list(_POD, namespace, selector) if selector else []
                    return Related(pods=[pod for pod in found if not _is_going(pod)])
                case Needs.ENDPOINT_SLICES:
                    selector = f"kubernetes.io/service-name={live['metadata']['name']}"
                    slices = await cluster.list(_ENDPOINT_SLICE, namespace, selector)
                    return Related(endpoint_slices=slices)
                case Needs.STORAGE_CLASSES:
                    return Related(storage_classes=await cluster.list(_STORAGE_CLASS, "", ""))
                case _:
                    return Related()
        except (ApiError, UnknownKindError, UnreachableError):
            return Related()


_POD = Kind(group="", version="v1", name="Pod")
_ENDPOINT_SLICE = Kind(group="discovery.k8s.io", version="v1", name="EndpointSlice")
_STORAGE_CLASS = Kind(group="storage.k8s.io", version="v1", name="StorageClass")


def _check_for(inputs: Object, custom_timeout: float) -> _Check | None:
    if annotations.is_true(inputs, annotations.SKIP_AWAIT):
        return None
    if wanted := annotations.value(inputs, annotations.WAIT_FOR):
        expectations = wait_for.parse(wanted)
        timeout = annotations.timeout_seconds(
            inputs, custom=custom_timeout, default=_WAIT_FOR_TIMEOUT
        )
        return _Check(
            judge=lambda live, _: wait_for.judge(expectations, live),
            needs=Needs.NOTHING,
            timeout=timeout,
        )
    rule = readiness.rule_for(inputs)
    if rule is None:
        return None
    timeout = annotations.timeout_seconds(inputs, custom=custom_timeout, default=rule.timeout)
    return _Check(judge=rule.judge, needs=rule.needs, timeout=timeout)


def _selector(workload: Object) -> str:
    labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _is_going(obj: Object) -> bool:
    return "deletionTimestamp" in _metadata(obj)


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj.get("metadata") or {}
