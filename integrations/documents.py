"""Writes `docs/integrations.md` from the catalogue; `make docs` calls it."""

from collections.abc import Iterable, Iterator, Sequence

from integrations.model import Aspect, Catalogue, Check, Consumer, Integration, SetName, Variable
from integrations.rules import placeholders
from integrations.selection import Processor, Selection, select

_INTRODUCTION = """\
# Integrations

<!-- Made of integrations/catalogue.yaml by `make docs`; not edited by hand. -->

Every outside service that workflows or the platform may call: what for, with which keys, where to,
with whose data. A stack names a set and adds or removes services. A missing key of a *critical*
service is an error before anything changes; any other missing key is a line in the summary.

The platform's own secrets (PostgreSQL, Redis, n8n's encryption key) are no integrations; every
stack has them, whatever its set.

What the page says was looked up where **verified** links to a source, and nowhere else: these are
published pages and the code of n8n's own nodes, read in November 2026. No call was made, no key was
tried, and not every link to documentation was opened. The regions, intervals, ways of rotation and
legal names without a source are from general knowledge: check them when the contract is signed.
Variables are named as the vendor names them, except those marked <sup>r</sup> (the name in the
infrastructure report that the platform was commissioned with; the vendor documents none in public)
and <sup>h</sup> (named here; the vendor names the value, but no variable). Services marked
<sup>c</sup> were chosen here, because the report names none.
"""

_CREDENTIALS = """\
## Keys in workflows

Workflows cannot read environment variables. They get a key through a credential of the type under
**in n8n**: somebody makes one in the editor, gives it a name and fills in nothing; it works, though
n8n's list of credentials says "Needs first setup" of some. n8n's main and worker processes fill its
empty fields from a file that External Secrets makes of the keys (`integrations/overwrites.py`), so
that a key stands neither in n8n's database nor in the editor.
Types marked <sup>p</sup> are the platform's own (`integrations/credential_types.py`), for the HTTP
Request node: n8n has none that this node could use.

Where there is no type for a service that workflows use, the reason stands there. Whoever needs the
service all the same keeps its key in n8n, by hand.

- A service is in the file once all its variables are there. The file is read when a process starts:
  a new key needs a restart, and a key that lives for an hour, such as that of a GitHub app's
  installation, goes stale.
- Requests of the HTTP Request node with such a credential go to the service's hosts only. That
  keeps mistakes and misled workflows in, not a user who means it: who may make credentials, or use
  one in a workflow, may use the key.
"""

_REGISTER = """\
## Register of processors

Who is sent personal data (GDPR Art. 28, and for the record of Art. 30), with all services chosen. A
stack's own register is that of its selection. Before a service is used: the agreement is signed,
the transfer is covered where the region is not `eu`, and the hosts are in `processors` of
`policies/config/<stack>.json`. Providers of payments and of market data may be controllers of
their own; the agreement decides.
"""


def page(catalogue: Catalogue) -> str:
    """The whole page."""
    everything = select(SetName.FULL, catalogue=catalogue)
    return "\n".join(
        [
            _INTRODUCTION,
            _sets(catalogue),
            _data(catalogue),
            _CREDENTIALS,
            *_categories(catalogue),
            _register(everything),
        ]
    )


def _sets(catalogue: Catalogue) -> str:
    rows = []
    for name in SetName:
        chosen = select(name, catalogue=catalogue)
        services = ", ".join(each.name for each in chosen.integrations)
        rows.append(
            [
                f"`{name}`",
                str(len(chosen.integrations)),
                "all services" if chosen.integrations == catalogue.integrations else services,
                _codes(key.name for key in chosen.required_keys),
                str(len(chosen.optional_keys)),
            ]
        )
    header = ["set", "services", "which", "required keys", "further variables"]
    return "## Sets\n\n" + _table(header, rows)


def _data(catalogue: Catalogue) -> str:
    rows = [
        [f"`{each.id}`", each.description, "yes" if each.personal else "no"]
        for each in catalogue.data_categories
    ]
    return "## Categories of data\n\n" + _table(["category", "what is in it", "personal"], rows)


