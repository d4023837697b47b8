import pytest
import yaml

from local.plugins.kubernetes.kubeconfig import NoKubeconfigError, ProviderSettings, connect
from local.plugins.server import PluginError

CONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "one",
    "clusters": [
        {"name": name, "cluster": {"server": f"https://127.0.0.1:{port}"}}
        for name, port in (("one", 1), ("two", 2))
    ],
    "users": [{"name": "me", "user": {"token": "t"}}],
    "contexts": [
        {"name": "one", "context": {"cluster": "one", "user": "me"}},
        {"name": "two", "context": {"cluster": "two", "user": "me", "namespace": "apps"}},
    ],
}
CONTENTS = yaml.safe_dump(CONFIG)


def _connect(kubeconfig: str = "", context: str = "", namespace: str = "") -> tuple[str, str]:
    settings = ProviderSettings(kubeconfig=kubeconfig, context=context, namespace=namespace)
    client, default_namespace = connect(settings)
    return client.configuration.host, default_namespace


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "config"
    file.write_text(CONTENTS)
    return str(file)


def test_a_kubeconfig_may_be_given_as_a_path_or_by_its_contents(path):
    expected = ("https://127.0.0.1:1", "default")
    assert _connect(kubeconfig=path) == _connect(kubeconfig=CONTENTS) == expected


def test_the_environments_kubeconfig_is_used_when_none_is_given(path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", path)
    assert _connect() == ("https://127.0.0.1:1", "default")


def test_the_context_decides_the_cluster_and_the_namespace(path):
    assert _connect(kubeconfig=path, context="two") == ("https://127.0.0.1:2", "apps")
    assert _connect(kubeconfig=path, context="two", namespace="mine")[1] == "mine"


def test_a_context_that_does_not_exist_is_an_error_that_names_it(path):
    with pytest.raises(PluginError, match="has no context 'three'"):
        _connect(kubeconfig=path, context="three")


def test_a_missing_file_is_told_apart_from_a_wrong_one(tmp_path):
    with pytest.raises(NoKubeconfigError, match="there is no kubeconfig at"):
        _connect(kubeconfig=str(tmp_path / "nowhere"))


def test_a_broken_kubeconfig_is_not_quoted():
    with pytest.raises(PluginError, match="is not readable") as caught:
        _connect(kubeconfig="users: [token: hunter2\n")
    assert "hunter2" not in str(caught.value)


def test_settings_are_read_from_the_configuration_and_the_environment(monkeypatch):
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    settings = ProviderSettings.parse(
        {
            "kubernetes:config:context": "two",
            "kubernetes:config:enableSecretMutable": "true",
            "kubernetes:config:suppressDeprecationWarnings": "true",
        }
    )
    assert settings == ProviderSettings(
        context="two", delete_unreachable=True, mutable_secrets=True
    )


@pytest.mark.parametrize(
    ("name", "value"), [("renderYamlToDirectory", "out"), ("enableServerSideApply", "false")]
)
def test_a_setting_that_cannot_be_honoured_is_refused(name, value):
    with pytest.raises(PluginError, match=name):
        ProviderSettings.parse({f"kubernetes:config:{name}": value})
