"""After the deployment: the owner account, the sample workflow, the closing summary."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import LocalError
from local.n8n import addresses, logs, sample, summary
from local.n8n.api import N8n
from local.n8n.owner import Owner, SignedIn, sign_in
from tests.local.fake_n8n import FakeN8n, served

OWNER = SignedIn(owner=Owner(email="me@example.test", password="Secret123"), created=True)


@pytest.fixture
def instance() -> Iterator[FakeN8n]:
    with served(FakeN8n()) as instance:
        yield instance


@pytest.fixture
def n8n(instance: FakeN8n) -> N8n:
    return N8n(instance.editor_url)


def test_a_new_instance_gets_the_generated_owner_which_only_its_user_can_read(
    instance: FakeN8n, n8n: N8n, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "owner.json"
    signed_in = sign_in(n8n, file)
    assert signed_in.created
    assert json.loads(file.read_text()) == instance.owner
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_owner_who_is_there_logs_in_again(instance: FakeN8n, n8n: N8n, tmp_path: Path) -> None:
    first = sign_in(n8n, tmp_path / "owner.json")
    again = sign_in(N8n(instance.editor_url), tmp_path / "owner.json")
    assert (again.owner, again.created) == (first.owner, False)


def test_the_owner_outlives_the_instance(n8n: N8n, tmp_path: Path) -> None:
    first = sign_in(n8n, tmp_path / "owner.json")
    with served(FakeN8n()) as fresh:
        second = sign_in(N8n(fresh.editor_url), tmp_path / "owner.json")
    assert (second.owner, second.created) == (first.owner, True)


def test_another_owner_is_an_error_that_says_what_to_do(
    instance: FakeN8n, n8n: N8n, tmp_path: Path
) -> None:
    instance.owner = {"email": "somebody@example.test", "password": "Else12345"}
    with pytest.raises(LocalError, match=r"write the owner's email and password into that file"):
        sign_in(n8n, tmp_path / "owner.json")


def test_a_damaged_owner_file_is_not_overwritten(n8n: N8n, tmp_path: Path) -> None:
    file = tmp_path / "owner.json"
    file.write_text("{")
    with pytest.raises(LocalError, match="must hold an email and a password"):
        sign_in(n8n, file)
    assert file.read_text() == "{"


def test_names_under_localhost_need_no_resolver_and_stay_in_the_request(
    instance: FakeN8n, n8n: N8n
) -> None:
    assert not n8n.has_owner()
    assert instance.hosts == {f"n8n.localhost:{instance.port}"}


def test_an_instance_that_went_away_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with served(FakeN8n()) as gone:
        n8n = N8n(gone.editor_url)
    with pytest.raises(LocalError, match="make status"):
        sign_in(n8n, tmp_path / "owner.json")


def test_the_sample_is_published_and_answers_at_its_public_address(
    instance: FakeN8n, n8n: N8n, tmp_path: Path
) -> None:
    sign_in(n8n, tmp_path / "owner.json")
    url = sample.provide(n8n, instance.webhook_url, lambda _: None)
    assert url == f"{instance.webhook_url}webhook/hello"


def test_the_sample_that_is_there_stays_the_same_version(
    instance: FakeN8n, n8n: N8n, tmp_path: Path
) -> None:
    sign_in(n8n, tmp_path / "owner.json")
    for _ in range(2):
        sample.provide(n8n, instance.webhook_url, lambda _: None)
    assert [each["versionId"] for each in instance.workflows.values()] == ["1"]


def test_a_changed_sample_is_published_as_a_new_version(
    instance: FakeN8n, n8n: N8n, tmp_path: Path
) -> None:
    sign_in(n8n, tmp_path / "owner.json")
    sample.provide(n8n, instance.webhook_url, lambda _: None)
    (stored,) = instance.workflows.values()
    stored["settings"] = {}
    sample.provide(n8n, instance.webhook_url, lambda _: None)
    assert (stored["versionId"], stored["activeVersionId"]) == ("2", "2")
    assert stored["settings"]


def test_a_workflow_is_not_imported_by_a_stranger(n8n: N8n) -> None:
    with pytest.raises(LocalError, match=r"import the workflow Sample: hello: Unauthorized"):
        n8n.provide_workflow(json.loads(sample.FILE.read_text()))


def test_the_summary_shows_the_password_of_a_new_account_only() -> None:
    def said(signed_in: SignedIn) -> str:
        return summary.text(
            summary.Deployed(
                editor_url="http://n8n.localhost/",
                sample_url="http://hooks.n8n.localhost/webhook/hello",
                signed_in=signed_in,
                owner_file=Path("owner.json"),
                zones={},
            )
        )

    assert OWNER.owner.password in said(OWNER)
    assert OWNER.owner.password not in said(SignedIn(owner=OWNER.owner, created=False))


def test_an_owner_is_never_printed_with_the_password() -> None:
    assert OWNER.owner.password not in repr(OWNER)


def _pod(node: str, name: str, component: str, *, ready: bool = True) -> dict[str, object]:
    return {
        "metadata": {
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}
        },
        "spec": {"nodeName": node},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def test_pods_are_counted_by_zone_and_tier_if_they_are_ready() -> None:
    nodes = [
        {"metadata": {"name": f"node-{zone}", "labels": {"topology.kubernetes.io/zone": zone}}}
        for zone in ("b", "a")
    ]
    pods = [
        _pod("node-a", "redis", "node"),
        _pod("node-a", "redis", "node"),
        _pod("node-a", "n8n", "main"),
        _pod("node-b", "n8n", "worker"),
        _pod("node-b", "n8n", "webhook", ready=False),
    ]
    assert summary.pods_per_zone(nodes, pods) == {"a": {"main": 1, "redis": 2}, "b": {"worker": 1}}


def test_a_stack_without_public_addresses_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text("config: {'n8n-platform:n8n': {editorUrl: 'http://n8n.localhost/'}}")
    with pytest.raises(LocalError, match="webhookUrl"):
        addresses.read(file)


def test_a_tier_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(LocalError, match=r"TIER=main, .*TIER=postgres"):
        logs.arguments("workers")
