"""The owner account of a local n8n: made once, kept in a file that only its user can read."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import asdict, dataclass
from pathlib import Path

from local.errors import LocalError
from local.n8n.api import N8n

_EMAIL = "owner@n8n.localhost"
_LENGTH = 20
"""Characters of a password: about 119 bits. n8n takes 8 to 64, with a digit and a capital."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The account that n8n calls its owner.

    Attributes:
        email: what the owner logs in with; nothing is ever sent there.
        password: its password.
    """

    email: str
    password: str

    def __repr__(self) -> str:
        """Without the password, which would end up in a traceback or a log."""
        return f"Owner(email={self.email!r})"


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The owner, logged in.

    Attributes:
        owner: the account.
        created: whether the account was set up just now: the one time to show the password.
    """

    owner: Owner
    created: bool


def sign_in(n8n: N8n, file: Path) -> SignedIn:
    """Log in as the owner, whose account is set up if the instance has none.

    Args:
        n8n: the instance; stays logged in.
        file: where the account is kept, with mode 600; made if there is none.

    Raises:
        LocalError: the instance has another owner than the file says, with what to do.
    """
    owner = _stored(file) or _store(_generate(), file)
    if not n8n.has_owner():
        n8n.set_up_owner(
            email=owner.email, password=owner.password, first_name="Local", last_name="Owner"
        )
        return SignedIn(owner=owner, created=True)
    if not n8n.log_in(email=owner.email, password=owner.password):
        raise LocalError(
            f"n8n has another owner than {file} says: write the owner's email and password into "
            "that file, or start afresh with `make down` and `make up`."
        )
    return SignedIn(owner=owner, created=False)


def _generate() -> Owner:
    alphabet = string.ascii_letters + string.digits
    while True:
        password = "".join(secrets.choice(alphabet) for _ in range(_LENGTH))
        if any(each.isdigit() for each in password) and any(each.isupper() for each in password):
            return Owner(email=_EMAIL, password=password)


def _stored(file: Path) -> Owner | None:
    if not file.exists():
        return None
    try:
        return Owner(**json.loads(file.read_text()))
    except (ValueError, TypeError) as error:
        raise LocalError(
            f"{file} must hold an email and a password as JSON: correct it, or delete it and "
            "start afresh with `make down` and `make up`."
        ) from error


def _store(owner: Owner, file: Path) -> Owner:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(asdict(owner), indent=2) + "\n")
    partial.rename(file)
    return owner
