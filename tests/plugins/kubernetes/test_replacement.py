import pytest

from local.plugins.kubernetes import replacement
from tests.plugins.kubernetes.objects import config_map


def _fields(obj, *, mutable=False):
    return replacement.fields(obj, mutable_config_maps=mutable, mutable_secrets=mutable)


def _of(api_version: str, kind: str) -> tuple[str, ...]:
    return _fields({"apiVersion": api_version, "kind": kind})


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "value"),
    [
        ("v1", "Service", ("spec", "clusterIP"), "10.0.0.1"),
        ("v1", "PersistentVolumeClaim", ("spec", "storageClassName"), "fast"),
        ("apps/v1", "StatefulSet", ("spec", "volumeClaimTemplates", 0, "spec"), {}),
        ("batch/v1", "Job", ("spec", "template", "spec", "containers", 0, "image"), "x"),
        ("storage.k8s.io/v1", "StorageClass", ("parameters", "type"), "gp3"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", ("roleRef", "name"), "x"),
        ("v1", "Pod", ("spec", "containers", 1, "env"), []),
        ("v1", "Namespace", ("metadata", "name"), "x"),
    ],
)
def test_immutable_fields_force_a_replacement(api_version, kind, path, value):
    assert replacement.forces(path, value, _of(api_version, kind))


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "value"),
    [
        ("v1", "Service", ("spec", "ports", 0, "port"), 80),
        ("v1", "PersistentVolumeClaim", ("spec", "resources", "requests", "storage"), "2Gi"),
        ("apps/v1", "StatefulSet", ("spec", "replicas"), 3),
        ("apps/v1", "Deployment", ("spec", "template", "spec", "containers"), []),
        ("v1", "Pod", ("metadata", "labels", "name"), "x"),
    ],
)
def test_other_fields_are_changed_in_place(api_version, kind, path, value):
    assert not replacement.forces(path, value, _of(api_version, kind))


def test_an_added_branch_that_brings_an_immutable_field_forces_a_replacement():
    fields = _of("v1", "Pod")
    assert replacement.forces(("spec", "containers"), [{"name": "a"}, {"image": "b"}], fields)
    assert not replacement.forces(("spec", "containers"), [{"name": "a"}], fields)


def test_config_maps_are_updated_in_place_only_when_the_provider_is_told_so():
    assert replacement.forces(("data", "a"), "b", _fields(config_map(a="a")))
    assert not replacement.forces(("data", "a"), "b", _fields(config_map(a="a"), mutable=True))


def test_an_immutable_secret_is_replaced_whatever_the_provider_is_told():
    secret = {"apiVersion": "v1", "kind": "Secret", "immutable": True}
    assert replacement.forces(("data", "a"), "b", _fields(secret, mutable=True))
