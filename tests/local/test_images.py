"""Stand-ins for container images: what gets into them, and how a node gets its copy."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from rich.console import Console

import versions
from local.errors import LocalError
from local.images import (
    ai_gateway,
    archive,
    catalogue,
    n8n,
    npm,
    packages,
    provide,
    recipes,
    stack_settings,
    store,
)
from local.images.layers import Layer, Tree, layer
from local.images.running import run
from local.progress import Steps
from local.toolchain.resolve import Toolchain
from settings.load import parse
from settings.rules import RULES


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def made(name: str, write: Callable[[Tree], None], inputs: object = None) -> Layer:
    def fill(tree: Tree, _: Path) -> Mapping[str, str]:
        write(tree)
        return {}

    return layer(name, inputs, fill)


def members(of: Layer) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(of.file) as content:
        return {member.name: member for member in content}


def package(**files: tarfile.TarInfo) -> tarfile.TarFile:
    """A package's archive with empty files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as content:
        for entry in files.values():
            content.addfile(entry)
    buffer.seek(0)
    return tarfile.open(fileobj=buffer)


def entry(name: str, *, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.mtime = mode, 1234, 5678
    return info


def test_the_same_content_makes_the_same_layer(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")

    def write(tree: Tree) -> None:
        tree.copy("/usr/bin/program", program)

    first = made("first", write)
    program.touch()

    assert made("second", write).digest == first.digest


def test_a_layer_is_made_again_only_when_what_it_depends_on_changed() -> None:
    made("words", lambda tree: tree.text("/word", "one"), inputs=1)

    again = made("words", lambda tree: tree.text("/word", "two"), inputs=1)
    changed = made("words", lambda tree: tree.text("/word", "two"), inputs=2)

    assert members(again)["word"].size == 3
    assert again.digest != changed.digest


def test_large_files_that_are_equal_are_stored_once(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (1 << 17))
    copy = shutil.copy(large, tmp_path / "copy")

    def write(tree: Tree) -> None:
        tree.copy("/a/large", large)
        tree.copy("/b/large", Path(copy))

    found = members(made("twice", write))

    assert found["b/large"].islnk()
    assert found["b/large"].linkname == "a/large"


def test_packages_files_land_where_merged_folders_are_and_give_no_rights() -> None:
    content = package(
        program=entry("./bin/su", mode=0o4755),
        manual=entry("./usr/share/man/man1/su.1"),
    )

    found = members(
        made("package", lambda tree: tree.unpack(content, wanted=lambda name: "man" not in name))
    )

    assert set(found) == {"usr", "usr/bin", "usr/bin/su"}
    assert found["usr/bin/su"].mode == 0o755
    assert found["usr/bin/su"].uid == 0


def test_a_program_may_listen_on_low_ports_where_it_is_said_to(tmp_path: Path) -> None:
    program = tmp_path / "server"
    program.touch(mode=0o755)

    def write(tree: Tree) -> None:
        tree.copy("/server", program, low_ports=True)
        tree.copy("/other", program)

    found = members(made("servers", write))

    # As getfattr shows it on a file after `setcap cap_net_bind_service=ep`.
    assert found["server"].pax_headers == {
        "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x04" + 14 * "\0"
    }
    assert not found["other"].pax_headers


def fake_apt(folder: Path, monkeypatch: pytest.MonkeyPatch, depends: str) -> None:
    """An apt-cache that knows these dependencies, and every package in version 1.0-1."""
    (folder / "depends").write_text(depends)
    program = folder / "apt-cache"
    program.write_text(
        f"""#!/bin/sh
        if [ "$1" = depends ]; then cat {folder}/depends; exit; fi
        shift
        for package; do
            printf '%s:\\n  Installed: (none)\\n  Candidate: 1.0-1\\n' "$package"
        done
        """
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_an_image_gets_what_its_programs_need_and_not_what_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_apt(
        tmp_path,
        monkeypatch,
        "server\n  Depends: perl\n |Depends: libfast\n  Depends: libslow\n  Depends: <virtual>\n"
        "    provider\nperl\n  Depends: libperl\nlibfast\n  PreDepends: libc6\nlibslow\nlibperl\n"
        "libc6\nprovider\n",
    )

    assert packages.closure(["server"]) == {
        "libc6": "1.0-1",
        "libfast": "1.0-1",
        "server": "1.0-1",
    }


def test_a_machine_without_apt_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LocalError, match="NODES=simulated"):
        packages.closure(["server"])


@pytest.mark.parametrize(
    ("debian", "program"),
    [
        ("5:7.0.15-1~deb12u10", "7.0.15"),
        ("15.20-0+deb12u1", "15.20"),
        ("12.4+deb12u15", "12.4"),
    ],
)
def test_a_tag_is_the_version_that_the_program_says(debian: str, program: str) -> None:
    assert packages.upstream(debian) == program


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("yaml/dist/doc/Document.js", True),
        ("n8n-nodes-base/dist/nodes/Code/code.svg", True),
        ("@n8n/instance-ai/dist/skills/start.md", True),
        ("isolated-vm/prebuilds/linux-x64/isolated-vm.abi137.glibc.node", True),
        ("isolated-vm/prebuilds/linux-x64/isolated-vm.abi137.musl.node", False),
        ("isolated-vm/prebuilds/win32-x64/isolated-vm.abi137.node", False),
        ("express/README.md", False),
        ("zod/index.d.ts", False),
        ("zod/index.js.map", False),
        ("axios/node_modules/qs/test/parse.js", False),
        ("@scope/package/docs/guide.html", False),
    ],
)
def test_packages_of_npm_leave_out_what_no_program_reads(
    tmp_path: Path, file: str, wanted: bool
) -> None:
    path = tmp_path / "node_modules" / file
    path.parent.mkdir(parents=True)
    path.touch()

    assert list(npm.wanted(tmp_path)) == ([f"node_modules/{file}"] if wanted else [])


