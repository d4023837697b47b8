import re

import pytest

from local.plugins.kubernetes import annotations, naming
from local.plugins.kubernetes.naming import Autonaming
from local.plugins.server import PluginError


@pytest.fixture
def configured():
    tokens = []
    yield lambda wanted: tokens.append(naming.WANTED.set(wanted))
    for token in tokens:
        naming.WANTED.reset(token)


def _named(seed: bytes = b"seed", **metadata: str) -> dict:
    obj = {"metadata": metadata}
    naming.assign(obj, resource="web", seed=seed)
    return obj


def test_an_object_without_a_name_gets_the_resources_with_eight_hex_digits():
    obj = _named()
    assert re.fullmatch(r"web-[0-9a-f]{8}", obj["metadata"]["name"])
    assert annotations.is_true(obj, annotations.AUTONAMED)


def test_the_same_seed_gives_the_same_name_and_no_seed_a_new_one_each_time():
    assert _named(b"seed") == _named(b"seed") != _named(b"other")
    assert _named(b"") != _named(b"")


@pytest.mark.parametrize("metadata", [{"name": "mine"}, {"generateName": "mine-"}])
def test_a_given_name_is_kept(metadata):
    assert _named(**metadata) == {"metadata": metadata}


def test_the_projects_pattern_decides_the_name(configured):
    configured(Autonaming(proposed_name="prod-web"))
    assert _named()["metadata"]["name"] == "prod-web"


def test_disabled_autonaming_asks_for_a_name(configured):
    configured(Autonaming(is_disabled=True))
    with pytest.raises(PluginError, match=r"web has no metadata\.name"):
        _named()


def test_an_assigned_name_is_kept_in_later_updates():
    old, new = _named(), {"metadata": {"labels": {"a": "b"}}}
    naming.adopt(new, old)
    assert new["metadata"]["name"] == old["metadata"]["name"]
    assert annotations.is_true(new, annotations.AUTONAMED)


def test_a_name_that_was_given_is_not_kept_once_it_is_gone():
    new: dict = {"metadata": {}}
    naming.adopt(new, {"metadata": {"name": "mine"}})
    assert "name" not in new["metadata"]


@pytest.mark.parametrize(
    ("metadata", "resource_id"),
    [({"namespace": "apps", "name": "web"}, "apps/web"), ({"name": "node-role"}, "node-role")],
)
def test_an_id_leads_back_to_the_object(metadata, resource_id):
    assert naming.object_id({"metadata": metadata}) == resource_id
    assert naming.parse_id(resource_id) == (metadata.get("namespace", ""), metadata["name"])


def test_an_id_without_a_name_is_refused():
    with pytest.raises(PluginError, match="write namespace/name"):
        naming.parse_id("apps/")
