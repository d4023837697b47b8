"""Sending an object to the API server: server-side apply with the official provider's rules."""

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.plugins.kubernetes import annotations, diffing
from local.plugins.kubernetes.cluster import ApiError, Cluster, Object, UnknownKindError
from local.plugins.kubernetes.naming import random_digits
from local.plugins.kubernetes.replacement import Path
from local.plugins.kubernetes.resource_log import ResourceLog
from local.plugins.kubernetes.waiting import Waits

_CONFLICT_HELP = (
    "Server-Side Apply field conflict detected. See https://www.pulumi.com/registry/packages/"
    "kubernetes/how-to-guides/managing-resources-with-server-side-apply/"
    "#handle-field-conflicts-on-existing-resources for troubleshooting help: "
)
_NAME_ROOM = 54  # of the 63 characters that every kind of name may have
_RETRIES = 5
_FIRST_RETRY = 1.0  # seconds; doubles each time


class ConflictError(Exception):
    """Another field manager owns a field with another value."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """An object on its way to the API server."""

    obj: Object
    manager: str
    """The field manager to apply as."""
    log: ResourceLog
    is_preview: bool
    """Whether to ask only what would happen (a dry run)."""


class Applier:
    """Applies objects to a cluster, and passes on what the API server remarks."""

    def __init__(self, cluster: Cluster, waits: Waits) -> None:
        self._cluster = cluster
        self._waits = waits

    async def create(self, submission: Submission) -> Object:
        """Create the object, or share an existing one whose fields nobody else holds otherwise.

        What it needs may come a little later (its namespace, its CRD), so that is tried again.
        Raises ApiError, UnknownKindError, ConflictError, CancelledByUserError.
        """
        if submission.is_preview:
            return await self._preview_creation(submission)
        force = _is_forced(submission.obj)
        pause = _FIRST_RETRY
        for attempt in range(_RETRIES + 1):
            try:
                return await self._apply(submission, submission.obj, force=force)
            except (ApiError, UnknownKindError) as error:
                may_come = isinstance(error, UnknownKindError) or error.is_not_found
                if not may_come or attempt == _RETRIES:
                    raise
                submission.log.status(f"Retry #{attempt}; creation failed: {error}")
            await self._waits.pause(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    async def update(
        self, submission: Submission, live: Object, *, ignored: Sequence[str]
    ) -> Object:
        """Change the live object; `ignored` are the paths of the resource option `ignoreChanges`.

        Raises ApiError, UnknownKindError, ConflictError.
        """
        obj = without_ignored(submission.obj, live, submission.manager, ignored)
        return await self._apply(submission, obj, force=_is_forced(submission.obj))

    async def _preview_creation(self, submission: Submission) -> Object:
        try:
            # Forced, because an object that is to be replaced is still there and owns its fields.
            return await self._apply(submission, submission.obj, force=True)
        except ApiError as error:
            if not error.is_about_immutability:
                raise
        # The same for what cannot be changed. Under another name there is nothing to collide with.
        metadata = submission.obj["metadata"]
        other = {**metadata, "name": f"{metadata['name'][:_NAME_ROOM]}-{random_digits(b'', '')}"}
        created = await self._apply(submission, {**submission.obj, "metadata": other}, force=True)
        return {**created, "metadata": {**created["metadata"], "name": metadata["name"]}}

    async def _apply(self, submission: Submission, obj: Object, *, force: bool) -> Object:
        try:
            return await self._cluster.apply(
                obj,
                manager=submission.manager,
                force=force,
                dry_run=submission.is_preview,
                on_warning=submission.log.warning,
            )
        except ApiError as error:
            if error.is_conflict:
                raise ConflictError(f"{_CONFLICT_HELP}{error}") from error
            raise


def is_forbidden_to_user(error: ApiError) -> bool:
    """Whether the user lacks a right, as opposed to a quota or policy that refuses the object."""
    return error.code == 403 and 'User "' in str(error)


def without_ignored(obj: Object, live: Object, manager: str, ignored: Sequence[str]) -> Object:
    """The object with every ignored field as it is in the cluster.

    A field that only others manage is left out, so that they keep it; otherwise it gets its live
    value. Fields inside lists stay as they are.
    """
    result = copy.deepcopy(obj)
    for text in ignored:
        path = diffing.parse_path(text)
        if _is_others(live, path, manager):
            _remove(result, path)
        elif (value := _get(live, path)) is not None:
            _set(result, path, copy.deepcopy(value))
    return result


def _is_forced(obj: Object) -> bool:
    return (
        annotations.is_true(obj, annotations.PATCH_FORCE)
        or os.environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE") == "true"
    )


def _is_others(live: Object, path: Path, manager: str) -> bool:
    owners = {
        entry.get("manager")
        for entry in live["metadata"].get("managedFields") or []
        if _get(entry.get("fieldsV1") or {}, tuple(f"f:{part}" for part in path)) is not None
    }
    return bool(owners) and manager not in owners


def _get(value: Any, path: Path) -> Any:
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _set(obj: Any, path: Path, value: Any) -> None:
    *parents, last = path
    for part in parents:
        obj = obj.setdefault(part, {})
    obj[last] = value


def _remove(obj: Object, path: Path) -> None:
    parent = _get(obj, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
