"""The platform's resources declared one after the other in one file, without any component.

The file is written from the state of a deployed stack, so that both programs declare the same. It
holds that stack's generated secrets in plain text, lives in a temporary folder and goes with it.
"""

import re
from collections.abc import Iterator, Mapping
from pprint import pformat
from typing import Any

_HEADER = """\
import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pulumi_tls as tls

cluster = kubernetes.Provider("cluster", context={context!r})
on_cluster = pulumi.ResourceOptions(provider=cluster)
"""

# Not part of what the program declares: the stack, the providers, the components themselves.
_NOT_DECLARED = ("pulumi:", "n8n-platform:")

_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - Pulumi's own mark of a secret


def program(resources: list[Mapping[str, Any]], *, context: str) -> str:
    """A program that declares every resource of a state exported with its secrets shown."""
    return "\n".join([_HEADER.format(context=context), *_declarations(resources)])


def _declarations(resources: list[Mapping[str, Any]]) -> Iterator[str]:
    for number, resource in enumerate(resources):
        type_ = resource["type"]
        if type_.startswith(_NOT_DECLARED):
            continue
        package, module, kind = type_.split(":")
        inputs = {
            _snake(key): _plain(value)
            for key, value in resource["inputs"].items()
            if key not in ("apiVersion", "kind", "__defaults")
        }
        options = ""
        if package == "kubernetes":
            options = ", opts=on_cluster"
            group, version = module.split("/")
            known = _module(group)
            if known is None:
                inputs |= {"api_version": resource["inputs"]["apiVersion"], "kind": kind}
                spec = inputs.pop("spec", None)
                constructor = "kubernetes.apiextensions.CustomResource"
                options += f", spec={pformat(spec)}"
            else:
                constructor = f"kubernetes.{known}.{version}.{kind}"
        else:
            constructor = f"{package}.{kind}"
        yield f"{constructor}({f'r{number}'!r}, **{pformat(inputs)}{options})"


def _module(group: str) -> str | None:
    """The SDK's module of an API group; None for custom resources."""
    if group in ("core", "apps", "batch", "autoscaling", "policy"):
        return group
    return group.removesuffix(".k8s.io") if group in ("networking.k8s.io",) else None


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if _SECRET in str(list(value)[:1]) or "plaintext" in value:
            import json

            return json.loads(value["plaintext"])
        return {key: _plain(each) for key, each in value.items() if key != "__defaults"}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
