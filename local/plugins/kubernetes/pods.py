"""Why a pod is not ready, in the words of the official provider."""

from collections.abc import Iterator, Mapping
from typing import Any

# Container runtimes wrap the reason for a failed image pull in these.
_RUNTIME_PREFIX = "rpc error: code = Unknown desc = Error response from daemon: "
_RUNTIME_SUFFIX = ": manifest unknown"


def problems(pod: Mapping[str, Any]) -> list[str]:
    """What keeps the pod from being ready; empty if nothing does, or nothing is known yet."""
    conditions = {c.get("type"): c for c in _status(pod).get("conditions") or []}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        message = scheduled.get("message", "")
        return [f"[Pod {_full_name(pod)}]: {message}"] if message else []
    for name, statuses in (
        ("Initialized", "initContainerStatuses"),
        ("Ready", "containerStatuses"),
    ):
        condition = conditions.get(name)
        if condition is None or condition.get("status") == "True":
            continue
        if name == "Ready" and _status(pod).get("phase") == "Succeeded":
            continue
        reasons = [message] if (message := condition.get("message")) else []
        for status in _status(pod).get(statuses) or []:
            reasons += _container_problems(status)
        return [f"[Pod {_full_name(pod)}]: {'; '.join(reasons)}"] if reasons else []
    return []


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod serves, or has done its work."""
    if _status(pod).get("phase") == "Succeeded":
        return True
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in _status(pod).get("conditions") or []
    )


def _container_problems(status: Mapping[str, Any]) -> Iterator[str]:
    if status.get("ready"):
        return
    state = status.get("state") or {}
    waiting = state.get("waiting")
    if waiting and waiting.get("reason") not in ("ContainerCreating", "PodInitializing"):
        yield f"[{waiting.get('reason', '')}] {_trimmed(waiting.get('message', ''))}".rstrip()
    terminated = state.get("terminated")
    if terminated and terminated.get("reason") not in (None, "Completed"):
        message = terminated.get("message")
        yield (
            f"[{terminated['reason']}] {_trimmed(message)}"
            if message
            else _exit(status, terminated, "completed with")
        )
    last = (status.get("lastState") or {}).get("terminated")
    if last:
        yield _exit(status, last, f"terminated at {last.get('finishedAt')} with")


def _exit(status: Mapping[str, Any], terminated: Mapping[str, Any], how: str) -> str:
    return f'container "{status.get("name")}" {how} exit code {terminated.get("exitCode")}'


def _trimmed(message: str) -> str:
    return message.removeprefix(_RUNTIME_PREFIX).removesuffix(_RUNTIME_SUFFIX)


def _full_name(pod: Mapping[str, Any]) -> str:
    metadata = pod.get("metadata") or {}
    namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
    return name if namespace in ("", "default") else f"{namespace}/{name}"


def _status(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    return pod.get("status") or {}
