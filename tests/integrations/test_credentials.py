"""How a service's keys become a credential of n8n's."""

import json
from pathlib import Path
from typing import Any

import pytest

from integrations import record_credentials
from integrations.catalogue import load, parse
from tests.integrations.documents import document, entry, problems

CREDENTIALS = {
    each.id: each.credential for each in load().integrations if each.credential is not None
}
OF_N8N = {id_: each for id_, each in CREDENTIALS.items() if each.authentication is None}


def test_n8n_has_the_types_and_fields_that_the_catalogue_names() -> None:
    record = json.loads(record_credentials.FILE.read_text())["types"]

    assert {each.type for each in OF_N8N.values()} == set(record)
    for credential in OF_N8N.values():
        assert set(credential.fields) <= set(record[credential.type]), credential.type


def test_what_is_recorded_is_what_n8n_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    types = [{"name": each.type, "properties": []} for each in OF_N8N.values()]
    types[0] |= {"extends": ["base"], "properties": [{"name": "apiKey", "type": "string"}]}
    about = [{"name": "host", "type": "string"}, {"name": "hint", "type": "notice"}]
    types.append({"name": "base", "properties": about})
    for package, content in (("n8n-nodes-base", types), ("@n8n/n8n-nodes-langchain", [])):
        (tmp_path / package / "dist/types").mkdir(parents=True)
        (tmp_path / package / "dist/types/credentials.json").write_text(json.dumps(content))
    (tmp_path / "n8n").mkdir()
    (tmp_path / "n8n/package.json").write_text('{"version": "9.9.9"}')
    monkeypatch.setattr(record_credentials, "FILE", tmp_path / "record.json")

    record_credentials.main(tmp_path)

    record = json.loads((tmp_path / "record.json").read_text())
    assert record["n8n"] == "9.9.9"
    assert record["types"][types[0]["name"]] == ["apiKey", "host"]
    assert "base" not in record["types"]


def test_what_a_check_sends_a_workflow_sends_too() -> None:
    changed = document()
    entry(changed, "plaid")["check"]["headers"]["X-More"] = "for {PLAID_CLIENT_ID}"
    credential = parse(changed).by_id["plaid"].credential

    assert credential is not None
    assert credential.type == "platformPlaidApi"
    assert set(credential.fields) == {"PLAID_CLIENT_ID", "PLAID_SECRET"}
    assert credential.authentication is not None
    assert credential.authentication.headers["X-More"] == "for {PLAID_CLIENT_ID}"


def test_a_credential_with_a_token_has_what_the_call_for_it_needs() -> None:
    changed = document()
    entry(changed, "zoom")["check"]["url"] = "https://zoom.us/{ZOOM_ACCOUNT_ID}"
    del entry(changed, "zoom")["check"]["form"]["account_id"]
    credential = parse(changed).by_id["zoom"].credential

    assert credential is not None
    assert set(credential.fields) == {"ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"}


@pytest.mark.parametrize(
    ("id_", "changes", "expected"),
    [
        ("openai", {"n8n": None}, "write either n8n, or in no_n8n why"),
        ("openai", {"no_n8n": "it is not used"}, "write either n8n, or in no_n8n why"),
        ("portkey", {"no_n8n": "it is not used"}, "n8n: no worker uses it"),
        ("direct", {"n8n": {"sends": "check"}}, "or it has no secret of its own"),
        ("openai", {"n8n.fields.apiKey": "{OTHER_KEY}"}, "n8n: OTHER_KEY is no variable of it"),
        ("openai", {"n8n.fields.apiKey": "{openai_key}"}, "n8n: {openai_key}: braces stand"),
        ("openai", {"n8n.fields.apiKey": "none"}, "n8n: it fills in no secret"),
        ("twilio", {"n8n.fields.authToken": "{TWILIO_ACCOUNT_SID}"}, "it fills in no secret"),
        ("appfolio", {"n8n.sends": "check"}, "n8n: it fills in no secret"),
        ("replicate", {"check.headers.X": "{{x}}"}, "n8n: {{x}}: braces stand"),
        ("replicate", {"n8n.sends": {"token": "Bearer"}}, "it has to be a POST with a form"),
        ("segment", {"egress": [{"host": "api.segment.io", "port": 80}]}, "no host at port 443"),
    ],
)
def test_a_wrong_credential_is_named_with_what_is_wrong(
    id_: str, changes: dict[str, Any], expected: str
) -> None:
    changed = document()
    for path, value in changes.items():
        *outer, last = path.split(".")
        place = entry(changed, id_)
        for name in outer:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value

    assert any(each.startswith(f"{id_}: ") and expected in each for each in problems(changed))


def test_two_services_do_not_fill_the_same_credential() -> None:
    changed = document()
    entry(changed, "anthropic")["n8n"]["credential"] = "openAiApi"

    assert problems(changed) == ("openAiApi: two services have this credential in n8n",)


def test_the_form_of_a_credential_is_either_n8ns_or_our_own() -> None:
    changed = document()
    entry(changed, "openai")["n8n"]["sends"] = "check"
    entry(changed, "slack")["n8n"] = {"credential": "slackApi"}

    own, fields = problems(changed)

    assert own.startswith("integrations[0] (openai).n8n: ")
    assert "(slack).n8n: 'fields' is a required property" in fields