def _categories(catalogue: Catalogue) -> Iterator[str]:
    for category in catalogue.categories:
        services = catalogue.of_category(category)
        yield f"## {category.title}\n"
        yield _table(
            ["service", "purpose", "variables", "in n8n", "criticality", "from set", "used by"],
            [_use(each) for each in services],
        )
        yield _table(
            ["service", "connects to", "sends", "regions", "rotation", "check", "verified"],
            [_handling(each) for each in services],
        )


def _use(integration: Integration) -> list[str]:
    chosen = "<sup>c</sup>" if integration.chosen else ""
    return [
        f"[{integration.name}]({integration.docs}){chosen} `{integration.id}`",
        integration.purpose,
        "<br>".join(_variable(each) for each in integration.variables) or "none",
        _in_n8n(integration),
        integration.criticality,
        integration.smallest_set,
        ", ".join(each for each in Consumer if each in integration.consumed_by),
    ]


def _variable(variable: Variable) -> str:
    if variable.shared_with:
        return f"`{variable.name}`: that of {variable.shared_with}"
    mark = {"vendor": "", "report": "<sup>r</sup>", "here": "<sup>h</sup>"}[variable.named_by]
    secret = "secret. " if variable.secret else ""
    text = f"`{variable.name}`{mark}: {secret}{variable.description}"
    return f"{text} (the report's `{variable.report_name}`)" if variable.report_name else text


def _in_n8n(integration: Integration) -> str:
    credential = integration.credential
    if credential is None:
        why_none = integration.no_credential
        return f"none: {why_none}" if why_none else "not for workflows"
    return f"`{credential.type}`{'<sup>p</sup>' if credential.authentication else ''}"


def _handling(integration: Integration) -> list[str]:
    return [
        integration.name,
        _codes(str(each) for each in integration.egress),
        _codes(integration.data),
        str(integration.regions),
        _rotation(integration),
        _check(integration.check) if integration.check else f"none: {integration.no_check}",
        _verified(integration),
    ]


def _rotation(integration: Integration) -> str:
    rotation = integration.rotation
    if rotation is None:
        return "none"
    how = f"[{rotation.how}]({rotation.docs})" if rotation.docs else rotation.how
    days = "every day" if rotation.interval_days == 1 else f"every {rotation.interval_days} days"
    text = f"{how}, {days}, {'automated' if rotation.automated else 'by somebody'}"
    return f"{text}; {rotation.note}" if rotation.note else text


def _check(check: Check) -> str:
    sent = sorted(placeholders(check))
    ways = [
        *(f"header `{each}`" for each in check.headers if "{" in check.headers[each]),
        *(["basic authentication"] if check.basic else []),
        *(["form"] if check.form else []),
        *(["JSON"] if check.json else []),
        *([check.signature] if check.signature else []),
    ]
    text = f"`{check.method} {check.url}`, {' and '.join(ways)}"
    text += f" with {_codes(sent)}" if sent else ""
    text += f"; expects {check.expects}"
    return f"{text} ({check.why_post})" if check.why_post else text


def _verified(integration: Integration) -> str:
    links = [
        f"[{each}]({integration.verified[each]})" for each in Aspect if each in integration.verified
    ]
    parts = [", ".join(links)] if links else []
    if integration.not_verified:
        parts.append(f"**not verified**: {integration.not_verified}")
    return "<br>".join(parts)


def _register(selection: Selection) -> str:
    header = ["processor", "services", "data", "regions", "hosts"]
    rows = [_line(each) for each in selection.processors if each.personal]
    others = [each for each in selection.processors if not each.personal]
    text = f"{_REGISTER}\n{_table(header, rows)}"
    if others:
        text += "\nReached, but sent no personal data:\n\n"
        text += _table(header, [_line(each) for each in others])
    return text


def _line(processor: Processor) -> list[str]:
    return [
        processor.name,
        ", ".join(each.name for each in processor.integrations),
        _codes(processor.data),
        ", ".join(processor.regions),
        _codes(str(each) for each in processor.egress),
    ]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(each.replace('|', chr(92) + '|') for each in line)} |\n" for line in lines
    )
