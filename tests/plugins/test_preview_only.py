import asyncio

import pytest
from pulumi.provider.experimental import provider as framework

from local.plugins.preview_only import PreviewOnlyProvider
from local.plugins.server import PluginError
from local.plugins.values import UNKNOWN, plain

from .providers import Caller, RecordedLog, properties

BUCKET = Caller(
    provider=PreviewOnlyProvider(RecordedLog(), package="aws"),
    type="aws:s3/bucket:Bucket",
    name="backups",
)
KIND = framework.PropertyDiffKind


def test_a_new_resource_is_previewed_with_its_inputs_and_without_an_id() -> None:
    preview = BUCKET.create({"bucket": "b", "arn": UNKNOWN}, preview=True)
    assert not preview.resource_id
    assert plain(preview.properties)["bucket"] == "b"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"tags": {"a": "1"}}, {"tags": {"a": "1"}}, {}),
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, {"tags.a": KIND.UPDATE}),
        ({"tags": {"a.b": "1"}}, {"tags": {"a.b": "2"}}, {'tags["a.b"]': KIND.UPDATE}),
        ({"tags": {}}, {"tags": {"a": "1"}}, {"tags.a": KIND.ADD}),
        ({"rules": ["1", "2"]}, {"rules": ["1"]}, {"rules[1]": KIND.DELETE}),
        ({"bucket": "b"}, {}, {"bucket": KIND.DELETE}),
        ({}, {"bucket": UNKNOWN}, {"bucket": KIND.ADD}),
        ({"bucket": "b"}, {"bucket": UNKNOWN}, {"bucket": KIND.UPDATE}),
    ],
)
def test_changed_inputs_are_an_update_with_their_paths(
    old: dict[str, object], new: dict[str, object], expected: dict[str, object]
) -> None:
    # What only the cloud knows, like the ARN, is in the state and must not count.
    diff = BUCKET.diff({**old, "arn": "arn:aws:s3:::b"}, new, old)
    assert {path: found.kind for path, found in diff.detailed_diff.items()} == expected
    assert diff.changes == bool(expected)
    assert not diff.replaces


def test_creating_updating_deleting_and_reading_are_refused_with_what_to_do() -> None:
    delete = framework.DeleteRequest(BUCKET.urn, "id", {}, 0)
    for operation, attempt in {
        "create": lambda: BUCKET.create({}),
        "update": lambda: BUCKET.update({}, {}),
        "delete": lambda: asyncio.run(BUCKET.provider.delete(delete)),
        "read": lambda: BUCKET.read("id", properties({"bucket": "b"})),
    }.items():
        with pytest.raises(PluginError, match=rf"{operation} backups.*'aws'.*internet access"):
            attempt()


def test_a_function_is_refused_with_what_to_do() -> None:
    request = framework.InvokeRequest("aws:index/getRegion:getRegion", {})
    with pytest.raises(PluginError, match=r"getRegion.*internet access"):
        asyncio.run(BUCKET.provider.invoke(request))


def test_a_warning_says_what_a_preview_does_not_check() -> None:
    log = RecordedLog()
    request = framework.ConfigureRequest({}, {}, True, True)
    asyncio.run(PreviewOnlyProvider(log, package="aws").configure(request))
    assert "not checked" in log.warnings[0]
