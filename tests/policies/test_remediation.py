"""Remediation through the SDK's own server: what it may change, and what it must leave alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE

from policies.assessment import Assessment
from policies.conditions import ALL
from policies.pack import policies
from policies.soc2.controls import FRAMEWORK

_DEPLOYMENT = "kubernetes:apps/v1:Deployment"
_SECCOMP = "seccomp-profile-is-set"
_TOKEN = "pods-mount-no-token"
_LABELS = "recommended-labels-are-set"


def secret(value: Any) -> Mapping[str, Any]:
    """A value as Pulumi marks it a secret on the wire."""
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


def with_pods(spec: Any, **others: Any) -> Mapping[str, Any]:
    return {"spec": {"template": {"spec": spec}}, **others}


class Pack:
    """The pack as the engine talks to it, with some conditions set to remediate."""

    def __init__(self, folder: Path, *remediating: str) -> None:
        config = folder / "config"
        config.mkdir()
        levels = {"enforcement": dict.fromkeys(remediating, "remediate")}
        (config / "test.json").write_text(json.dumps(levels))
        self._server = _PolicyAnalyzerServicer(
            name=FRAMEWORK.pack,
            version="1.0.0",
            policies=policies(Assessment(FRAMEWORK, ALL, "test", folder)),
            enforcement_level=EnforcementLevel.MANDATORY,
        )

    def remedied(self, properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What a Deployment's properties become; None if they stay."""
        request = proto.AnalyzeRequest(
            type=_DEPLOYMENT, urn="urn:pulumi:test::test::x::example", name="example"
        )
        json_format.ParseDict(dict(properties), request.properties)
        remediations = self._server.Remediate(request, None).remediations
        assert not any(each.diagnostic for each in remediations)
        return json_format.MessageToDict(remediations[-1].properties) if remediations else None


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path, _SECCOMP, _TOKEN, _LABELS)


def test_what_is_missing_is_set_and_all_else_stays(pack: Pack) -> None:
    container = {
        "name": "app",
        "image": UNKNOWN_STRING_VALUE,
        "env": [{"name": "KEY", "value": secret("hunter2")}],
    }
    context = {"runAsUser": secret(1000.0), "fsGroup": UNKNOWN_STRING_VALUE}

    assert pack.remedied(with_pods({"containers": [container], "securityContext": context})) == {
        "metadata": {"labels": {"app.kubernetes.io/managed-by": "pulumi"}},
        **with_pods(
            {
                "automountServiceAccountToken": False,
                "containers": [container],
                "securityContext": {**context, "seccompProfile": {"type": "RuntimeDefault"}},
            }
        ),
    }


def test_what_is_a_secret_as_a_whole_stays_one(pack: Pack) -> None:
    spec = secret({"containers": [{"name": "app"}], "automountServiceAccountToken": False})
    remedied = pack.remedied(with_pods(spec))

    assert remedied
    assert remedied["spec"]["template"]["spec"] == secret(
        {
            "automountServiceAccountToken": False,
            "containers": [{"name": "app"}],
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        }
    )


def test_what_somebody_chose_stays_a_finding(pack: Pack) -> None:
    chosen = {
        "automountServiceAccountToken": True,
        "containers": [{"name": "app"}],
        "securityContext": {"seccompProfile": {"type": "Unconfined"}},
    }
    metadata = {"labels": {"app.kubernetes.io/managed-by": "Helm"}}

    assert pack.remedied(with_pods(chosen, metadata=metadata)) is None


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"spec": UNKNOWN_OBJECT_VALUE},
        {"spec": None},
        with_pods(UNKNOWN_OBJECT_VALUE),
        with_pods({"containers": [UNKNOWN_OBJECT_VALUE]}),
        with_pods({"containers": UNKNOWN_OBJECT_VALUE, "securityContext": "text"}),
        with_pods({"containers": ["text", None], "securityContext": UNKNOWN_OBJECT_VALUE}),
        with_pods("text"),
    ],
)
def test_nothing_is_made_up_where_there_is_nothing_to_set_it_on(
    tmp_path: Path, properties: Mapping[str, Any]
) -> None:
    assert Pack(tmp_path, _SECCOMP).remedied(properties) is None


def test_unknown_labels_stay_unknown(pack: Pack) -> None:
    secure = {
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    }
    for metadata in (UNKNOWN_OBJECT_VALUE, {"labels": UNKNOWN_OBJECT_VALUE}, "text"):
        assert pack.remedied(with_pods(secure, metadata=metadata)) is None


def test_nothing_is_remedied_unless_the_configuration_says_so(tmp_path: Path) -> None:
    assert Pack(tmp_path).remedied(with_pods({"containers": [{"name": "app"}]})) is None
