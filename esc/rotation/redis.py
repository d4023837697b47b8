"""How far Redis's nodes are with a password: each says it itself, of what it really accepts."""

from esc.rotation.plan import WORDS
from esc.rotation.programs import Kubectl

PODS = "app.kubernetes.io/name=redis,app.kubernetes.io/component=node"
"""Selects the nodes' pods."""

_ASK = ("--container", "keeper", "--", "sh", "/etc/redis/passwords.sh")

PATIENCE_SECONDS = 240
"""How long a step may take to arrive: the kubelet takes up to two minutes, the keeper looks every
5 s."""


def words(kubectl: Kubectl, user: str) -> dict[str, str]:
    """What each node says of a user's passwords: one of `WORDS`, or `pending`."""
    return {
        pod["metadata"]["name"]: _word(kubectl, pod["metadata"]["name"], user)
        for pod in kubectl.items("pods", "--selector", PODS)
    }


def agreed(said: dict[str, str]) -> str | None:
    """The word that all nodes say; None while they do not, or one is `pending`."""
    different = set(said.values())
    word = different.pop() if len(different) == 1 else None
    return word if word in WORDS else None


def _word(kubectl: Kubectl, pod: str, user: str) -> str:
    for line in kubectl("exec", pod, *_ASK).splitlines():
        name, _, word = line.partition(" ")
        if name == user:
            return word.strip()
    return "nothing"
