"""How far Redis's nodes are with a password: each says it itself, of what it really accepts."""

from esc.rotation.errors import RotationError
from esc.rotation.plan import WORDS
from esc.rotation.programs import Kubectl

PODS = "app.kubernetes.io/name=redis,app.kubernetes.io/component=node"
"""Selects the nodes' pods."""

_ASK = ("--container", "keeper", "--", "sh", "/etc/redis/passwords.sh")

PATIENCE_SECONDS = 240
"""How long a step may take to arrive: the kubelet takes up to two minutes, the keeper looks every
5 s."""


def words(kubectl: Kubectl, user: str) -> dict[str, str]:
    """What each node says of a user's passwords: one of `WORDS`, or that it is not there yet."""
    return {
        pod["metadata"]["name"]: _word(kubectl, pod["metadata"]["name"], user)
        for pod in kubectl.items("pods", "--selector", PODS)
    }


def agreed(said: dict[str, str]) -> str | None:
    """The word that all nodes say; None while they do not."""
    different = set(said.values())
    word = different.pop() if len(different) == 1 else None
    return word if word in WORDS else None


def _word(kubectl: Kubectl, pod: str, user: str) -> str:
    try:
        lines = kubectl("exec", pod, *_ASK).splitlines()
    except RotationError:
        return "does not answer"
    said = dict(line.split(maxsplit=1) for line in lines if " " in line)
    return said.get(user, "does not answer")
