"""Which keys may be replaced, and that n8n's encryption key never is."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import settings
from esc.rotation import keys
from esc.rotation.__main__ import main
from esc.rotation.errors import RotationError
from esc.rotation.keys import GeneratedKey, RedisPassword, VendorKey
from esc.rotation.programs import PulumiEsc
from settings.file import load_file
from settings.secret_keys import wanted, wanted_by_grafana
from tests.esc.test_definition import MONITORING

REPOSITORY = Path(__file__).parents[2]

VALUES: Mapping[str, Any] = {
    "secrets": {"source": "esc"},
    "esc": {
        "organization": "acme",
        "project": "n8n-platform",
        "environment": "sophia-ai-production",
    },
    "database": {"mode": "external", "host": "db.example.com"},
    "integrations": {"set": "full"},
    "monitoring": MONITORING,
}


@pytest.fixture(scope="module")
def stack() -> settings.Settings:
    """Settings with every service, and the committed definition of production."""
    return settings.parse(VALUES)


def refusal(stack: settings.Settings, *names: str) -> str:
    with pytest.raises(RotationError) as caught:
        keys.find(stack, names)
    return str(caught.value)


def test_a_services_key_is_made_at_its_vendor(stack: settings.Settings) -> None:
    found = keys.find(stack, ["OPENAI_API_KEY"])

    assert isinstance(found, VendorKey)
    assert found.service.id == "openai"


def test_the_parts_of_a_services_key_are_replaced_together(stack: settings.Settings) -> None:
    names = ("GONG_ACCESS_KEY", "GONG_ACCESS_KEY_SECRET")

    assert keys.find(stack, names).names == names


def test_keys_of_two_services_are_not_replaced_together(stack: settings.Settings) -> None:
    assert "one after the other" in refusal(stack, "OPENAI_API_KEY", "GONG_ACCESS_KEY")


def test_what_only_this_command_needs_to_know_is_generated(stack: settings.Settings) -> None:
    assert keys.find(stack, ["N8N_RUNNERS_AUTH_TOKEN"]) == GeneratedKey(
        names=("N8N_RUNNERS_AUTH_TOKEN",)
    )
    assert keys.find(stack, ["REDIS_CLUSTER_PASSWORD"]) == RedisPassword(
        names=("REDIS_CLUSTER_PASSWORD",), user="cluster"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("OPENAI_KEY", "did you mean OPENAI_API_KEY?"),
        ("DATABASE_PASSWORD", "maintenance"),
        ("DATABASE_SUPERUSER_PASSWORD", "maintenance"),
        ("REDIS_TLS_PRIVATE_KEY", "Certificates"),
        ("DATABASE_TLS_AUTHORITY", "Certificates"),
        ("GATEWAY_TLS_PRIVATE_KEY", "The public certificate"),
        ("ALERTMANAGER_SLACK_URL", "Keys of monitoring"),
        ("REDIS_NEXT_PASSWORD", "step in replacing REDIS_PASSWORD"),
        ("REDIS_PREVIOUS_CLUSTER_PASSWORD", "step in replacing REDIS_CLUSTER_PASSWORD"),
        ("CLOUDFLARE_API_TOKEN", "no pod has it"),
    ],
)
def test_what_cannot_be_replaced_says_why(stack: settings.Settings, name: str, reason: str) -> None:
    assert name in refusal(stack, name)
    assert reason in refusal(stack, name)


def test_everything_that_is_wrong_is_said_at_once(stack: settings.Settings) -> None:
    said = refusal(stack, "OPENAI_KEY", "DATABASE_PASSWORD")

    assert "OPENAI_KEY" in said
    assert "DATABASE_PASSWORD" in said


def test_a_key_without_an_old_value_is_not_replaced() -> None:
    staging = settings.parse(
        {
            **VALUES,
            "esc": {**VALUES["esc"], "environment": "sophia-ai-staging"},
            "integrations": {"set": "minimal", "add": ["notion"]},
            "monitoring": {},
        }
    )

    assert "not in the definition of n8n-platform/sophia-ai-staging" in refusal(
        staging, "NOTION_TOKEN"
    )


def test_a_stack_without_esc_has_nothing_to_replace_there() -> None:
    assert "generated" in refusal(settings.parse({"secrets": {"source": "generated"}}), "X")


def test_every_key_of_the_platform_is_replaceable_or_says_why_not(
    stack: settings.Settings,
) -> None:
    secrets = (*wanted(stack), *wanted_by_grafana(stack))
    names = {remote for secret in secrets for remote in secret.keys.values()}
    replaceable = {"N8N_RUNNERS_AUTH_TOKEN", "REDIS_PASSWORD", "REDIS_CLUSTER_PASSWORD"}

    for name in names & replaceable:
        assert keys.find(stack, [name]).names == (name,)
    for name in names - replaceable:
        assert "does not say how" not in refusal(stack, name)


def test_the_runbook_has_the_sections_that_refusals_name(stack: settings.Settings) -> None:
    runbook = (REPOSITORY / keys.RUNBOOK).read_text()

    for name in ("DATABASE_PASSWORD", "REDIS_TLS_AUTHORITY", "GRAFANA_ADMIN_PASSWORD"):
        title = re.search("“(.*)”", refusal(stack, name))
        assert title
        assert f"## {title[1]}" in runbook


class TestEncryptionKey:
    """N8N_ENCRYPTION_KEY: with another one, n8n could read none of its credentials."""

    @pytest.mark.parametrize(
        "names",
        [
            ["N8N_ENCRYPTION_KEY"],
            ["OPENAI_API_KEY", "N8N_ENCRYPTION_KEY"],
            ["N8N_ENCRYPTION_KEY", "N8N_RUNNERS_AUTH_TOKEN"],
        ],
    )
    def test_is_refused_alone_and_among_others(
        self, stack: settings.Settings, names: list[str]
    ) -> None:
        assert "never replaced" in refusal(stack, *names)
        assert "esc/README.md" in refusal(stack, *names)

    def test_is_refused_by_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--stack", "staging", "N8N_ENCRYPTION_KEY"]) == 1
        assert "never replaced" in capsys.readouterr().out

    def test_is_refused_where_values_are_written(self) -> None:
        # The environment is empty: had `pulumi` been looked for, the error would be another one.
        with pytest.raises(RotationError, match="never replaced"):
            PulumiEsc(name="a/b/c", environment={}).write("N8N_ENCRYPTION_KEY", "x")

    def test_is_copied_into_the_cluster_once(self) -> None:
        [secret] = [
            each
            for each in wanted(load_file("staging"))
            if "N8N_ENCRYPTION_KEY" in each.keys.values()
        ]

        assert not secret.rotates

    def test_nothing_else_in_the_repository_writes_to_esc(self) -> None:
        files = [
            file
            for pattern in ("*.py", "*.sh", "Makefile", "*.yml")
            for file in REPOSITORY.rglob(pattern)
            if not {".venv", ".local", ".git", "tests", "node_modules"}
            & set(file.relative_to(REPOSITORY).parts)
        ]
        writing = [
            file.relative_to(REPOSITORY).as_posix()
            for file in files
            # `pulumi env set` as a command, not as advice between backquotes.
            if re.search(r'"env", "set"|^\s*(\$\(RUN\) )?pulumi env (set|edit)', file.read_text())
        ]

        assert writing == ["esc/rotation/programs.py"]
