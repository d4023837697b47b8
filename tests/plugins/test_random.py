import asyncio
import base64
import string

import bcrypt
import pytest
from pulumi.provider.experimental import provider as framework

from local.plugins import values
from local.plugins.random_provider import RandomProvider
from local.plugins.server import PluginError
from local.plugins.values import UNKNOWN, from_python, plain

from .providers import Caller, RecordedLog


def resource(kind: str) -> Caller:
    token = f"random:index/{kind[0].lower()}{kind[1:]}:{kind}"
    return Caller(provider=RandomProvider(RecordedLog()), type=token)


def count(text: str, characters: str) -> int:
    return sum(character in characters for character in text)


def test_a_string_has_the_minimum_of_each_class_and_nothing_from_a_disabled_one() -> None:
    inputs = {
        "length": 12,
        "minLower": 2,
        "minUpper": 3,
        "minSpecial": 4,
        "numeric": False,
        "overrideSpecial": "_",
    }
    for _ in range(50):
        result = plain(resource("RandomString").state(inputs))["result"]
        assert len(result) == 12
        assert count(result, string.ascii_lowercase) >= 2
        assert count(result, string.ascii_uppercase) >= 3
        assert count(result, "_") >= 4
        assert not count(result, string.digits + "!@#$")


def test_the_older_name_of_numeric_still_disables_digits() -> None:
    result = plain(resource("RandomString").state({"length": 200, "number": False}))["result"]
    assert not count(result, string.digits)


def test_a_password_is_secret_hashed_and_not_in_its_id() -> None:
    made = resource("RandomPassword").create({"length": 100})
    result, hashed = made.properties["result"], made.properties["bcryptHash"]
    assert result.is_secret
    assert hashed.is_secret
    text = values.to_python(result).encode()
    assert bcrypt.checkpw(text[:72], values.to_python(hashed).encode())
    assert made.resource_id == "none"


def test_two_passwords_differ() -> None:
    password = resource("RandomPassword")
    assert password.state({"length": 20})["result"] != password.state({"length": 20})["result"]


def test_a_preview_shows_inputs_with_defaults_and_keeps_results_unknown_and_secret() -> None:
    preview = resource("RandomPassword").create({"length": 20}, preview=True)
    assert not preview.resource_id
    assert preview.properties["result"] == UNKNOWN.with_secret(True)
    assert values.to_python(preview.properties["special"]) is True


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("RandomBytes", {"length": 4, "keepers": {"v": "1"}}),
        ("RandomId", {"byteLength": 4, "keepers": {"v": "1"}}),
        ("RandomInteger", {"min": 1, "max": 9, "keepers": {"v": "1"}}),
        ("RandomPassword", {"length": 20, "keepers": {"v": "1"}}),
        ("RandomString", {"length": 20, "keepers": {"v": "1"}}),
        ("RandomUuid", {"keepers": {"v": "1"}}),
    ],
)
def test_the_same_inputs_keep_a_value_and_another_keeper_replaces_it(
    kind: str, inputs: dict[str, object]
) -> None:
    state = resource(kind).state(inputs)
    assert not resource(kind).diff(state, inputs).changes
    diff = resource(kind).diff(state, {**inputs, "keepers": {"v": "2"}})
    assert diff.replaces == ["keepers"]
    kinds = {path: difference.kind for path, difference in diff.detailed_diff.items()}
    assert kinds == {"keepers.v": framework.PropertyDiffKind.UPDATE_REPLACE}


def test_writing_out_a_default_changes_nothing() -> None:
    state = resource("RandomPassword").state({"length": 20})
    assert not resource("RandomPassword").diff(state, {"length": 20, "special": True}).changes


def test_making_a_keeper_secret_changes_nothing() -> None:
    state = resource("RandomUuid").state({"keepers": {"v": "1"}})
    secret = {"keepers": from_python({"v": from_python("1", secret=True)})}
    assert not resource("RandomUuid").diff(state, secret).changes


def test_a_keeper_that_is_still_unknown_replaces() -> None:
    state = resource("RandomUuid").state({"keepers": {"v": "1"}})
    assert resource("RandomUuid").diff(state, {"keepers": {"v": UNKNOWN}}).replaces == ["keepers"]


