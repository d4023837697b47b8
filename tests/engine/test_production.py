"""Production and its standby, previewed by the real engine before anything of them exists.

No control plane is needed: the cluster's address is not known before EKS has made it, so nobody is
asked what Kubernetes would say of its objects, and policies judge what the program declares. What
AWS would say is not known here either: `aws` is the stand-in that only previews, where the official
plugin cannot be had.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from local.environment import REPOSITORY, Environment
from tests.engine.stacks import Stack, link_program

PACKS = [str(REPOSITORY / "policies" / name) for name in ("soc2", "gdpr")]

_CREDENTIALS = {
    name: f"marker-of-{name.lower()}"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
}


_SOURCE = "arn:aws:rds:{region}:111122223333:db:n8n-1"
_RECORDS = {
    "zoneId": "Z0123456789ABC",
    "endpoint": "lb.n8n.example",
    "checkHost": "region.n8n.example",
}
_CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "production": ("production", {}),
    "production-standby": ("production-standby", {}),
    "production-with-records": ("production", {"failover": {"records": _RECORDS}}),
    # As `make failover` leaves them: either may have either role, under the same policies.
    "production-taken-over": ("production-standby", {"role": "primary", "database": None}),
    "production-made-standby": (
        "production",
        {
            "role": "standby",
            "database": {"sourceArn": _SOURCE.format(region="eu-west-1"), "generation": 2},
        },
    ),
}
"""Stacks as they are committed, and with other settings of AWS; None takes an area out."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a preview came to.

    Attributes:
        name: which of `_CHANGES`.
        changes: number of resources by what would be done to them.
        text: all that was printed.
        judged: what both packs decided, one for each resource and condition.
        kept: what was written down: the state, and the packs' record.
    """

    name: str
    changes: dict[str, int]
    text: str
    judged: list[dict[str, Any]]
    kept: str

    def kinds(self, result: str | None = None) -> Counter[str]:
        """How many resources of each kind were judged, or judged so."""
        found = {
            (each["urn"], each["type"].rpartition(":")[2])
            for each in self.judged
            if "type" in each and result in (None, each["result"])
        }
        return Counter(kind for _, kind in found)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The toolchain and the plugins, without a control plane."""
    environment = Environment(tmp_path_factory.mktemp("without-cluster"))
    environment.prepare()
    return environment


def _changed(aws: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    changed = dict(aws)
    for key, value in change.items():
        if value is None:
            del changed[key]
        elif isinstance(value, dict):
            changed[key] = {**changed.get(key, {}), **value}
        else:
            changed[key] = value
    return changed


@pytest.fixture(scope="module", params=_CHANGES)
def preview(
    request: pytest.FixtureRequest,
    prepared: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Preview]:
    """The stack, without `environment:`, which needs Pulumi Cloud."""
    name, change = _CHANGES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    record = folder / "record"
    program = link_program(folder / "program")
    settings = yaml.safe_load((REPOSITORY / f"Pulumi.{name}.yaml").read_text())["config"]
    settings["n8n-platform:aws"] = _changed(settings["n8n-platform:aws"], change)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("N8N_PLATFORM_CHANGE", "tested")
        patch.setenv("POLICY_RECORD", str(record))
        for variable, value in _CREDENTIALS.items():
            patch.setenv(variable, value)
        stack = Stack(prepared, program, name)
        stack.configure(
            {key.removeprefix("n8n-platform:"): value for key, value in settings.items()}
        )
        result = stack.preview(policy_packs=PACKS)
        recorded = "".join(file.read_text() for file in record.iterdir())
        yield Preview(
            name=request.param,
            changes={str(each): number for each, number in result.change_summary.items()},
            text=result.stdout + result.stderr,
            judged=[json.loads(line) for line in recorded.splitlines()],
            kept=recorded + stack.state_text(),
        )


def test_everything_would_be_created(preview: Preview) -> None:
    assert set(preview.changes) == {"create"}


def test_both_packs_find_nothing(preview: Preview) -> None:
    violated = {each["condition"] for each in preview.judged if each.get("result") == "violated"}
    assert violated == set()


def test_what_kubernetes_would_be_told_is_judged(preview: Preview) -> None:
    """Without what the program declares, every condition on a whole stack would be undecided."""
    tiers = {
        each["urn"].rpartition("::")[2]
        for each in preview.judged
        if each.get("condition") == "workload-has-one-disruption-budget"
        and each["result"] == "passed"
    }
    assert {"n8n-main", "n8n-webhook", "n8n-worker"} <= tiers


def test_the_gateway_has_what_makes_it_real(preview: Preview) -> None:
    """From an empty account nothing else brings the kind, the class or the load balancer."""
    assert preview.kinds() >= Counter(["Gateway", "GatewayClass", "EnvoyProxy"])


def test_no_credential_is_in_what_is_printed_or_kept(preview: Preview) -> None:
    assert [each for each in _CREDENTIALS.values() if each in preview.text + preview.kept] == []


def test_requests_are_led_by_route_53_where_the_stack_says_so(preview: Preview) -> None:
    led = any("route53/record:Record" in line for line in preview.text.splitlines())
    assert led == (preview.name == "production-with-records")
