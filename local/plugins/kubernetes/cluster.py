"""The API server: discovery, and the few requests that a provider makes."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3
from kubernetes.client import ApiClient
from kubernetes.config import ConfigException

from local.plugins.kubernetes import kinds
from local.plugins.kubernetes.kinds import Kind

Object = dict[str, Any]
"""A Kubernetes object, or any other JSON object of the API."""

_THREADS = 32
_PROBE_TIMEOUT = (3, 10)  # seconds to connect, and to answer
_REQUEST_TIMEOUT = (10, 60)  # the API server itself gives up on a request after 60 seconds


class UnreachableError(Exception):
    """No API server answers; the message is the reason."""


class UnknownKindError(Exception):
    """The API server has no such kind, most likely because its CRD is not there yet."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f'no matches for kind "{kind.name}" in version "{kind.api_version}"')


class ApiError(Exception):
    """The API server refused a request; the message is its own."""

    def __init__(self, status: Mapping[str, Any], code: int) -> None:
        super().__init__(str(status.get("message") or f"the API server answered {code}"))
        self.code = code
        self.reason = str(status.get("reason", ""))
        details = status.get("details")
        self.details: Mapping[str, Any] = details if isinstance(details, Mapping) else {}

    @property
    def is_not_found(self) -> bool:
        """Whether the object, or something it needs, does not exist."""
        return self.code == 404

    @property
    def is_namespace_missing(self) -> bool:
        """Whether what does not exist is the object's namespace."""
        return self.is_not_found and self.details.get("kind") == "namespaces"

    @property
    def is_conflict(self) -> bool:
        """Whether another field manager owns a field that was to be changed."""
        causes = self.details.get("causes") or []
        return self.code == 409 and any(c.get("reason") == "FieldManagerConflict" for c in causes)

    @property
    def is_about_immutability(self) -> bool:
        """Whether a field that cannot be changed is what an update was refused for."""
        text = str(self).lower()
        return self.code == 422 and ("immutable" in text or "forbidden" in text)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Where the API server keeps the objects of a kind."""

    kind: Kind
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """The path of the collection, or of one object."""
        prefix = "/apis" if self.kind.group else "/api"
        parts = [prefix, *self.kind.api_version.split("/")]
        if self.namespaced:
            parts += ["namespaces", quote(namespace or "default", safe="")]
        return "/".join([*parts, self.plural, *([quote(name, safe="")] if name else [])])


class Cluster:
    """A Kubernetes API server. Requests run in threads, so that waiting never blocks others."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="kubernetes")
        self._groups: dict[str, asyncio.Task[dict[str, Resource]]] = {}

    async def probe(self) -> None:
        """Ask for the server's version. Raises UnreachableError when it doesn't answer soon."""
        await self._request("GET", "/version", timeout=_PROBE_TIMEOUT)

    async def resource(self, kind: Kind) -> Resource:
        """Where objects of the kind live. Raises UnknownKindError."""
        if kind.api_version not in self._groups:
            self._groups[kind.api_version] = asyncio.create_task(self._discover(kind))
        try:
            resources = await asyncio.shield(self._groups[kind.api_version])
        except (ApiError, UnreachableError):
            self._groups.pop(kind.api_version, None)
            raise
        if kind.name not in resources:
            # Not remembered: a CRD that is created in the same update makes it known.
            self._groups.pop(kind.api_version, None)
            raise UnknownKindError(kind)
        return resources[kind.name]

    async def knows(self, kind: Kind) -> bool:
        """Whether the API server has the kind."""
        try:
            await self.resource(kind)
        except UnknownKindError:
            return False
        return True

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The live object. Raises ApiError, UnknownKindError."""
        resource = await self.resource(kind)
        return await self._request("GET", resource.path(namespace, name))

    async def list(self, kind: Kind, namespace: str, label_selector: str) -> list[Object]:
        """The live objects with these labels."""
        resource = await self.resource(kind)
        query = {"labelSelector": label_selector}
        found = await self._request("GET", resource.path(namespace), query=query)
        return found.get("items") or []

    async def apply(
        self,
        obj: Object,
        *,
        manager: str,
        force: bool,
        dry_run: bool,
        on_warning: Callable[[str], None],
    ) -> Object:
        """Server-side apply as the field manager `manager`; returns the resulting object.

        `force` takes fields over from other managers. `on_warning` gets what the API server
        remarks, such as an unmet Pod Security standard. An object with only a `generateName` is
        created. Raises ApiError, UnknownKindError.
        """
        resource = await self.resource(kinds.of_object(obj))
        metadata = dict(obj["metadata"])
        if not resource.namespaced:
            # Given by default to a kind that nobody knew when the inputs were checked.
            metadata.pop("namespace", None)
        obj = {**obj, "metadata": metadata}
        name = metadata.get("name", "")
        query = {"fieldManager": manager, "fieldValidation": "Warn"}
        if dry_run:
            query["dryRun"] = "All"
        if not name:
            path = resource.path(metadata.get("namespace", ""))
            return await self._request("POST", path, query=query, body=obj, on_warning=on_warning)
        return await self._request(
            "PATCH",
            resource.path(metadata.get("namespace", ""), name),
            query={**query, "force": "true" if force else "false"},
            body=obj,
            content_type="application/apply-patch+yaml",  # JSON is YAML
            on_warning=on_warning,
        )

    async def delete(self, kind: Kind, namespace: str, name: str, *, propagation: str) -> None:
        """Ask for deletion; the object may stay until its finalizers are done."""
        resource = await self.resource(kind)
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        await self._request("DELETE", resource.path(namespace, name), body=options)

    async def _discover(self, kind: Kind) -> dict[str, Resource]:
        path = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
        try:
            listed = await self._request("GET", path)
        except ApiError as error:
            if error.is_not_found:
                return {}
            raise
        return {
            entry["kind"]: Resource(
                kind=Kind(group=kind.group, version=kind.version, name=entry["kind"]),
                plural=entry["name"],
                namespaced=entry["namespaced"],
            )
            for entry in listed.get("resources") or []
            if "/" not in entry["name"]  # not subresources such as deployments/scale
        }

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        timeout: tuple[int, int] = _REQUEST_TIMEOUT,
        on_warning: Callable[[str], None] = lambda _: None,
    ) -> Object:
        def send() -> tuple[int, list[str], bytes]:
            request = self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json", "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            response = self._client.call_api(*request, _request_timeout=timeout)
            return response.status, response.headers.getlist("Warning"), response.read()

        loop = asyncio.get_running_loop()
        try:
            code, warnings, data = await loop.run_in_executor(self._threads, send)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(_sentence(error)) from error
        except ConfigException as error:
            raise UnreachableError(f"the kubeconfig's credentials failed: {error}") from error
        for warning in warnings:
            on_warning(_warning_text(warning))
        try:
            answer = json.loads(data)
        except ValueError:
            answer = {"message": data.decode(errors="replace").strip()}
        if code >= 400:
            raise ApiError(answer, code)
        return answer


def _warning_text(header: str) -> str:
    """The text of a header such as `299 - "unknown field \\"spec.x\\""`."""
    text = header.split(" ", 2)[-1].strip()
    try:
        return str(json.loads(text))
    except ValueError:
        return text


def _sentence(error: BaseException) -> str:
    """The innermost reason of a connection failure, without the library's object addresses."""
    while isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    text = str(error)
    return text.split(">: ", 1)[-1] if ">: " in text else text.split(": ", 1)[-1]
