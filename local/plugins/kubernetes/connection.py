"""The cluster that the provider's settings name, if it can be reached."""

import asyncio

from local.plugins.kubernetes import kubeconfig
from local.plugins.kubernetes.cluster import ApiError, Cluster, UnreachableError
from local.plugins.kubernetes.kubeconfig import NoKubeconfigError, ProviderSettings
from local.plugins.server import EngineLog, PluginError


class Connection:
    """A cluster that is looked for when it is first needed, once."""

    def __init__(self, settings: ProviderSettings, log: EngineLog) -> None:
        self.settings = settings
        self.default_namespace = settings.namespace or "default"
        self._log = log
        self._has_warned = False
        self._not_there = "the provider is not configured"
        self._cluster: Cluster | None = None
        self._reached: asyncio.Task[Cluster] | None = None

    def open(self) -> None:
        """Read the kubeconfig. Raises PluginError for a wrong one; a missing one may yet come."""
        try:
            client, self.default_namespace = kubeconfig.connect(self.settings)
        except NoKubeconfigError as error:
            self._not_there = str(error)
        else:
            self._cluster = Cluster(client)

    async def cluster(self) -> Cluster:
        """The cluster. Raises UnreachableError with the reason."""
        if self._reached is None:
            self._reached = asyncio.create_task(self._reach())
        return await asyncio.shield(self._reached)

    async def cluster_for_preview(self) -> Cluster | None:
        """The cluster, or None after one warning that a preview does without it."""
        try:
            return await self.cluster()
        except UnreachableError as error:
            if not self._has_warned:
                self._has_warned = True
                self._log.warning(
                    f"the Kubernetes cluster cannot be reached ({error}); changes are shown "
                    "without the API server's validation"
                )
            return None

    async def cluster_for_change(self) -> Cluster:
        """The cluster. Raises PluginError that says how to start it."""
        try:
            return await self.cluster()
        except UnreachableError as error:
            raise PluginError(
                f"configured Kubernetes cluster is unreachable: {error}; start it (`make up` for "
                "the embedded one), or check the kubeconfig and its context"
            ) from error

    async def _reach(self) -> Cluster:
        if self._cluster is None:
            raise UnreachableError(self._not_there)
        try:
            await self._cluster.probe()
        except ApiError as error:
            # It answers; whatever it then refuses is reported with the request.
            if error.code not in (401, 403):
                raise UnreachableError(str(error)) from error
        return self._cluster
