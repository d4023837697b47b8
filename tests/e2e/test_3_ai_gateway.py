"""A workflow asks for a language model: by use case, past the platform's own gateway."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from ai_gateway import prices
from ai_gateway.cost import Usage, dollars
from local.environment import Environment
from local.n8n.api import N8n
from local.n8n.logs import selector
from local.n8n.public import Answer, Session, expect_json
from local.stack import POLICY_PACKS
from tests.e2e import workflows
from tests.e2e.platform import Platform, name
from tests.e2e.providers import Providers, base_urls, providers
from tests.e2e.pulumi import pulumi
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually

_USE_CASE = "summarization"
_MODEL = f"{_USE_CASE}:cost"
_FIRST, _SECOND = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"
"""The models of its tier, cheapest first; of two that cost the same, in the tier's order."""

_TOKENS = Usage(input=100, output=20)
"""What a stub says that a call took."""

_ANSWER = b"Hello!"
_SECRET = "ai-gateway-keys"
_KEYS = {"ANTHROPIC_API_KEY": "made-up-anthropic", "OPENAI_API_KEY": "made-up-openai"}
_PORT = 9464
"""Of the router's metrics."""


@pytest.fixture(scope="module")
def stubs(
    platform: Platform,
    environment: Environment,
    results: Results,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Providers]:
    """Providers that the stack's settings name, in place of the real ones."""
    settings = yaml.safe_load(environment.stack_settings.read_text())
    settings["config"]["n8n-platform:ai"]["baseUrls"] = base_urls()
    changed = tmp_path_factory.mktemp("settings") / environment.stack_settings.name
    changed.write_text(yaml.safe_dump(settings))
    # What is in it goes with the platform at the tests' end in any case.
    platform.kubectl("delete", "secret", "--ignore-not-found", _SECRET)
    with providers(platform) as running:
        try:
            with stopwatch() as watch:
                _up(platform, environment, changed)
            results.add("other providers by `pulumi up`", "workers rolled", seconds=watch.seconds)
            credential = _credential(platform.n8n)
            platform.publish(workflows.asking("e2e-ai", model=_MODEL, credential=credential))
            yield running
        finally:
            platform.kubectl("delete", "secret", "--ignore-not-found", _SECRET)
            _up(platform, environment, environment.stack_settings)


@pytest.fixture(scope="module")
def keys(platform: Platform, stubs: Providers) -> Mapping[str, str]:
    """The providers' keys, in the Secret that the routers read, and read by all that ran before."""
    del stubs  # the routers that were told of them
    before = _routers(platform)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _SECRET},
        "stringData": _KEYS,
    }
    platform.kubectl("create", "--filename=-", given=json.dumps(secret))
    # A kubelet looks at a pod's Secrets every minute or so, or when something of the pod changes.
    chosen = ("--selector", selector("worker"))
    platform.kubectl("annotate", "--overwrite", "pods", *chosen, "n8n-platform/test=keys")
    eventually(
        lambda: all(
            platform.metric(name(pod), "ai_provider_key_present", port=_PORT) == len(_KEYS)
            for pod in platform.ready("worker")
        ),
        "each router has read both keys",
    )
    assert before <= _routers(platform), "routers were started again"
    return _KEYS


def test_without_a_key_a_call_is_refused_and_counted(platform: Platform, stubs: Providers) -> None:
    missing = 'reason="key_missing"'
    before = _sum(platform, "ai_errors_total", missing)
    assert _ask(platform).status == 500
    assert _sum(platform, "ai_errors_total", missing) == before + 1
    assert stubs.received() == []


