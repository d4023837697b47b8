"""Types of credentials for services that n8n has none for: files that n8n loads when it starts.

n8n 2.40.7 loads every `*.credentials.js` of the folder that N8N_CUSTOM_EXTENSIONS names, also as
the links that a ConfigMap is mounted with, and with N8N_COMMUNITY_PACKAGES_ENABLED=false, which is
about packages from npm. The HTTP Request node then offers the type as a predefined one. Main needs
the files for the editor, workers to send requests; no key is in them.

A type with a token asks for it before the first request, and again after an answer with status 401.
n8n stores the token, encrypted, with the credential; not what it asked with.
"""

import json
from collections.abc import Iterable, Mapping

from integrations.credentials import Authentication, Credential
from integrations.model import Check, Integration
from integrations.texts import filled

_FIELD = "accessToken"
"""Where n8n keeps a short-lived token."""

_TYPE = """\
// Made of integrations/catalogue.yaml; what is filled in comes from n8n's credential overwrites.
'use strict';

exports.{name} = class {name} {{
  name = {type};
  displayName = {title};
  documentationUrl = {docs};
  properties = [
{properties}
  ];
  authenticate = {authenticate};
{token}}};
"""

_LOGIN = """
  async preAuthentication(credentials) {{
    const filled = (text) => text.replace(/{{([A-Z0-9_]+)}}/g, (_, name) => credentials[name]);
    const {{ url, basic, form }} = {call};
    const answer = await this.helpers.httpRequest({{
      method: 'POST',
      url: filled(url),
      ...(basic && {{ auth: {{ username: filled(basic[0]), password: filled(basic[1]) }} }}),
      headers: {{ 'Content-Type': 'application/x-www-form-urlencoded' }},
      body: new URLSearchParams(form.map(([name, text]) => [name, filled(text)])).toString(),
    }});
    return {{ {field}: answer.access_token }};
  }}
"""


def files(integrations: Iterable[Integration]) -> dict[str, str]:
    """The files of those services whose types are our own, by their names."""
    return {
        f"{_class(each.credential)}.credentials.js": _text(each, each.credential, authentication)
        for each in integrations
        if each.credential and (authentication := each.credential.authentication)
    }


def _class(credential: Credential) -> str:
    """Name of the class, which n8n expects in a file of that name."""
    return credential.type[0].upper() + credential.type[1:]


def _text(integration: Integration, credential: Credential, authentication: Authentication) -> str:
    properties: list[dict[str, object]] = [
        {
            "displayName": variable.description,
            "name": variable.name,
            "type": "string",
            "default": "",
            **({"typeOptions": {"password": True}} if variable.secret else {}),
        }
        for variable in integration.variables
        if variable.name in credential.fields
    ]
    token = ""
    if authentication.token_scheme and integration.check:
        hidden = {"typeOptions": {"expirable": True}}
        properties.append(
            {"displayName": "Token", "name": _FIELD, "type": "hidden", "default": "", **hidden}
        )
        token = _LOGIN.format(call=json.dumps(_call(integration.check)), field=_FIELD)
    return _TYPE.format(
        name=_class(credential),
        type=json.dumps(credential.type),
        title=json.dumps(f"{integration.name} (platform)"),
        docs=json.dumps(integration.docs),
        properties="\n".join(f"    {json.dumps(each)}," for each in properties),
        authenticate=json.dumps({"type": "generic", "properties": _sent(authentication)}),
        token=token,
    )


def _sent(authentication: Authentication) -> Mapping[str, object]:
    """What is added to a request, in n8n's expressions."""
    if authentication.token_scheme:
        value = f"={authentication.token_scheme} {{{{ $credentials.{_FIELD} }}}}"
        return {"headers": {"Authorization": value}}
    sent: dict[str, object] = {}
    if authentication.headers:
        headers = authentication.headers.items()
        sent["headers"] = {name: _expression(text) for name, text in headers}
    if authentication.basic:
        user, password = authentication.basic
        sent["auth"] = {"username": _expression(user), "password": _expression(password)}
    return sent


def _expression(text: str) -> str:
    found = filled(text, lambda name: f"{{{{ $credentials.{name} }}}}")
    return text if found == text else f"={found}"


def _call(check: Check) -> Mapping[str, object]:
    return {"url": check.url, "basic": check.basic, "form": list(check.form.items())}
