import base64
from collections.abc import Mapping
from typing import Any

import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from local.plugins import values
from local.plugins.kubernetes import checkpoint, secrecy
from local.plugins.kubernetes.secrecy import Redactor
from tests.plugins.kubernetes.objects import config_map
from tests.plugins.providers import properties

PASSWORD = "correct horse\nbattery"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "d"}}


def _secret(value: Any) -> PropertyValue:
    return values.from_python(value, secret=True)


def _entries(value: PropertyValue) -> Mapping[str, PropertyValue]:
    assert isinstance(value.value, Mapping)
    return value.value


def test_a_secret_input_makes_the_same_output_secret_and_nothing_else():
    outs = properties({"a": {"x": "1", "y": "2"}, "b": "3"})
    marked = secrecy.annotate(outs, properties({"a": {"x": _secret("1"), "y": "2"}}))
    assert values.to_python(marked["a"]) == {"x": "1", "y": "2"}
    assert [key for key, value in _entries(marked["a"]).items() if value.is_secret] == ["x"]
    assert not marked["b"].contains_secret()


def test_a_secret_in_a_list_makes_the_whole_list_secret():
    outs = properties({"env": [{"value": "1"}, {"value": "2"}]})
    marked = secrecy.annotate(outs, properties({"env": [{"value": _secret("2")}]}))
    assert marked["env"].is_secret


def test_a_secrets_contents_are_secret_in_the_state_whatever_the_program_says():
    metadata = {"name": "s", "namespace": "d", "managedFields": [{"manager": "x"}]}
    live = {**SECRET, "metadata": metadata, "data": {"a": "Yg=="}}
    state = checkpoint.state(
        live=live, inputs=live, marked={}, api_version="v1", manager="pulumi-kubernetes-1"
    )
    assert state["data"].is_secret
    assert _entries(state[checkpoint.INPUTS])["data"].is_secret
    assert "managedFields" not in _entries(state["metadata"])


@pytest.mark.parametrize(
    "quoted",
    [
        PASSWORD,
        "correct horse\\nbattery",
        base64.b64encode(PASSWORD.encode()).decode(),
        "battery",
    ],
)
def test_a_message_loses_a_secret_however_it_is_spelled(quoted):
    redactor = Redactor(properties({"spec": {"password": _secret(PASSWORD)}}))
    assert redactor.redact(f"Invalid value: {quoted}!") == "Invalid value: [secret]!"


def test_a_message_loses_what_a_secrets_encoded_data_says():
    encoded = base64.b64encode(b"hunter2").decode()
    redactor = Redactor(properties({**SECRET, "data": {"a": encoded}}))
    assert redactor.redact(f"{encoded} is hunter2") == "[secret] is [secret]"


def test_numbers_may_be_secret_too():
    redactor = Redactor(properties({"spec": {"port": _secret(6379)}}))
    assert redactor.redact("port 6379 is taken") == "port [secret] is taken"


def test_what_is_not_secret_stays_in_messages():
    redactor = Redactor(properties(config_map(a="visible")))
    assert redactor.redact("Invalid value: visible") == "Invalid value: visible"
