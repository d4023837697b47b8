"""Stacks whose secrets come from Pulumi ESC, previewed against the operator's real definitions."""

import base64
import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from components.secrets import operator
from integrations.selection import select
from local.environment import REPOSITORY, Environment
from local.toolchain import build
from tests.engine.cluster import Cluster
from tests.engine.stacks import Stack

COPIED = {
    "platform": (
        "n8n-encryption-key",
        "n8n-credentials",
        "redis-auth",
        "database-auth",
        "alertmanager-slack",
        "alertmanager-heartbeat",
    ),
    "monitoring": ("grafana-admin",),
}
"""Secrets that the operator copies, by the area whose namespace has them."""

PACKS = [str(REPOSITORY / "policies" / name) for name in ("soc2", "gdpr")]


def _production(values: dict[str, Any], files: Path) -> None:
    """What production will have that staging has not: every service, and a managed database.

    Its register of processors is then a longer one, in the folder `files` of the policy packs.
    """
    values["esc"]["environment"] = "sophia-ai-production"
    values["integrations"] = {"set": "full"}
    values["database"] = {"mode": "external", "host": "db.example.com"}
    shutil.copy(REPOSITORY / "policies" / "exceptions.yaml", files)
    config = json.loads((REPOSITORY / "policies" / "config" / "staging.json").read_text())
    chosen = select("full")
    names = [each.name for each in chosen.processors]
    config["processors"] = sorted({*chosen.processor_hosts(), *names})
    # A managed database is watched by its provider.
    config["requiredAlerts"].remove("N8nDatabaseDown")
    (files / "config").mkdir()
    (files / "config" / "staging.json").write_text(json.dumps(config))


@pytest.fixture(params=["staging", "production"])
def stack(
    request: pytest.FixtureRequest,
    environment: Environment,
    program: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Stack]:
    """The committed stack, on this cluster, and with what its definitions know.

    `environment:` needs Pulumi Cloud. The External Secrets whose definitions are here takes a token
    only, and its chart cannot be rendered. Nor can Prometheus's: the stand-in shows it as one
    resource, and what policies say of the objects in it is not seen here.
    """
    committed = yaml.safe_load((REPOSITORY / "Pulumi.staging.yaml").read_text())["config"]
    values: dict[str, Any] = {
        key.removeprefix("n8n-platform:"): value for key, value in committed.items()
    }
    monkeypatch.setenv("N8N_PLATFORM_CHANGE", "tested")
    values["platform"]["context"] = "n8n-platform-local"
    values["esc"] |= {"authentication": "token", "operator": "installed"}
    # The embedded cluster may have the default one, for a Prometheus of its own.
    values["monitoring"]["namespace"] = "observability"
    if request.param == "production":
        files = tmp_path / "policies"
        files.mkdir()
        _production(values, files)
        monkeypatch.setenv("POLICY_FILES", str(files))
    # The policy packs find the stack's configuration and exceptions by its name.
    stack = Stack(environment, program, "staging")
    stack.configure(values)
    yield stack
    stack.destroy()


def test_both_packs_are_clean_and_the_cluster_accepts_every_object(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    monkeypatch.setenv("POLICY_RECORD", str(record))
    preview = stack.preview(policy_packs=PACKS)

    assert set(preview.change_summary) == {"create"}
    judged = [
        json.loads(line) for file in record.iterdir() for line in file.read_text().splitlines()
    ]
    kinds = {each["type"].rpartition(":")[2] for each in judged if "type" in each}
    assert {"SecretStore", "ExternalSecret"} <= kinds
    assert {"PodMonitor", "PrometheusRule", "AlertmanagerConfig"} <= kinds
    assert "kubernetes:helm.sh/v4:Chart" in preview.stdout
    assert not [each for each in judged if each.get("result") == "violated"]


def test_no_value_of_a_secret_is_in_what_is_printed_or_kept(
    stack: Stack, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    monkeypatch.setenv("POLICY_RECORD", str(record))
    loaded = yaml.safe_load((stack.folder / "Pulumi.staging.yaml").read_text())["config"]
    namespaces = {area: loaded[f"n8n-platform:{area}"]["namespace"] for area in COPIED}
    marker = f"value-{secrets.token_hex(16)}"
    literals = [
        f"--from-literal={key}={marker}" for key in ("password", "overwrites.json", "url", "user")
    ]
    # As the operator leaves them; it cannot be run here, nor could it reach Pulumi ESC.
    for namespace in namespaces.values():
        cluster.kubectl("create", "namespace", namespace)
    try:
        for area, names in COPIED.items():
            for name in names:
                place = ("-n", namespaces[area])
                cluster.kubectl("create", "secret", "generic", name, *place, *literals)
        preview = stack.preview(policy_packs=PACKS)
    finally:
        for namespace in namespaces.values():
            cluster.kubectl("delete", "namespace", namespace)

    for names in COPIED.values():
        assert all(name in preview.stdout for name in names)
    recorded = "".join(file.read_text() for file in record.iterdir())
    everything = preview.stdout + preview.stderr + recorded + stack.state_text()
    assert marker not in everything
    assert base64.b64encode(marker.encode()).decode() not in everything


@pytest.mark.usefixtures("environment")  # which has the operator's files
@pytest.mark.parametrize("values", [operator.values("n8n"), operator.controller_values("m")])
def test_the_operators_chart_knows_every_value_that_it_is_given(values: dict[str, Any]) -> None:
    files = build.module_folder("crds", "github.com/external-secrets/external-secrets")
    schema = json.loads((files / "deploy/charts/external-secrets/values.schema.json").read_text())

    assert list(Draft7Validator(schema).iter_errors(values)) == []
    # The schema does not refuse what it does not know.
    unknown = set(_names(values)) - set(_properties(schema))
    # The schema is of a chart before 2.5.0, the deployed one is not.
    assert unknown == {"rbac.serviceAccountTokenCreate"}


def _names(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        yield f"{prefix}{key}"
        # Kubernetes' own objects, such as resources, are any object to the chart.
        if isinstance(value, dict) and key != "resources":
            yield from _names(value, f"{prefix}{key}.")


def _properties(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        yield f"{prefix}{key}"
        yield from _properties(value, f"{prefix}{key}.")
