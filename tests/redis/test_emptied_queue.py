"""What runbooks have somebody do to the queue works as it is written there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.redis.machines import PODS, Machines

_PAGES = ("fail-back", "database-corruption")


def _command(page: str) -> str:
    """The words for the container's shell."""
    text = (Path("docs/runbooks") / f"{page}.md").read_text()
    (command,) = re.findall(
        r"kubectl -n n8n exec (redis-a-0 .*?redis_as n8n.*?')\n", text, re.DOTALL
    )
    return shlex.split(command)[-1]


@pytest.mark.parametrize("page", _PAGES)
def test_the_queue_is_empty_afterwards(steady_cluster: Machines, page: str) -> None:
    for queue in ("wait", "active"):
        steady_cluster.as_n8n("LPUSH", f"{{bull}}:jobs:{queue}", "1", "2")
    steady_cluster.as_n8n("ZADD", "{bull}:jobs:delayed", "1", "3")
    # No names are resolved here: on the queue's master nothing is led elsewhere.
    (name,) = (
        pod
        for pod in PODS
        if "MOVED"
        not in steady_cluster.command(
            pod,
            "TYPE",
            "{bull}:jobs:wait",
            user="n8n",
            password=steady_cluster.secret["password"],
        )
    )
    pod = steady_cluster.pods[name]
    words = _command(page).replace("/etc/redis/lib.sh", f"{pod.directories.configuration}/lib.sh")

    done = subprocess.run(
        ["sh", "-c", words.replace("redis-a-0.$REDIS_DOMAIN", pod.ip)],
        env=steady_cluster.environment(pod),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.strip() == "3"
    for queue in ("wait", "active", "delayed"):
        assert steady_cluster.as_n8n("EXISTS", f"{{bull}}:jobs:{queue}") == "0"
