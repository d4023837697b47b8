"""What `pulumi preview --json` says beside the packs."""

import json
from pathlib import Path
from typing import Any

from policies.evidence.preview import Change, Position, Preview, read

URN = "urn:pulumi:dev::shop::kubernetes:apps/v1:Deployment::web"


def previewed(folder: Path, *steps: dict[str, Any], errors: tuple[str, ...] = ()) -> Preview:
    file = folder / "preview.json"
    diagnostics = [{"severity": "error", "message": f"{each}\n"} for each in errors]
    file.write_text(json.dumps({"steps": steps, "diagnostics": diagnostics}))
    return read(file)


def step(operation: str = "same", *frames: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    trace = [{"sourcePosition": frame} if frame else {} for frame in frames]
    state = {"type": urn.split("::")[2], "custom": True, "stackTrace": trace}
    return {"op": operation, "urn": urn, "newState": state, **more}


def test_a_resource_is_declared_in_the_innermost_file_of_the_program(tmp_path: Path) -> None:
    library = "project:///.venv/lib/python3.11/site-packages/pulumi_kubernetes/provider.py#607"
    tool = "project:///../../root/.pyenv/versions/3.11.7/lib/python3.11/asyncio/events.py#80"
    own = ("project:///components/a%20b.py#45", "project:///__main__.py#30")

    result = previewed(tmp_path, step("same", library, "", *own, tool))

    assert result.positions == {URN: Position("components/a b.py", 45)}


def test_a_resource_that_no_file_of_the_program_declares_has_no_position(tmp_path: Path) -> None:
    outside = (
        "project:///node_modules/@pulumi/eks/cluster.js#12",
        "file:///usr/lib/python3/x.py#1",
        "project:///main.py",
    )

    assert previewed(tmp_path, step("same", *outside)).positions == {}


def test_changes_name_properties_without_their_values(tmp_path: Path) -> None:
    differing = {"spec.replicas": {"kind": "update"}, "spec.template": {}, "data[0]": {}}

    result = previewed(tmp_path, step("update", detailedDiff=differing), step("same"))

    assert result.changes == [
        Change(
            operation="update",
            type="kubernetes:apps/v1:Deployment",
            label="web",
            properties=["data", "spec"],
        )
    ]


def test_a_replacement_is_one_change_and_components_are_none(tmp_path: Path) -> None:
    component = step("create", urn="urn:pulumi:dev::shop::shop:web:Web::web")
    component["newState"]["custom"] = False
    provider = step("create", urn="urn:pulumi:dev::shop::pulumi:providers:kubernetes::cluster")

    result = previewed(
        tmp_path,
        *(step(each) for each in ("create-replacement", "replace", "delete-replaced")),
        component,
        provider,
    )

    assert [each.operation for each in result.changes or ()] == ["replace"]


def test_that_a_violation_failed_the_preview_is_no_other_error(tmp_path: Path) -> None:
    assert previewed(tmp_path, errors=("error: preview failed",)).errors == []
    assert previewed(tmp_path, errors=("error: preview failed", "error: no such host")).errors == [
        "error: no such host"
    ]


def test_a_preview_that_said_nothing_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "preview.json"
    file.touch()

    assert read(file).errors
    assert read(file).changes is None
