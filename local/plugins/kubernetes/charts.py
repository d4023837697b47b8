"""Helm charts: previewed as one opaque resource and refused at up; nothing here renders them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import ConstructRequest, ConstructResponse

from local.plugins import values
from local.plugins.kubernetes import kinds
from local.plugins.server import EngineLog, PluginError
from local.plugins.values import Properties


async def construct(request: ConstructRequest, log: EngineLog) -> ConstructResponse:
    """A preview's stand-in for a `helm.sh/v4:Chart`: one component without children.

    Raises PluginError at up, and for other components.
    """
    if request.resource_type != kinds.HELM_CHART:
        raise PluginError(
            f"{request.resource_type} is not in the stand-in kubernetes plugin; "
            "run where Pulumi can download the official plugin"
        )
    if not pulumi.runtime.is_dry_run():
        raise _refusal(request.inputs)
    component = pulumi.ComponentResource(request.resource_type, request.name, {}, request.options)
    component.register_outputs({})
    urn = str(await component.urn.future())
    _warn(request.inputs, urn, log)
    return ConstructResponse(urn=urn, state={"resources": values.UNKNOWN}, state_dependencies={})


def release(inputs: Properties, *, urn: str, is_preview: bool, log: EngineLog) -> Properties:
    """A preview's stand-in for the state of a `helm.sh/v3:Release`. Raises PluginError at up."""
    if not is_preview:
        raise _refusal(inputs)
    _warn(inputs, urn, log)
    return {**inputs, "status": values.UNKNOWN}


def _warn(inputs: Mapping[str, PropertyValue], urn: str, log: EngineLog) -> None:
    log.warning(
        f"the resources of the Helm chart {_chart_name(inputs)} were not rendered here: the "
        "stand-in kubernetes plugin cannot, so neither they nor what policies say about them are "
        "in this preview",
        urn=urn,
    )


def _refusal(inputs: Mapping[str, PropertyValue]) -> PluginError:
    return PluginError(
        f"the Helm chart {_chart_name(inputs)} cannot be installed by the stand-in kubernetes "
        "plugin; switch the chart off for this stack, or run where Pulumi can download the "
        "official plugin"
    )


def _chart_name(inputs: Mapping[str, PropertyValue]) -> Any:
    return values.to_python(inputs["chart"]) if "chart" in inputs else "without a name"
