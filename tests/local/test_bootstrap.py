"""Stage 0: when the virtual environment is made, kept and repaired."""

import sys
from pathlib import Path

import pytest

from local import bootstrap


@pytest.fixture
def installations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces pip; lists the requirements that were installed."""
    done: list[str] = []
    monkeypatch.setattr(
        bootstrap, "install", lambda _python, requirements: done.append(requirements.read_text())
    )
    return done


@pytest.fixture
def venv(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of a virtual environment whose Python works, and a requirements file."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1")
    return tmp_path / ".venv", requirements


def provide(folder: Path, requirements: Path) -> None:
    bootstrap.provide(folder, folder / "bin" / "python", requirements)


def test_requirements_are_installed_once(venv: tuple[Path, Path], installations: list[str]) -> None:
    provide(*venv)
    provide(*venv)

    assert installations == ["one==1"]


def test_changed_requirements_are_installed(
    venv: tuple[Path, Path], installations: list[str]
) -> None:
    provide(*venv)
    venv[1].write_text("one==2")
    provide(*venv)

    assert installations == ["one==1", "one==2"]


def test_an_interrupted_installation_is_done_again(
    venv: tuple[Path, Path], installations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_python: Path, _requirements: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            provide(*venv)
    provide(*venv)

    assert installations == ["one==1"]


def test_a_virtual_environment_whose_python_is_gone_is_made_anew(
    venv: tuple[Path, Path], installations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[Path] = []
    monkeypatch.setattr(bootstrap, "create", created.append)
    provide(*venv)
    python = venv[0] / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python")

    provide(*venv)

    assert created == [venv[0]]
    assert len(installations) == 2


def test_a_python_that_is_too_old_is_refused_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 14, "final", 0))

    with pytest.raises(SystemExit, match=r"3\.11 or newer is needed .*make up PYTHON=python3\.11"):
        bootstrap.main()
