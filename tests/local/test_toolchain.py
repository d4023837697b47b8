"""Where tools come from, in which order, and what is refused."""

import functools
import hashlib
import http.server
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from local.errors import LocalError
from local.progress import Steps
from local.toolchain import build, cache, download, resolve
from local.toolchain.pins import IMAGE_TOOLS, NODE_TOOLS, TOOLS, Download, Tool

PROGRAM = "greeter"
TOOL = Tool(
    name="Greeter",
    version="1.2.3",
    module="greeter",
    packages={PROGRAM: "example.org/greeter"},
    ask=("--version",),
    stamp={},
)


def script(version: str) -> str:
    return f"#!/bin/sh\necho greeter v{version}\n"


def put_program(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / PROGRAM
    file.write_text(script(version))
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules"
    (folder / TOOL.module).mkdir(parents=True)
    (folder / TOOL.module / "go.mod").write_text("module greeter\n\ngo 1.26.0\n")
    (folder / TOOL.module / "go.sum").write_text("example.org/greeter v1.2.3 h1:sum=\n")
    monkeypatch.setattr(build, "MODULES", folder)
    return folder


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the compiler; lists what was built."""
    built: list[str] = []

    def fake(tool: Tool, folder: Path, _report: Callable[[str], None]) -> None:
        built.append(tool.name)
        put_program(folder, tool.version)

    monkeypatch.setattr(build, "build", fake)
    monkeypatch.setattr(build, "require_space", lambda _tools, _folder: None)
    return built


@pytest.fixture
def release(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A download host: its folder, and its address."""
    folder = tmp_path / "release"
    put_program(folder, TOOL.version)

    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def published(address: str) -> Tool:
    system = download.machine()[0]
    return replace(
        TOOL,
        download=Download(
            url=address + "/{program}",
            checksums=address + "/{program}.sha256",
            systems=(system,),
        ),
    )


def install(tool: Tool) -> Path:
    return resolve.install([tool], Steps(Console(quiet=True)))[tool.name][PROGRAM]


def test_a_program_on_path_in_the_pinned_version_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = put_program(tmp_path / "bin", TOOL.version)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert resolve.locate(TOOL) == {PROGRAM: program}


def test_a_program_on_path_in_another_version_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_program(tmp_path / "bin", "1.2.30")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert resolve.locate(TOOL) is None


def test_a_download_with_the_published_checksum_is_installed(
    release: tuple[Path, str], builds: list[str]
) -> None:
    folder, address = release
    digest = hashlib.sha256((folder / PROGRAM).read_bytes()).hexdigest()
    (folder / f"{PROGRAM}.sha256").write_text(digest)

    program = install(published(address))

    assert program.read_text() == script(TOOL.version)
    assert not builds


def test_a_checksum_is_found_by_file_name_in_a_list_of_many(
    release: tuple[Path, str], builds: list[str]
) -> None:
    folder, address = release
    digest = hashlib.sha256((folder / PROGRAM).read_bytes()).hexdigest()
    (folder / f"{PROGRAM}.sha256").write_text(
        f"{'0' * 64}  {PROGRAM}-for-another\n{digest}  {PROGRAM}\n"
    )

    install(published(address))

    assert not builds


def test_a_download_with_a_wrong_checksum_is_refused_and_the_tool_is_built(
    release: tuple[Path, str], builds: list[str]
) -> None:
    folder, address = release
    (folder / f"{PROGRAM}.sha256").write_text("0" * 64)

    program = install(published(address))

    assert builds == [TOOL.name]
    assert "built" in program.parent.name


def test_a_host_that_does_not_answer_is_asked_once_and_the_tool_is_built(
    builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], timeout: float) -> socket.socket:
        del timeout
        asked.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", refuse)
    first = published("http://offline.invalid:81")
    second = replace(first, name="Second greeter")

    resolve.install([first, second], Steps(Console(quiet=True)))

    assert asked == [("offline.invalid", 81)]
    assert builds == [first.name, second.name]


def test_a_program_that_is_not_the_pinned_version_never_gets_into_the_cache(
    release: tuple[Path, str], builds: list[str]
) -> None:
    del builds
    folder, address = release
    wrong = put_program(folder, "9.9.9").read_bytes()
    (folder / f"{PROGRAM}.sha256").write_text(hashlib.sha256(wrong).hexdigest())

    with pytest.raises(LocalError, match=r"does not say that it is 1\.2\.3"):
        install(published(address))

    assert resolve.locate(TOOL) is None


def test_a_built_tool_is_found_by_the_next_run(builds: list[str]) -> None:
    program = install(TOOL)

    assert resolve.locate(TOOL) == {PROGRAM: program}
    assert builds == [TOOL.name]


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_a_change_of_the_go_module_asks_for_a_new_build(
    modules: Path, builds: list[str], file: str
) -> None:
    del builds
    install(TOOL)

    with (modules / TOOL.module / file).open("a") as changed:
        changed.write("\n")

    assert resolve.locate(TOOL) is None


def test_an_interrupted_installation_is_done_again(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    def fill() -> None:
        with cache.filling(folder) as partial:
            assert partial is not None
            (partial / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill()
    with cache.filling(folder) as partial:
        assert partial is not None
        (partial / "whole").touch()

    assert [file.name for file in folder.iterdir()] == ["whole"]


def test_a_missing_go_is_one_sentence_that_says_which_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(LocalError, match=r"Go is not installed: install Go 1\.26\.0 or newer"):
        build.require_go()


def test_too_little_disk_is_one_sentence_with_what_is_needed_and_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "run_go", lambda *_arguments: str(tmp_path))
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    with pytest.raises(LocalError, match=rf"needs \d+ GB .* {tmp_path} has 1\.0 GB free"):
        build.require_space(6, tmp_path)


@pytest.mark.parametrize("tool", [*TOOLS, *NODE_TOOLS, *IMAGE_TOOLS], ids=lambda tool: tool.name)
def test_the_go_module_of_a_tool_builds_the_version_that_is_pinned(tool: Tool) -> None:
    required = (Path(resolve.__file__).parent / tool.module / "go.mod").read_text()

    lines = [line.removeprefix("require ").split() for line in required.splitlines()]
    versions = {line[0]: line[1] for line in lines if len(line) > 1 and line[1].startswith("v")}
    direct = [line[0] for line in lines if len(line) == 2 and line[0] in versions]
    package = next(iter(tool.packages.values()))
    # A package belongs to the required module with the longest matching path; a main function of
    # our own to what it requires itself.
    modules = direct if package == "." else [path for path in versions if package.startswith(path)]
    assert versions[max(modules, key=len)] == f"v{_module_version(tool)}"


def _module_version(tool: Tool) -> str:
    if tool.name != "Prometheus":
        return tool.version
    # Its module never left major version 0: v0.316.0 is release 3.16.0.
    major, minor, patch = tool.version.split(".")
    return f"0.{major}{int(minor):02}.{patch}"
