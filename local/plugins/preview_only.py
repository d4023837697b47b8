"""Stand-in for a package that can be previewed here but not applied: `aws`.

What a change would do is decided from the inputs alone: any that differs is an update. Which ones
would force a replacement only the official plugin knows, and what the cloud answers is unknown.
"""

import argparse
import sys
from typing import ClassVar, NoReturn

from pulumi.provider.experimental import provider as framework
from typing_extensions import override

from local.plugins import server
from local.plugins.differences import differences
from local.plugins.server import EngineLog, PluginError, StandIn
from local.plugins.servicer import PREVIOUS_INPUTS, previous_inputs


class PreviewOnlyProvider(StandIn):
    """A package of which any resource can be previewed, and none changed or looked up."""

    limits: ClassVar = (
        "It only previews: inputs are not checked against the package's schema, replacements are "
        "shown as updates, and `pulumi up` is refused."
    )

    def __init__(self, log: EngineLog, *, package: str) -> None:
        super().__init__(log)
        self.package = package

    @override
    async def diff(self, request: framework.DiffRequest) -> framework.DiffResponse:
        old, new = previous_inputs(request.old_state), request.new_inputs
        detailed = {
            path: framework.PropertyDiff(kind, input_diff=True)
            for name in sorted({*old, *new})
            for path, kind in differences(name, old.get(name), new.get(name)).items()
        }
        return framework.DiffResponse(changes=bool(detailed), detailed_diff=detailed)

    @override
    async def create(self, request: framework.CreateRequest) -> framework.CreateResponse:
        if not request.preview:
            self._refuse("create", request.urn)
        return framework.CreateResponse(properties=request.properties)

    @override
    async def update(self, request: framework.UpdateRequest) -> framework.UpdateResponse:
        if not request.preview:
            self._refuse("update", request.urn)
        kept = {name: value for name, value in request.olds.items() if name != PREVIOUS_INPUTS}
        return framework.UpdateResponse(properties={**kept, **request.news})

    @override
    async def delete(self, request: framework.DeleteRequest) -> None:
        self._refuse("delete", request.urn)

    @override
    async def read(self, request: framework.ReadRequest) -> framework.ReadResponse:
        self._refuse("read", request.urn)

    def _refuse(self, operation: str, urn: str) -> NoReturn:
        raise PluginError(
            f"cannot {operation} {urn.rpartition('::')[2]}: the stand-in plugin "
            f"'{self.package}' only previews; run on a machine with internet access, where Pulumi "
            "downloads the official plugin"
        )


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", required=True)
    parser.add_argument("--version", required=True)
    own, sys.argv[1:] = parser.parse_known_args()
    server.serve_provider(
        lambda log: PreviewOnlyProvider(log, package=own.package), version=own.version
    )


if __name__ == "__main__":
    _main()
