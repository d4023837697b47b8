"""The Secrets that are made of the keys of the chosen integrations."""

import pulumi

from ai_gateway import routing
from components.secrets.keys import WantedSecret
from integrations.overwrites import overwrites
from settings import Settings
from settings.coverage import coverage


def wanted_for_integrations(settings: Settings) -> list[WantedSecret]:
    """A Secret for n8n and one for the AI gateway, with the keys that there are.

    A service that lacks a key is left out of them and works once the key is there.
    """
    found = coverage(settings)
    defined = {key.name for key in found.keys}
    secrets = []
    if found.selection.integrations:
        file = overwrites(found.selection, defined)
        secrets.append(
            WantedSecret(
                name=settings.secrets.credentials_secret,
                keys={key: key for key in file.keys},
                templates={"overwrites.json": file.template},
            )
        )
    providers = [key for key in routing.keys(settings.ai) if key in defined]
    if providers:
        secrets.append(
            WantedSecret(
                name=settings.secrets.ai_gateway_secret, keys={key: key for key in providers}
            )
        )
    return secrets


def say_what_is_missing(settings: Settings) -> None:
    """A line for each service that has not all its keys, in the engine's summary."""
    for line in coverage(settings).lines:
        if line.missing:
            pulumi.log.warn(
                f"{line.integration.name} ({line.integration.criticality}) cannot be used yet: "
                f"{', '.join(line.missing)} not in the ESC environment's definition"
            )
