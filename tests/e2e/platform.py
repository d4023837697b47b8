"""The running platform: its pods, what runs in them, and its database."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from local.environment import Environment
from local.n8n import logs
from local.n8n.api import N8n
from local.n8n.public import Session
from tests.e2e.workflows import Workflow
from tests.waiting import eventually

Pod = dict[str, Any]

NAMESPACE = logs.NAMESPACE


class Platform:
    """The platform of an environment, with the owner logged in to n8n."""

    def __init__(self, environment: Environment, n8n: N8n, webhooks: str) -> None:
        self.environment = environment
        self.n8n = n8n
        self.webhooks = webhooks

    def publish(self, workflow: Workflow) -> None:
        """Have a workflow imported and published, and its webhook known to the webhook pods.

        Main registers a webhook after it has answered the request to publish.
        """
        self.n8n.provide_workflow(workflow)
        path = f"webhook/{workflow['id']}"

        def is_registered() -> bool:
            # Asked with the wrong method, n8n says whether there is a right one, and runs nothing.
            answer = Session(url=self.webhooks).request("GET", path)
            return answer.status == 404 and b"POST" in answer.body

        eventually(is_registered, f"the webhook {path} is registered", seconds=60)

    def kubectl(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        """Run `kubectl` in the platform's namespace, with `given` as input; what it printed."""
        result = subprocess.run(
            [self.environment.bin / "kubectl", "--namespace", NAMESPACE, *arguments],
            env=self.environment.pulumi_environment(),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or result.returncode == 0, f"{arguments}: {result.stderr}"
        return result.stdout

    def objects(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """Objects of a kind."""
        return json.loads(self.kubectl("get", kind, *arguments, "--output", "json"))["items"]

    def pods(self, tier: str) -> list[Pod]:
        """A tier's pods that are not ending."""
        return [
            pod
            for pod in self.objects("pods", "--selector", logs.selector(tier))
            if "deletionTimestamp" not in pod["metadata"]
        ]

    def ready(self, tier: str) -> list[Pod]:
        """Those of them that are ready."""
        return [pod for pod in self.pods(tier) if is_ready(pod)]

    def wait_ready(self, tier: str, count: int, *, seconds: float = 240) -> None:
        """Wait until this many pods of a tier are ready, and no other is left."""

        def all_ready() -> bool:
            return len(self.ready(tier)) >= count and len(self.pods(tier)) == len(self.ready(tier))

        eventually(all_ready, f"{count} {tier} pods are ready", seconds=seconds)

    def execute(
        self, pod: str, *command: str, container: str | None = None, seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a pod's container."""
        chosen = ("--container", container) if container else ()
        return subprocess.run(
            [
                *(self.environment.bin / "kubectl", "--namespace", NAMESPACE),
                *("exec", pod, *chosen, "--", *command),
            ],
            env=self.environment.pulumi_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def sql(self, query: str) -> list[list[str]]:
        """Rows of a query to n8n's database, asked inside its pod with the pod's own password."""
        result = self.execute(
            "postgres-0",
            "sh",
            "-c",
            'PGPASSWORD="$N8N_PASSWORD" exec psql -AtF "\t" -U "$N8N_ROLE" "$N8N_DATABASE" -c "$1"',
            "sh",
            query,
        )
        assert result.returncode == 0, result.stderr
        return [line.split("\t") for line in result.stdout.splitlines()]

    def executions(self, workflow: str) -> dict[str, int]:
        """How many executions of a workflow there are in each status."""
        rows = self.sql(
            f"""SELECT status, count(*) FROM execution_entity WHERE "workflowId" = '{workflow}'
            AND "deletedAt" IS NULL GROUP BY status"""  # noqa: S608 - the test's own identifiers
        )
        return {status: int(count) for status, count in rows}

    def wait_executions(self, workflow: str, expected: Callable[[dict[str, int]], bool]) -> None:
        """Wait until the executions of a workflow are as expected."""

        def ended() -> bool:
            found = self.executions(workflow)
            assert expected(found), f"there are {found}"
            return True

        eventually(ended, f"the executions of {workflow} have ended as expected")

    def metric(self, pod: str, name: str, *labels: str, port: int = 5678) -> float:
        """The sum of a metric's series in one of n8n's pods; 0 if it has none yet.

        Args:
            pod: its name.
            name: the metric's.
            labels: that series must have, such as `provider="openai"`.
            port: of the pod, where the metric is.
        """
        result = self.execute(
            pod,
            "node",
            "-e",
            f"fetch('http://127.0.0.1:{port}/metrics').then(a => a.text()).then(console.log)",
            container="n8n",
        )
        assert result.returncode == 0, result.stderr
        series = (line.rpartition(" ") for line in result.stdout.splitlines())
        return sum(
            float(value)
            for key, _, value in series
            if key.partition("{")[0] == name and all(label in key for label in labels)
        )


def name(pod: Pod) -> str:
    """A pod's name."""
    return pod["metadata"]["name"]


def node(pod: Pod) -> str:
    """The node that a pod is on."""
    return pod["spec"]["nodeName"]


def is_ready(pod: Pod) -> bool:
    """Whether Kubernetes lets requests through to a pod."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
