"""The platform's resources declared one after the other in one file, without any component.

The file is written from the state of a deployed stack, so that both programs declare the same. It
holds that stack's generated secrets in plain text, lives in a temporary folder and goes with it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pprint import pformat
from typing import Any

_HEADER = """\
import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pulumi_tls as tls

cluster = kubernetes.Provider(
    "cluster", context={context!r}, enable_config_map_mutable=True, enable_secret_mutable=True
)
"""

# Not part of what the program declares: the stack, the providers, the components themselves.
_NOT_DECLARED = ("pulumi:", "n8n-platform:")


def program(resources: Sequence[Mapping[str, Any]], *, context: str) -> str:
    """A program that declares every resource of a state exported with its secrets shown."""
    return "\n".join([_HEADER.format(context=context), *_declarations(resources)])


def _declarations(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    variables: dict[str, str] = {}
    for resource in resources:
        type_ = resource["type"]
        if type_.startswith(_NOT_DECLARED):
            continue
        # The same order of creation: what waited for something there waits for it here.
        needed = ", ".join(variables[urn] for urn in resource.get("dependencies", ()))
        variable = variables[resource["urn"]] = f"r{len(variables)}"
        package = type_.partition(":")[0]
        provider = "provider=cluster, " if package == "kubernetes" else ""
        options = f"pulumi.ResourceOptions({provider}depends_on=[{needed}])"
        constructor, arguments = _constructor(type_, resource["inputs"])
        yield f"{variable} = {constructor}({variable!r}, **{pformat(arguments)}, opts={options})"


def _constructor(type_: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class of a resource and the arguments of its constructor."""
    package, module, kind = type_.split(":")
    arguments = {
        _snake(key): _plain(value) for key, value in inputs.items() if not key.startswith("__")
    }
    if package != "kubernetes":
        return f"{package}.{kind}", arguments
    group, version = module.split("/")
    if group not in _TYPED:
        return "kubernetes.apiextensions.CustomResource", arguments
    del arguments["api_version"], arguments["kind"]
    return f"kubernetes.{group.removesuffix('.k8s.io')}.{version}.{kind}", arguments


_TYPED = ("core", "apps", "batch", "autoscaling", "policy", "networking.k8s.io")
"""API groups for which the SDK has classes; everything else is a custom resource."""


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        # A secret, as the export shows it: Pulumi's mark, and the value as JSON.
        if "plaintext" in value:
            return json.loads(value["plaintext"])
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
