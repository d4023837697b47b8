"""How many pods of each program the rules are told to expect."""

from collections.abc import Mapping
from typing import Any

import settings
from components.monitoring import monitors

ROUTER = {"gateway": "sidecar", "routerImage": "ghcr.io/example/ai-router:1.0.0"}


def expected(**areas: Mapping[str, Any]) -> dict[str, int | None]:
    return {each.job: each.at_least for each in monitors.scrapes(settings.parse(areas))}


def test_the_smallest_number_of_pods_that_the_settings_allow_is_expected() -> None:
    found = expected(
        webhook={"minReplicas": 4},
        worker={"minReplicas": 5},
        ai=ROUTER,
        integrations={"add": ["anthropic", "openai"]},
    )
    assert found == {
        "n8n-main": 1,
        "n8n-webhook": 4,
        "n8n-worker": 5,
        # One beside each worker.
        "ai-router": 5,
        # Two in each of three zones.
        "redis": 6,
        "postgres": 1,
    }


def test_of_a_program_that_is_not_the_platforms_none_is_expected() -> None:
    esc = {
        "organization": "scoobyjava-org",
        "project": "n8n-platform",
        "environment": "sophia-ai-staging",
    }
    found = expected(secrets={"source": "esc"}, esc=esc)
    assert found["external-secrets"] is None
