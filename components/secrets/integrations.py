"""The Secrets that are made of the keys of the chosen integrations."""

from dataclasses import replace

import pulumi

from ai_gateway import routing
from integrations.overwrites import Overwrites, overwrites
from integrations.selection import Selection
from settings import Settings
from settings.coverage import coverage
from settings.secret_keys import WantedSecret

OVERWRITES = "overwrites.json"
"""Key of the Secret from which n8n fills credentials."""

_GATEWAY = {
    "openAiApi": {
        # Anything: the router takes no key, and n8n asks for one.
        "apiKey": "ai-gateway",
        "url": f"{routing.ROUTER}/v1",
        "allowedHttpRequestDomains": "none",
    }
}
"""With an AI gateway, n8n's type of credentials for OpenAI is the gateway's, which speaks as OpenAI
does: a workflow names a use case as its model, and knows neither address nor key."""


def wanted_for_integrations(settings: Settings) -> list[WantedSecret]:
    """A Secret for n8n and one for the AI gateway, with the keys that there are.

    A service that lacks a key is left out of them and works once the key is there.
    """
    secrets = []
    if fills_credentials(settings):
        file = credential_overwrites(settings)
        secrets.append(
            WantedSecret(
                name=settings.secrets.credentials_secret,
                # External Secrets makes no Secret of no key: any does that is there, and it is not
                # in the file.
                keys={key: key for key in file.keys or ("N8N_RUNNERS_AUTH_TOKEN",)},
                templates={OVERWRITES: file.template},
            )
        )
    defined = {key.name for key in coverage(settings).keys}
    providers = [key for key in routing.keys(settings.ai) if key in defined]
    if providers:
        secrets.append(
            WantedSecret(
                name=settings.secrets.ai_gateway_secret, keys={key: key for key in providers}
            )
        )
    return secrets


def fills_credentials(settings: Settings) -> bool:
    """Whether there is anything that n8n fills credentials with."""
    return credential_overwrites(settings).types > 0


def credential_overwrites(settings: Settings) -> Overwrites:
    """What n8n fills credentials with: keys of services, and the way to the AI gateway.

    Keys that the gateway has are the gateway's alone.
    """
    found = coverage(settings)
    defined = {key.name for key in found.keys}
    if settings.ai.gateway == "none":
        return overwrites(found.selection, defined)
    routed = set(routing.keys(settings.ai))
    return overwrites(_without(found.selection, routed), defined, _GATEWAY)


def _without(selection: Selection, keys: set[str]) -> Selection:
    """The services that have none of these keys."""
    return replace(
        selection,
        integrations=tuple(
            each
            for each in selection.integrations
            if keys.isdisjoint(variable.name for variable in each.variables)
        ),
    )


def say_what_is_missing(settings: Settings) -> None:
    """A line for each service that has not all its keys, in the engine's summary."""
    for line in coverage(settings).lines:
        if line.missing:
            pulumi.log.warn(
                f"{line.integration.name} ({line.integration.criticality}) cannot be used yet: "
                f"{', '.join(line.missing)} not in the ESC environment's definition"
            )
