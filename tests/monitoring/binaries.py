"""Where the tests get Prometheus and its company from: PATH, or Debian's packages in the cache."""

import functools
import shutil
from pathlib import Path

from local.errors import LocalError
from local.toolchain import debian

_ADVICE = (
    "The monitoring tests need {program}: install it with your package manager, for example "
    "`apt-get install prometheus prometheus-alertmanager prometheus-blackbox-exporter` or "
    "`brew install prometheus alertmanager`"
)


def promtool() -> Path:
    """Prometheus's tool that checks rules and runs their unit tests.

    Raises:
        LookupError: if it is not to be had, with what to install.
    """
    return _program("promtool")


def prometheus() -> Path:
    """Prometheus itself.

    Raises:
        LookupError: if it is not to be had, with what to install.
    """
    return _program("prometheus")


def amtool() -> Path:
    """Alertmanager's tool that checks its configuration and shows where an alert would go.

    Raises:
        LookupError: if it is not to be had, with what to install.
    """
    return _program("amtool")


def blackbox_exporter() -> Path:
    """What asks a target that a request names, from outside.

    Raises:
        LookupError: if it is not to be had, with what to install.
    """
    on_path = shutil.which("blackbox_exporter")
    package = "prometheus-blackbox-exporter"
    return Path(on_path) if on_path else _program(package, package)


def alertmanager() -> tuple[str | Path, ...]:
    """Alertmanager itself: the beginning of a command.

    Debian's reads a template from /usr/share. Where the package is not installed, it gets that of
    the cache there, which nobody else sees.

    Raises:
        LookupError: if it is not to be had, with what to install.
    """
    for name in ("alertmanager", "prometheus-alertmanager"):
        on_path = shutil.which(name)
        if on_path:
            return (on_path,)
    program = _program("prometheus-alertmanager")
    share = program.parents[1] / "share"
    with_share = 'mount --bind "$0" /usr/share && exec "$@"'
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", with_share, share, program)


@functools.cache
def _program(name: str, *packages: str) -> Path:
    """A program of these packages of Debian; of Prometheus and Alertmanager if none are given."""
    on_path = shutil.which(name)
    if on_path:
        return Path(on_path)
    try:
        wanted = packages or ("prometheus", "prometheus-alertmanager")
        return debian.fetch(*wanted, report=lambda _: None).program(name)
    except LocalError as error:
        raise LookupError(_ADVICE.format(program=name)) from error
