"""Rules of the way in."""

from collections.abc import Iterator

import versions
from settings.model import Settings
from settings.problems import Problem
from settings.rules.rule import Rules
from settings.types import image_version, parse_version


def what_is_installed_is_used(settings: Settings) -> Iterator[Problem]:
    """Envoy Gateway is installed for a Gateway of this stack, which its class makes real."""
    routing = settings.routing
    if routing.controller == "install" and not (routing.enabled and routing.envoy_gateway):
        yield Problem(
            key="routing.controller",
            given="install",
            wanted="installed, or routing.enabled and routing.envoyGateway both true: Envoy "
            "Gateway would be there for nothing",
            compares=("routing.enabled", "routing.envoyGateway"),
        )


def an_installed_gateway_is_apart(settings: Settings) -> Iterator[Problem]:
    """Each namespace that the stack makes has a quota and a network of its own."""
    routing = settings.routing
    if routing.controller != "install":
        return
    others = {"platform.namespace": settings.platform.namespace}
    if settings.monitoring.enabled:
        others["monitoring.namespace"] = settings.monitoring.namespace
    for key, namespace in others.items():
        if routing.gateway_namespace == namespace:
            yield Problem(
                key="routing.gatewayNamespace",
                given=namespace,
                wanted=f"a namespace other than {key}, as routing.controller is install",
                compares=("routing.controller", key),
            )


def controller_and_chart_are_one_release(settings: Settings) -> Iterator[Problem]:
    """A chart's definitions and rights are those that the program of its own release needs."""
    routing = settings.routing
    chart = parse_version(versions.ENVOY_GATEWAY_CHART)
    if routing.controller == "install" and image_version(routing.controller_image) != chart:
        yield Problem(
            key="routing.controllerImage",
            given=routing.controller_image,
            wanted=f"an image of {versions.ENVOY_GATEWAY_CHART}, the release of the chart",
            compares=("routing.controller",),
        )


RULES: Rules = (
    what_is_installed_is_used,
    an_installed_gateway_is_apart,
    controller_and_chart_are_one_release,
)
