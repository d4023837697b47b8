"""n8n's credential overwrites: the file that gives workflows the keys of services.

What n8n 2.40.7 does with the file that CREDENTIALS_OVERWRITE_DATA_FILE names, read in its code and
seen on its main and worker processes (others do not read it):
- It is read once, when the process starts. Without the file, or with something in it that is no
  JSON, the process does not start.
- A field of a stored credential that is empty is filled when a node asks for the credential; one
  that is not empty stays. The editor hides the fields that the file fills, so that a user makes a
  credential of the type by giving it a name. What was filled in is neither stored nor shown.
- A value that begins with `=` is taken for an expression.
- A type that n8n does not know is said in its log and passed over.
- Workflows cannot read the file: nodes open only what lies under N8N_RESTRICT_FILE_ACCESS_TO, a
  folder of its own if that is not set.

Whoever may make credentials may use every key in the file. `allowedDomains` keeps requests of
the HTTP Request node, also of those that a workflow was made to send elsewhere by what it read, at
the service's own hosts. It does not stop somebody who means it and fills that field, or the type's
own field for an address, by n8n's API.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from integrations.credentials import Credential
from integrations.model import HTTPS, Integration
from integrations.selection import Selection
from integrations.texts import names, parts


@dataclass(frozen=True, kw_only=True)
class Overwrites:
    """The file, as External Secrets makes it.

    Attributes:
        template: a template of its engine v2, in which `.NAME` is the value of the key NAME.
        keys: the keys that the template needs, in the catalogue's order.
        types: how many types of credentials are filled.
    """

    template: str
    keys: tuple[str, ...]
    types: int


def overwrites(
    selection: Selection,
    defined: Collection[str],
    fixed: Mapping[str, Mapping[str, str]] | None = None,
) -> Overwrites:
    """The file for the services of a stack that have all their keys.

    Args:
        selection: the services.
        defined: names of the keys that there are.
        fixed: for each type of credentials what its fields are filled with instead of a key.
    """
    fixed = fixed or {}
    served = [
        (each, each.credential)
        for each in selection.integrations
        if each.credential
        and each.credential.type not in fixed
        and all(variable.name in defined for variable in each.variables)
    ]
    entries = [_entry(*each) for each in served]
    entries += [f"  {json.dumps(kind)}: {json.dumps(dict(fixed[kind]))}" for kind in fixed]
    used = [
        name
        for integration, credential in served
        for name in names([*credential.fields.values(), _hosts(integration)])
    ]
    template = "{\n" + ",\n".join(entries) + "\n}" if entries else "{}"
    return Overwrites(template=template, keys=tuple(dict.fromkeys(used)), types=len(entries))


def _entry(integration: Integration, credential: Credential) -> str:
    values = {
        **{field: _value(text) for field, text in credential.fields.items()},
        "allowedHttpRequestDomains": '"domains"',
        # n8n compares names of hosts; a variable has an address.
        "allowedDomains": _value(_hosts(integration), "(urlParse .{}).hostname"),
    }
    lines = ",\n".join(f"    {json.dumps(field)}: {value}" for field, value in values.items())
    return f"  {json.dumps(credential.type)}: {{\n{lines}\n  }}"


def _hosts(integration: Integration) -> str:
    """The hosts of a service as n8n lists them, with `{NAME}` for one that a variable names."""
    places = [each for each in integration.egress if each.port == HTTPS]
    return ", ".join(each.host or f"{{{each.variable}}}" for each in places)


def _value(text: str, argument: str = ".{}") -> str:
    """A text as JSON, made when the template is rendered.

    Args:
        text: with `{NAME}` for the value of a key.
        argument: what stands in the template for that value, with `{}` for NAME.
    """
    form, found = parts(text)
    if not found:
        return json.dumps(text)
    arguments = [argument.format(name) for name in found]
    if form == "%s":
        return f"{{{{ {arguments[0]} | toJson }}}}"
    # Go reads the escapes of JSON, but for those of characters beyond 16 bits.
    form = json.dumps(form, ensure_ascii=False)
    return f"{{{{ printf {form} {' '.join(arguments)} | toJson }}}}"
