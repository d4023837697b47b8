"""Where the tests get Prometheus and Alertmanager from: PATH, or Debian's packages in the cache."""

import functools
import shutil
from pathlib import Path

from local.errors import LocalError
from local.toolchain import debian

_ADVICE = (
    "The monitoring tests need {program}: install it with your package manager, for example "
    "`apt-get install prometheus prometheus-alertmanager` or `brew install prometheus alertmanager`"
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
def _program(name: str) -> Path:
    on_path = shutil.which(name)
    if on_path:
        return Path(on_path)
    try:
        packages = debian.fetch("prometheus", "prometheus-alertmanager", report=lambda _: None)
        return packages.program(name)
    except LocalError as error:
        raise LookupError(_ADVICE.format(program=name)) from error