def test_a_workflow_has_its_answer_once_the_keys_are_there(
    platform: Platform, stubs: Providers, keys: Mapping[str, str], results: Results
) -> None:
    cost = _sum(platform, "ai_cost_dollars_total", *_labels(_FIRST))
    baseline = _sum(platform, "ai_baseline_cost_dollars_total")
    with stopwatch() as watch:
        answer = _ask(platform)
    assert answer.status == 200, answer.body
    assert _ANSWER in answer.body
    assert stubs.received() == [(_bare(_FIRST), keys["ANTHROPIC_API_KEY"])]

    models = prices.load().models
    added = _sum(platform, "ai_cost_dollars_total", *_labels(_FIRST)) - cost
    assert added == pytest.approx(dollars(_TOKENS, models[_FIRST].model))
    added_baseline = _sum(platform, "ai_baseline_cost_dollars_total") - baseline
    assert added_baseline > added
    results.add(
        f"a workflow asks for {_MODEL}",
        f"{_FIRST} answers, ${added:.6f} counted, ${added_baseline:.6f} on the baseline model",
        seconds=watch.seconds,
    )


def test_the_next_provider_answers_when_the_first_is_gone(
    platform: Platform, stubs: Providers, keys: Mapping[str, str], results: Results
) -> None:
    fallbacks = _sum(platform, "ai_fallbacks_total")
    earlier = stubs.received()
    stubs.stop("anthropic")
    with stopwatch() as watch:
        answer = _ask(platform)
    assert answer.status == 200, answer.body
    assert _ANSWER in answer.body
    assert stubs.received() == [*earlier, (_bare(_SECOND), keys["OPENAI_API_KEY"])]
    assert _sum(platform, "ai_fallbacks_total") == fallbacks + 1
    results.add("its first provider gone", f"{_SECOND} answers", seconds=watch.seconds)


@pytest.mark.usefixtures("stubs")
def test_no_workflow_gets_past_the_router(platform: Platform, results: Results) -> None:
    platform.publish(workflows.fetching("e2e-fetch"))

    def fetched(url: str) -> str:
        return _post(platform, "e2e-fetch", {"url": url}).body.decode()

    # So that the others are refused, and not broken.
    assert _USE_CASE in fetched("http://127.0.0.2:8787/v1/models")
    refused = {
        url: fetched(url)
        for url in (
            "http://127.0.0.1:5679",  # the broker of the task runners
            "http://127.0.0.1:8788",  # Portkey's gateway
            base_urls()[0]["url"],
        )
    }
    assert all("SsrfBlockedIpError" in answer for answer in refused.values()), refused
    results.add("a workflow's own requests", f"{len(refused)} ways past the router refused")


def _up(platform: Platform, environment: Environment, settings: Path) -> None:
    pulumi(environment, "up", "--yes", "--skip-preview", *POLICY_PACKS, settings=settings)
    platform.wait_ready("worker", 2)


def _credential(n8n: N8n) -> Mapping[str, str]:
    """A credential of OpenAI's type that has a name alone; the one there is, or a new one."""
    called = "Test: AI gateway"
    listed = expect_json(n8n.request("GET", "/rest/credentials"), "list its credentials")
    for each in listed:
        if each["name"] == called:
            return each
    content = {"name": called, "type": "openAiApi", "data": {}}
    return expect_json(n8n.request("POST", "/rest/credentials", content), "make a credential")


def _ask(platform: Platform) -> Answer:
    return _post(platform, "e2e-ai", {})


def _post(platform: Platform, path: str, content: object) -> Answer:
    return Session(url=platform.webhooks, seconds=60).request("POST", f"webhook/{path}", content)


def _routers(platform: Platform) -> set[str]:
    """The routers that run, each by what a restart would change."""
    return {
        each["containerID"]
        for pod in platform.ready("worker")
        for each in pod["status"]["initContainerStatuses"]
        if each["name"] == "ai-router"
    }


def _sum(platform: Platform, metric: str, *labels: str) -> float:
    """A metric of all routers together."""
    return sum(
        platform.metric(name(pod), metric, *labels, port=_PORT) for pod in platform.ready("worker")
    )


def _labels(model: str) -> tuple[str, str]:
    provider, _, bare = model.partition("/")
    return f'provider="{provider}"', f'model="{bare}"'


def _bare(model: str) -> str:
    """The provider's name of a model."""
    return model.partition("/")[2]
