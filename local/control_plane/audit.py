"""The API server's audit log: who asked it for what."""

from __future__ import annotations

import hashlib
from pathlib import Path

LOG = "audit.log"
"""The newest part of the log, one event in JSON a line; older ones have the time in their name."""

_POLICY = Path(__file__).with_name("audit-policy.yaml")

_MEBIBYTES = 10
_OLDER_PARTS = 4
"""With the newest, 50 MiB at most: some days of a platform that nobody works on."""
_DAYS = 30
"""For which a part is kept at most, as it says what persons did."""


def flags(folder: Path) -> dict[str, str]:
    """Flags of kube-apiserver with which it keeps its log in a folder.

    The name of the policy's file follows from what it says: another policy is another flag, with
    which the server is started anew.
    """
    return {
        "audit-policy-file": str(_copy(folder)),
        "audit-log-path": str(folder / LOG),
        "audit-log-maxsize": str(_MEBIBYTES),
        "audit-log-maxbackup": str(_OLDER_PARTS),
        "audit-log-maxage": str(_DAYS),
    }


def write_policy(folder: Path) -> None:
    """Have the policy that `flags` names in the folder, and none of before."""
    # kube-apiserver would make it so, too: nobody else may read who did what.
    folder.mkdir(mode=0o700, exist_ok=True)
    for earlier in folder.glob("policy-*.yaml"):
        earlier.unlink()
    _copy(folder).write_text(_POLICY.read_text())


def _copy(folder: Path) -> Path:
    digest = hashlib.sha256(_POLICY.read_bytes()).hexdigest()[:16]
    return folder / f"policy-{digest}.yaml"