@pytest.mark.parametrize(
    ("kind", "inputs", "wrong"),
    [
        ("RandomPassword", {}, "length"),
        ("RandomPassword", {"length": 0}, "length"),
        ("RandomPassword", {"length": 3, "minLower": 2, "minUpper": 2}, "length"),
        ("RandomString", {"length": 3, **dict.fromkeys(("lower", "upper"), False)}, None),
        (
            "RandomString",
            {"length": 3, **dict.fromkeys(("lower", "upper", "numeric", "special"), False)},
            "length",
        ),
        ("RandomString", {"length": 3, "lenght": 3}, "lenght"),
        ("RandomBytes", {"length": 0}, "length"),
        ("RandomId", {"byteLength": 0}, "byteLength"),
        ("RandomInteger", {"min": 2, "max": 1}, "min"),
        ("RandomInteger", {"min": 1, "max": 2, "seed": "s"}, "seed"),
        ("RandomPassword", {"length": UNKNOWN, "minLower": 5}, None),
    ],
)
def test_wrong_inputs_are_named(kind: str, inputs: dict[str, object], wrong: str | None) -> None:
    assert list(resource(kind).problems(inputs)) == ([wrong] if wrong else [])


def test_an_integer_reaches_both_bounds_and_nothing_else() -> None:
    results = {
        plain(resource("RandomInteger").state({"min": -1, "max": 1}))["result"] for _ in range(200)
    }
    assert results == {-1, 0, 1}


def test_an_id_spells_the_same_bytes_four_ways_after_its_prefix() -> None:
    made = resource("RandomId").create({"byteLength": 5, "prefix": "p-"})
    state = plain(made.properties)
    data = bytes.fromhex(state["hex"].removeprefix("p-"))
    assert len(data) == 5
    assert base64.b64decode(state["b64Std"].removeprefix("p-")) == data
    assert int(state["dec"].removeprefix("p-")) == int.from_bytes(data)
    assert state["b64Url"] == f"p-{made.resource_id}"


@pytest.mark.parametrize(
    ("kind", "given", "inputs", "state"),
    [
        ("RandomPassword", "secret", {"length": 6}, {"result": "secret"}),
        ("RandomString", "text", {"length": 4}, {"result": "text"}),
        ("RandomBytes", "AAE=", {"length": 2}, {"hex": "0001"}),
        ("RandomId", "p-,AAE", {"byteLength": 2, "prefix": "p-"}, {"hex": "p-0001"}),
        ("RandomInteger", "5,1,9", {"min": 1, "max": 9}, {"result": 5}),
    ],
)
def test_an_imported_value_has_the_inputs_that_keep_it(
    kind: str, given: str, inputs: dict[str, object], state: dict[str, object]
) -> None:
    found = resource(kind).read(given)
    assert plain(found.inputs) == inputs
    assert plain(found.properties) | state == plain(found.properties)
    assert not resource(kind).diff(found.properties, inputs).changes


def test_an_import_that_cannot_be_read_does_not_repeat_the_secret() -> None:
    with pytest.raises(PluginError) as error:
        resource("RandomBytes").read("not-a-secret-in-base64")
    assert "not-a-secret" not in str(error.value)


def test_a_refresh_keeps_the_state() -> None:
    made = resource("RandomPassword").create({"length": 20})
    assert resource("RandomPassword").read("none", made.properties).properties == made.properties


def test_a_type_that_is_not_there_is_refused_with_what_to_do() -> None:
    with pytest.raises(PluginError, match=r"RandomShuffle.*internet access"):
        resource("RandomShuffle").problems({})


def test_the_stand_in_says_so_once() -> None:
    log = RecordedLog()
    provider = RandomProvider(log)
    request = framework.ConfigureRequest({}, {}, True, True)
    responses = [asyncio.run(provider.configure(request)) for _ in range(2)]
    assert all(response.supports_preview and response.accept_secrets for response in responses)
    (warning,) = log.warnings
    assert "stand-in" in warning
