"""Main: the editor, the API, and the clock that starts scheduled workflows."""

import pulumi
import pulumi_kubernetes as kubernetes

from components import governance
from components.n8n.environment import PORT, Environment
from components.n8n.pod import Process
from components.n8n.tier import Tier
from settings import Settings


class Main(Tier):
    """The one main pod of n8n; a second one would need a licence.

    While it is replaced, the editor is away and schedules wait; webhooks and workers go on.

    Attributes:
        service_name: name of the Service that serves the editor and the API.
        port: port of that Service.
    """

    tier = "main"

    service_name: pulumi.Output[str]
    port: int

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, settings=settings, environment=environment, opts=opts)
        self._create_deployment(
            Process(
                arguments=["start"],
                settings=settings.main,
                # Only main counts the queue.
                variables={"N8N_METRICS_INCLUDE_QUEUE_METRICS": "true"},
                credentials=environment.credentials,
            ),
            replicas=1,
            # Two at once would both be the clock and start every schedule twice.
            strategy=kubernetes.apps.v1.DeploymentStrategyArgs(type="Recreate"),
            annotations=governance.single_replica(
                "A second main needs a licence of n8n; without one, each would start every "
                "schedule. Lost, it is started again in another zone, and webhooks go on meanwhile."
            ),
        )
        self.service_name = self._create_service()
        self.port = PORT
        self._create_disruption_budget()
        self._create_network_policy(from_gateway=True)
        self.register_outputs({"serviceName": self.service_name})