LOCKS = [n8n.FILES / "package-lock.json", n8n.FILES / "ai-gateway" / "package-lock.json"]


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.parent.name)
def test_a_lock_file_names_no_registry(file: Path) -> None:
    lock = json.loads(file.read_text())

    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.parent.name)
def test_every_locked_package_has_a_checksum(file: Path) -> None:
    lock = json.loads(file.read_text())

    unchecked = [
        name
        for name, entry in lock["packages"].items()
        if name and "integrity" not in entry and not entry.get("inBundle")
    ]

    assert not unchecked


def test_portkey_is_tried_in_the_release_that_is_deployed() -> None:
    assert versions.PORTKEY.rpartition(":")[2] == ai_gateway.PORTKEY_VERSION


def test_portkeys_image_is_laid_out_as_the_published_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def install(_: Path, folder: Path, _report: object) -> None:
        for file in ("@portkey-ai/gateway/build/start-server.js", "hono/index.js"):
            path = folder / "node_modules" / file
            path.parent.mkdir(parents=True)
            path.touch()

    monkeypatch.setattr(npm, "install", install)

    found = members(ai_gateway.portkey(lambda _: None))

    assert {name for name, entry in found.items() if entry.isreg()} == {
        "usr/local/bin/node",
        "app/build/start-server.js",
        "app/node_modules/hono/index.js",
    }


