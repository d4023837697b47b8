import asyncio

import pytest

from local.plugins.kubernetes import applying
from local.plugins.kubernetes.applying import Applier, ConflictError, Submission
from local.plugins.kubernetes.cluster import ApiError
from local.plugins.kubernetes.waiting import Waits
from tests.plugins.kubernetes.fake_cluster import NOT_FOUND, FakeCluster, resource_log
from tests.plugins.kubernetes.objects import Object, config_map, deployment

IMMUTABLE = ApiError({"message": "spec.selector: field is immutable"}, 422)
INVALID = ApiError({"message": "spec.replicas: must not be negative"}, 422)
OWNED = ApiError(
    {
        "message": "conflict with kubectl",
        "details": {"causes": [{"reason": "FieldManagerConflict"}]},
    },
    409,
)


class _Impatient(Waits):
    async def pause(self, seconds: float) -> None:
        await super().pause(min(seconds, 0.001))


def _create(cluster: FakeCluster, obj: Object, *, preview: bool = False) -> Object:
    async def create() -> Object:
        submission = Submission(obj=obj, manager="me", log=resource_log(), is_preview=preview)
        return await Applier(cluster, _Impatient()).create(submission)

    return asyncio.run(create())


def test_creating_does_not_take_fields_over_unless_the_annotation_says_so():
    forced = config_map()
    forced["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    for obj, force in ((config_map(), False), (forced, True)):
        cluster = FakeCluster({})
        _create(cluster, obj)
        assert cluster.applied[0]["force"] is force


def test_a_field_that_somebody_else_owns_is_reported_as_a_conflict():
    with pytest.raises(ConflictError, match=r"field conflict detected.*conflict with kubectl"):
        _create(FakeCluster(OWNED), config_map())


def test_what_is_created_in_the_same_update_is_waited_for():
    cluster = FakeCluster(NOT_FOUND, NOT_FOUND, {"status": "there"})
    assert _create(cluster, config_map())["status"] == "there"


def test_what_never_comes_is_an_error():
    with pytest.raises(ApiError, match="not found"):
        _create(FakeCluster(NOT_FOUND), config_map())


def test_a_preview_is_a_forced_dry_run_that_does_not_wait():
    cluster = FakeCluster(NOT_FOUND)
    with pytest.raises(ApiError):
        _create(cluster, config_map(), preview=True)
    assert [(a["force"], a["dry_run"]) for a in cluster.applied] == [(True, True)]


def test_the_preview_of_a_replacement_is_validated_beside_what_it_replaces():
    cluster = FakeCluster(IMMUTABLE, {})
    foreseen = _create(cluster, deployment(), preview=True)
    assert cluster.applied[1]["obj"]["metadata"]["name"].startswith("web-")
    assert foreseen["metadata"]["name"] == "web"


def test_a_preview_reports_what_is_invalid():
    with pytest.raises(ApiError, match="must not be negative"):
        _create(FakeCluster(INVALID), deployment(), preview=True)


def _live(*managers: str) -> Object:
    fields = {"f:spec": {"f:replicas": {}}}
    managed = [{"manager": manager, "fieldsV1": fields} for manager in managers]
    live = deployment(replicas=7)
    live["metadata"]["managedFields"] = managed
    return live


def test_an_ignored_field_that_only_others_manage_is_left_to_them():
    sent = applying.without_ignored(deployment(), _live("hpa"), "me", ["spec.replicas"])
    assert "replicas" not in sent["spec"]


def test_an_ignored_field_that_is_ours_too_keeps_its_live_value():
    sent = applying.without_ignored(deployment(), _live("hpa", "me"), "me", ["spec.replicas"])
    assert sent["spec"]["replicas"] == 7


def test_a_missing_right_is_told_apart_from_a_refusing_policy():
    refused = 'pods "x" is forbidden: exceeded quota: q'
    lacking = 'pods is forbidden: User "me" cannot patch resource "pods"'
    assert not applying.is_forbidden_to_user(ApiError({"message": refused}, 403))
    assert applying.is_forbidden_to_user(ApiError({"message": lacking}, 403))
