"""What a user gets from right and from wrong settings."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import settings

REPOSITORY = Path(__file__).parents[2]


def problems(values: dict[str, Any], **options: Any) -> str:
    with pytest.raises(settings.SettingsError) as error:
        settings.parse(values, **options)
    return str(error.value)


def test_defaults_alone_are_a_valid_environment() -> None:
    assert settings.parse({}).worker.max_replicas == 20


@pytest.mark.parametrize("stack", sorted(REPOSITORY.glob("Pulumi.*.yaml")), ids=lambda p: p.name)
def test_every_stack_file_of_the_repository_is_valid(stack: Path) -> None:
    values = yaml.safe_load(stack.read_text())["config"]
    settings.parse({key.removeprefix("n8n-platform:"): value for key, value in values.items()})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"worker": {"maxReplica": 9}}, "worker.maxReplica: no such setting; did you mean maxRepl"),
        ({"wroker": {}}, "wroker: no such setting; did you mean worker?"),
        ({"worker": {"minReplicas": "three"}}, 'worker.minReplicas is "three"; allowed: a valid'),
        ({"worker": {"maxReplicas": 900}}, "worker.maxReplicas is 900; allowed: less than or equ"),
        (
            {"webhook": {"minReplicas": 5, "maxReplicas": 4}},
            "webhook.minReplicas is 5; allowed: at most webhook.maxReplicas, which is 4",
        ),
        (
            {"redis": {"image": "docker.io/library/redis:latest"}},
            "with a complete version of 3 numbers as its tag",
        ),
        (
            {"n8n": {"image": "docker.io/n8nio/n8n"}},
            "with a complete version of 3 numbers as its tag",
        ),
        (
            {
                "n8n": {
                    "image": "docker.io/n8nio/n8n:2.43.2",
                    "runnersImage": "docker.io/n8nio/runners:2.43.2",
                }
            },
            "n8n 2.43.3 or newer, because of known flaws",
        ),
        ({"n8n": {"runnersImage": "docker.io/n8nio/runners:2.44.0"}}, "the version of n8n.image"),
        ({"worker": {"autoscaling": "both"}}, "'memory' or 'queue'"),
        ({"database": {"mode": "external"}}, "database.host is empty; allowed: the host of the"),
        ({"database": {"host": "db.example"}}, "empty, or write database.mode: external"),
        ({"database": {"maxConnections": 100}}, "database.maxConnections is 100; allowed: at lea"),
        ({"redis": {"nodeTimeoutMilliseconds": 30000}}, "n8n exits when its patience ends first"),
        ({"worker": {"gracePeriodSeconds": 300}}, "worker.gracePeriodSeconds is 300; allowed: at"),
        ({"worker": {"minReplicas": 1}}, "losing its zone stops the tier"),
        ({"platform": {"zones": ["a", "b", "b"]}}, "three different zones"),
        ({"platform": {"zones": ["a", "b"]}}, "platform.zones"),
        ({"n8n": {"executionRetentionHours": 9000}}, "n8n.executionRetentionHours is 9000; allow"),
        ({"n8n": {"editorUrl": "https://hooks.n8n.example/"}}, "another host than n8n.webhookUrl"),
        ({"n8n": {"timezone": "New York"}}, "an IANA time zone"),
        ({"redis": {"maxMemory": "1Gi"}}, "at most half of redis.resources.memoryLimit"),
        (
            {"platform": {"privateDestinations": [{"cidr": "10.0.0.1/8", "port": 5432}]}},
            "platform.privateDestinations.0.cidr",
        ),
        # n8n's guard knows no ports: its task broker would be open to workflows.
        (
            {"platform": {"privateDestinations": [{"cidr": "127.0.0.1/32", "port": 8788}]}},
            "a range without 127.0.0.0/8",
        ),
        (
            {"platform": {"privateDestinations": [{"cidr": "0.0.0.0/0", "port": 443}]}},
            "a range without 0.0.0.0/8",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    values: dict[str, Any], expected: str
) -> None:
    assert expected in problems(values)


def test_all_problems_are_reported_at_once_across_kinds_and_areas() -> None:
    text = problems(
        {
            "worker": {"minReplicas": "x", "typo": 1},
            "redis": {"image": "redis:latest"},
            "webhook": {"minReplicas": 7, "maxReplicas": 3},
            "n8n": {"executionRetentionHours": 1},
        }
    )
    for key in (
        "worker.minReplicas",
        "worker.typo",
        "redis.image",
        "webhook.minReplicas",
        "n8n.executionRetentionHours",
    ):
        assert f"- {key}" in text
    assert "5 settings of this stack cannot be used; nothing was changed" in text


def test_the_value_of_an_unknown_setting_is_not_shown() -> None:
    assert "hunter2" not in problems({"database": {"password": "hunter2"}})


def test_nothing_under_an_encrypted_key_is_shown() -> None:
    text = problems({"database": {"maxConnections": "hunter2"}}, secret_keys={"database"})
    assert "hunter2" not in text
    assert "database.maxConnections" in text


def test_a_long_wrong_value_is_cut() -> None:
    text = problems({"n8n": {"timezone": "x" * 10_000}})
    assert len(text) < 1_000


@pytest.mark.parametrize(
    ("image", "safe"),
    [("2.42.5", False), ("2.42.6", True), ("2.44.0", True), ("3.0.0", False), ("3.0.1", True)],
)
def test_n8n_is_held_to_the_floor_of_its_own_release_line(image: str, safe: bool) -> None:
    values = {
        "n8n": {
            "image": f"docker.io/n8nio/n8n:{image}",
            "runnersImage": f"docker.io/n8nio/runners:{image}",
        }
    }
    if safe:
        settings.parse(values)
    else:
        assert "known flaws" in problems(values)


def test_the_defaults_in_pulumi_yaml_are_accepted_as_a_stack_s_values() -> None:
    declared = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())["config"]
    values = {key.removeprefix("n8n-platform:"): each["default"] for key, each in declared.items()}
    assert settings.parse(json.loads(json.dumps(values))) == settings.parse({})
