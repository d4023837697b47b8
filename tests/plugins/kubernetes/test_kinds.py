import pytest

from local.plugins.kubernetes import kinds
from local.plugins.server import PluginError


@pytest.mark.parametrize(
    ("token", "api_version", "name"),
    [
        ("kubernetes:core/v1:Service", "v1", "Service"),
        ("kubernetes:apps/v1:Deployment", "apps/v1", "Deployment"),
        (
            "kubernetes:external-secrets.io/v1:ExternalSecret",
            "external-secrets.io/v1",
            "ExternalSecret",
        ),
    ],
)
def test_a_type_token_names_an_api_version_and_a_kind(token, api_version, name):
    kind = kinds.of_token(token)
    assert (kind.api_version, kind.name) == (api_version, name)


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:core/v1:ConfigMapList",
        "kubernetes:apps/v1:DeploymentPatch",
        "kubernetes:yaml/v2:ConfigGroup",
        "kubernetes:kustomize/v2:Directory",
        "kubernetes:helm.sh/v3:Chart",
        "aws:s3/bucket:Bucket",
    ],
)
def test_what_is_not_a_single_object_is_refused_by_its_token(token):
    with pytest.raises(PluginError, match=token):
        kinds.of_token(token)


def test_a_custom_resource_may_be_called_a_patch():
    assert kinds.of_token("kubernetes:example.com/v1:SecurityPatch").name == "SecurityPatch"


def test_an_objects_own_api_version_says_its_kind():
    assert kinds.is_kind({"apiVersion": "batch/v1", "kind": "Job"}, "batch", "Job")
    assert kinds.is_secret({"apiVersion": "v1", "kind": "Secret"})
    assert not kinds.is_secret({"apiVersion": "example.com/v1", "kind": "Secret"})
