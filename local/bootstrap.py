"""Stage 0: make the virtual environment and hand over to it; needs nothing but Python.

    python3 local/bootstrap.py ARGUMENTS…

checks Python's version, creates `.venv` in the checkout, installs requirements.txt into it when
that file changed (checked against its hashes), and becomes `.venv/bin/python ARGUMENTS…`. An
interrupted installation is done again by the next run.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Have the virtual environment, then run what was asked for in it."""
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        sys.exit(
            f"Python {oldest} or newer is needed and this is {sys.version.split()[0]}: install a "
            f"newer one and name it, as in `make up PYTHON=python{oldest}`."
        )
    folder = REPOSITORY / ".venv"
    python = folder / "bin" / "python"
    private = REPOSITORY / ".local"
    private.mkdir(mode=0o700, exist_ok=True)
    with (private / "venv.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        provide(folder, python, REPOSITORY / "requirements.txt")
    os.chdir(REPOSITORY)
    os.execv(python, [str(python), *sys.argv[1:]])  # noqa: S606 (no shell is wanted)


def provide(folder: Path, python: Path, requirements: Path) -> None:
    """Have `requirements` installed in the virtual environment `folder`."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    installed = folder / "installed"
    # A Python that was updated or removed leaves a `python` that does not start.
    works = python.exists() and not subprocess.call([python, "-c", ""], stderr=subprocess.DEVNULL)
    if works and installed.exists() and installed.read_text() == wanted:
        return
    if not works:
        create(folder)
    install(python, requirements)
    installed.write_text(wanted)


def create(folder: Path) -> None:
    """Make the virtual environment `folder`, empty."""
    say("Creating .venv")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(folder)]):
        sys.exit(
            "Python cannot create a virtual environment: install its venv module, on Debian "
            "and Ubuntu with `apt-get install python3-venv`, and run this again."
        )


def install(python: Path, requirements: Path) -> None:
    """Let pip install `requirements`, with a line of progress."""
    total = sum("==" in line for line in requirements.read_text().splitlines())
    command = [python, "-m", "pip", "install", "--require-hashes", "-r", requirements]
    say(f"Installing {total} Python packages")
    started = time.monotonic()
    said = []
    with subprocess.Popen(
        [*command, "--disable-pip-version-check", "--progress-bar", "off"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            collected = sum(text.startswith("Collecting ") for text in said)
            if line.startswith(("Collecting ", "Installing ")):
                phase = (
                    "installing" if line.startswith("Installing ") else f"{collected} of {total}"
                )
                say(f"Python packages: {phase} ({time.monotonic() - started:.0f} s)", passing=True)
    if pip.returncode:
        sys.exit(
            "pip could not install requirements.txt; run the same command again to retry. It "
            f"said:\n{''.join(said[-15:])}"
        )
    say(f"✓ Python packages: {total} installed ({time.monotonic() - started:.0f} s)")


def say(text: str, *, passing: bool = False) -> None:
    """Print a line; a passing one only on a terminal, where the next line replaces it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}" + ("" if passing else "\n"))
    elif not passing:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The same command goes on from here.")