def test_the_routers_image_has_all_that_the_router_imports_of_this_repository(
    tmp_path: Path,
) -> None:
    with tarfile.open(ai_gateway.router_program().file) as content:
        content.extractall(tmp_path, filter="data")

    result = subprocess.run(
        [sys.executable, "-m", "ai_gateway.router", "--help"],
        cwd=tmp_path / "app",
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_a_long_command_is_reported_and_its_failure_explained(tmp_path: Path) -> None:
    reports: list[str] = []

    with pytest.raises(LocalError, match="no such package"):
        run(
            ("sh", "-c", "echo no such package; exit 1"),
            cwd=tmp_path,
            say=lambda lines: f"{lines} lines",
            report=reports.append,
        )

    assert reports


def images() -> list[recipes.Image]:
    shared = made("shared", lambda tree: tree.text("/shared", "below"))
    above = made("above", lambda tree: tree.text("/above", "above"))
    return [
        recipes.Image(name="one", version="1.0", layers=(shared,), user=999, command=("sh",)),
        recipes.Image(name="two", version="2.0", layers=(shared, above)),
    ]


def test_an_archive_has_every_blob_that_its_documents_name_once() -> None:
    buffer = io.BytesIO()
    archive.write(images(), buffer)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as content:
        names = content.getnames()
        files = {
            member.name: reading.read()
            for member in content
            if (reading := content.extractfile(member)) is not None
        }

    def blob(description: Mapping[str, str]) -> bytes:
        data = files[f"blobs/{description['digest'].replace(':', '/')}"]
        assert description["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        return data

    manifests = [
        json.loads(blob(description))
        for description in json.loads(files["index.json"])["manifests"]
    ]
    for manifest in manifests:
        configuration = json.loads(blob(manifest["config"]))
        for description in manifest["layers"]:
            blob(description)
        # The layers are not compressed, so that both digests are of the same bytes.
        named = [description["digest"] for description in manifest["layers"]]
        assert configuration["rootfs"]["diff_ids"] == named
    assert len(names) == len(set(names))
    assert [len(manifest["layers"]) for manifest in manifests] == [1, 2]


def test_an_image_runs_as_its_user_and_group() -> None:
    assert archive.configuration(images()[0])["config"]["User"] == "999:999"


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A store as containerd leaves it, as far as a clone looks at it."""
    folder = tmp_path / "store"
    for file, text in {
        "io.containerd.content.v1.content/blobs/sha256/aa": "manifest",
        "io.containerd.metadata.v1.bolt/meta.db": "images",
        "io.containerd.snapshotter.v1.overlayfs/metadata.db": "snapshots",
        "io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/bin/sh": "shell",
    }.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in sorted(folder.glob("**/*"))
        if file.is_file()
    }


def test_what_a_node_does_to_its_images_changes_nobody_elses(
    tmp_path: Path, prepared: Path
) -> None:
    before = content(prepared)
    node = tmp_path / "node"
    store.clone(prepared, node)
    snapshot = node / "io.containerd.snapshotter.v1.overlayfs/snapshots/1"
    assert (snapshot / "fs/bin/sh").read_text() == "shell"

    for database in node.glob("*/*.db"):
        database.write_text("changed")
    shutil.rmtree(node)

    assert content(prepared) == before


def test_a_store_on_another_has_the_images_of_both(tmp_path: Path, prepared: Path) -> None:
    # As containerd leaves it that has added an image to a clone.
    upper = tmp_path / "upper"
    store.clone(prepared, upper)
    added = upper / "io.containerd.snapshotter.v1.overlayfs/snapshots/2/fs/app"
    added.parent.mkdir(parents=True)
    added.write_text("router")

    node = tmp_path / "node"
    store.clone(upper, node)

    snapshots = node / "io.containerd.snapshotter.v1.overlayfs/snapshots"
    assert (snapshots / "1/fs/bin/sh").read_text() == "shell"
    assert (snapshots / "2/fs/app").read_text() == "router"


def test_where_images_are_pulled_only_our_own_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = recipes.Image(name="ai-router", version="1.2.3", layers=())
    built: list[object] = []

    def build(wanted: object, _report: object, *, below: object) -> Path:
        built.append((wanted, below))
        return tmp_path

    monkeypatch.setattr("local.images.registries.unreachable", lambda _: None)
    monkeypatch.setattr(recipes, "own", lambda _: [own])
    monkeypatch.setattr(store, "build", build)

    provided = provide(
        Toolchain(programs={}, definitions=tmp_path), Steps(Console(file=io.StringIO()))
    )

    assert built == [([own], None)]
    assert provided.references == {**catalogue.published(), "ai-router": own.reference}
    assert stack_settings(provided) == {"ai": {"routerImage": own.reference}}


STAND_INS = {
    **{name: f"stand-in.local/{name}:1.2.3" for name in catalogue.CATALOGUE},
    "n8n": f"stand-in.local/n8n:{n8n.VERSION}",
    "runners": f"stand-in.local/runners:{n8n.VERSION}",
    "redis": "stand-in.local/redis:7.0.15",
    "postgres": "stand-in.local/postgres:15.20",
    "ai-router": "stand-in.local/ai-router:3.11.2-0123456789ab",
}


def test_a_stack_accepts_the_stand_ins() -> None:
    settings = parse(catalogue.stack_settings(STAND_INS))

    assert settings.n8n.image == STAND_INS["n8n"]
    assert settings.database.image == STAND_INS["postgres"]
    assert settings.ai.portkey_image == STAND_INS["ai-gateway"]
    assert settings.ai.router_image == STAND_INS["ai-router"]
    assert not [problem for rule in RULES for problem in rule(settings)]


def test_published_images_change_no_setting() -> None:
    assert catalogue.stack_settings(catalogue.published()) == {}


def test_the_table_has_a_row_for_each_image() -> None:
    rows = catalogue.table().splitlines()[2:]

    assert [row.split("|")[1].strip() for row in rows] == list(catalogue.CATALOGUE)
    assert {row.count("|") for row in rows} == {5}
