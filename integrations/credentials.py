"""How a service's keys become a credential of n8n's, which workflows use without seeing them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.texts import names


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """What a request carries, in texts in which `{NAME}` stands for a variable's value.

    Attributes:
        headers: headers to send.
        basic: user name and password of basic authentication.
        token_scheme: the word before a short-lived token in the header Authorization. The check's
            call asks for the token; its answer has it as `access_token`.
    """

    headers: Mapping[str, str]
    basic: tuple[str, str] | None
    token_scheme: str | None


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A type of n8n's credentials, with what its fields are filled with.

    Attributes:
        type: name of the type.
        fields: for each field a text, in which `{NAME}` stands for a variable's value.
        authentication: what a type of our own does with its fields; None for a type of n8n's, which
            does it itself.
    """

    type: str
    fields: Mapping[str, str]
    authentication: Authentication | None


def credential(entry: Mapping[str, Any]) -> Credential:
    """The credential of a service that has one.

    Args:
        entry: the service, as the catalogue's file gives it.
    """
    wanted = entry["n8n"]
    if "credential" in wanted:
        return Credential(type=wanted["credential"], fields=wanted["fields"], authentication=None)
    check = entry.get("check", {})
    sends = check if wanted["sends"] == "check" else wanted["sends"]
    headers, basic = sends.get("headers", {}), sends.get("basic")
    texts = [*headers.values(), *(basic or ())]
    if "token" in sends:
        texts = [check.get("url", ""), *check.get("basic", ()), *check.get("form", {}).values()]
    words = "".join(word.capitalize() for word in entry["id"].split("-"))
    return Credential(
        # n8n may have a type of its own for the service one day; it will not be called this.
        type=f"platform{words}Api",
        fields={name: f"{{{name}}}" for name in names(texts)},
        authentication=Authentication(
            headers=headers,
            basic=(basic[0], basic[1]) if basic else None,
            token_scheme=sends.get("token"),
        ),
    )
