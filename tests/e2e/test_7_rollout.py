"""A change rolls through the webhook tier while callers go on calling."""

from tests.e2e import load, workflows
from tests.e2e.platform import Platform, name
from tests.e2e.results import Results, stopwatch

_CALLERS = 4


def test_a_rollout_of_the_webhook_tier_fails_no_request(
    platform: Platform, results: Results
) -> None:
    platform.publish(workflows.answering("e2e-rollout"))
    platform.wait_ready("webhook", 2)
    before = {name(pod) for pod in platform.pods("webhook")}

    with (
        load.constant(platform.webhooks, "e2e-rollout", callers=_CALLERS) as calls,
        stopwatch() as watch,
    ):
        platform.kubectl("rollout", "restart", "deployment/n8n-webhook")
        platform.kubectl("rollout", "status", "deployment/n8n-webhook", "--timeout=300s")
        # The old ones still end: that is when a request could meet a closed door.
        platform.kubectl(
            "wait", "--for=delete", "--timeout=120s", *(f"pod/{pod}" for pod in before)
        )

    assert calls.failed == 0, calls.failures()
    results.add(
        "webhook tier rolled under load",
        f"{calls.succeeded} calls, {calls.failed} failed",
        seconds=watch.seconds,
    )
