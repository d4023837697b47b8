"""From a deployed platform to one that somebody can use: the end of `make up`."""

from __future__ import annotations

import json
from typing import Any

from local import commands
from local.environment import REPOSITORY, Environment
from local.n8n import addresses, owner, sample, summary
from local.n8n.api import N8n
from local.n8n.logs import NAMESPACE
from local.progress import Steps

OWNER_FILE = "owner.json"
"""The owner account, in the environment's folder."""


def prepare(environment: Environment, steps: Steps) -> str:
    """Have the owner account and the sample workflow; what to tell the user. Safe to repeat.

    Raises:
        LocalError: n8n does not answer, or refused something; with what to do.
    """
    public = addresses.read(REPOSITORY / "Pulumi.local.yaml")
    owner_file = environment.directory / OWNER_FILE
    n8n = N8n(public.editor)
    with steps.step("n8n's owner account") as step:
        n8n.wait_until_open(step.detail)
        signed_in = owner.sign_in(n8n, owner_file)
        step.done("set up" if signed_in.created else "there already")
    with steps.step("Sample workflow") as step:
        sample_url = sample.provide(n8n, public.webhooks, step.detail)
        step.done("answers")
    return summary.text(
        summary.Deployed(
            editor_url=public.editor,
            sample_url=sample_url,
            signed_in=signed_in,
            owner_file=owner_file,
            zones=summary.pods_per_zone(
                _items(environment, "nodes"), _items(environment, "pods", "--namespace", NAMESPACE)
            ),
        )
    )


def _items(environment: Environment, *what: str) -> list[dict[str, Any]]:
    listed = commands.output(
        (environment.bin / "kubectl", "get", *what, "--output", "json"),
        environment=environment.pulumi_environment(),
    )
    return json.loads(listed)["items"]
