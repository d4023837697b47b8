"""n8n's own API, the one that its editor uses: log in, import a workflow, publish it.

Read from n8n 2.40. Its public API would need a key that somebody makes in the editor first, and
`n8n import:workflow` a restart before the workflow runs.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.errors import LocalError
from local.n8n.public import Answer, Session, expect_json

Workflow = Mapping[str, Any]
"""A workflow in n8n's export format; the API speaks it, too."""

_OPENING_SECONDS = 180
"""How long to wait until the editor answers: a new main pod is ready before the route to it is."""

_POLL_SECONDS = 0.5

# What an export holds and the API takes back; the rest, such as its version, is n8n's to give.
_CONTENT = ("name", "nodes", "connections", "settings", "meta", "pinData")


class N8n:
    """n8n's API at the editor's address."""

    def __init__(self, editor_url: str) -> None:
        self._session = Session(url=editor_url)

    @property
    def cookies(self) -> Mapping[str, str]:
        """What a browser would present to be logged in, too."""
        return self._session.cookies

    def wait_until_open(self, report: Callable[[str], None]) -> None:
        """Wait until the editor's API answers at its public address.

        Raises:
            LocalError: it did not in three minutes, with what answered instead.
        """
        deadline = time.monotonic() + _OPENING_SECONDS
        while True:
            answered = self._answers()
            if answered is None:
                return
            if time.monotonic() > deadline:
                raise LocalError(
                    f"n8n does not answer at {self._session.url} ({answered}): `make status` shows "
                    "its pods, `make logs TIER=main` what it says."
                )
            report(f"waiting for {self._session.url} ({answered})")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> str | None:
        """None if the API answers; otherwise what happened instead."""
        try:
            answer = self._session.request("GET", "/rest/settings")
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        is_json = any("json" in kind for kind in answer.headers.get("content-type", []))
        return None if answer.status == 200 and is_json else f"HTTP status {answer.status}"

    def has_owner(self) -> bool:
        """Whether somebody set up the owner account of this instance."""
        settings = expect_json(self.request("GET", "/rest/settings"), "give its settings")
        return not settings["userManagement"]["showSetupOnFirstLoad"]

    def set_up_owner(self, *, email: str, password: str, first_name: str, last_name: str) -> None:
        """Make the owner account of an instance that has none, and log in as the owner."""
        answer = self.request(
            "POST",
            "/rest/owner/setup",
            {"email": email, "password": password, "firstName": first_name, "lastName": last_name},
        )
        expect_json(answer, "set up the owner account")

    def log_in(self, *, email: str, password: str) -> bool:
        """Log in; False if n8n does not know this e-mail with this password."""
        answer = self.request(
            "POST", "/rest/login", {"emailOrLdapLoginId": email, "password": password}
        )
        if answer.status == 401:
            return False
        expect_json(answer, "log the owner in")
        return True

    def provide_workflow(self, workflow: Workflow) -> None:
        """Have this workflow, as it is given and published, under its own ID.

        One that is there and the same is left alone; a different one becomes a new version of it.

        Raises:
            LocalError: n8n refused, for example because another workflow has the webhook's path.
        """
        content = {key: workflow[key] for key in _CONTENT if key in workflow}
        path = f"/rest/workflows/{workflow['id']}"
        what = f"import the workflow {workflow['name']}"
        answer = self.request("GET", path)
        if answer.status == 404:
            stored = expect_json(
                self.request("POST", "/rest/workflows", {"id": workflow["id"], **content}), what
            )
        else:
            stored = expect_json(answer, what)
            if any(stored.get(key) != content[key] for key in ("name", "nodes", "connections")) or (
                not _contains(stored.get("settings") or {}, content.get("settings") or {})
            ):
                stored = expect_json(self.request("PATCH", path, content), what)
        if stored["activeVersionId"] != stored["versionId"]:
            expect_json(
                self.request("POST", f"{path}/activate", {"versionId": stored["versionId"]}),
                f"publish the workflow {workflow['name']}",
            )

    def request(self, method: str, path: str, content: object = None) -> Answer:
        """Ask the API for anything else, with `content` as JSON unless it is None.

        Raises:
            LocalError: n8n does not answer.
        """
        try:
            return self._session.request(method, path, content)
        except (OSError, http.client.HTTPException) as error:
            raise LocalError(
                f"n8n stopped answering at {self._session.url} ({error or type(error).__name__}): "
                "`make status` shows its pods."
            ) from error


def _contains(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the stored settings say what is wanted; n8n adds its own beside them."""
    return all(stored.get(key) == value for key, value in wanted.items())
