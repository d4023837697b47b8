"""What looks like a secret: by its shape, or by the name that it is given.

No list can be complete. It is made to find what people really leave in manifests, and to leave
alone what only sounds like it: paths, switches, numbers, references to a secret.
"""

import re
from collections.abc import Iterator

_REFERENCE = r"\$|`|\{\{|<|%\(|\*{3}|x{3,}|X{3,}"
"""How a placeholder begins: a variable of Kubernetes or a shell, a template, or asterisks."""

_TEMPLATE = "{{"
"""What a template is filled with may also be in the middle: `Bearer {{ .token }}`."""

_SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
    # Begins at `://`, not at the scheme before it: long texts without spaces stay cheap.
    "a connection string with a password": (
        r"://[^\s/?#:@'\"]{0,256}:(?!" + _REFERENCE + r")[^\s/?#@'\"]{1,256}@"
    ),
    "an access key of AWS": r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
    "a token of GitHub": r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})",
    "a token of GitLab": r"(?<![\w-])glpat-[\w-]{20,255}",
    "a token of Slack": (
        r"(?<![\w-])xox[abeoprs]-[\w-]{10,255}|hooks\.slack\.com/services/T\w{2,20}/B\w{2,20}/\w+"
    ),
    "an API key of an AI provider": r"(?<![\w-])sk-(?=[A-Za-z_-]{0,64}\d)[\w-]{20,255}",
    "a key of Stripe": r"(?<!\w)[rs]k_live_[A-Za-z0-9]{20,255}",
    "an API key of Google": r"(?<![\w-])AIza[\w-]{35}(?![\w-])",
    "a token of npm": r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)",
    "a token of Pulumi": r"(?<![\w-])pul-[0-9a-f]{40}(?!\w)",
    "a signed token": r"(?<![\w-])eyJ[\w-]{10,2048}\.eyJ[\w-]{10,4096}\.[\w-]{10,}",
}
_SHAPE = re.compile("|".join(f"({pattern})" for pattern in _SHAPES.values()))
_KINDS = tuple(_SHAPES)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_ENDINGS = ("PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY")
_SECRET_WORDS = ("PASS", "PWD", "REQUIREPASS", "MASTERAUTH", "CREDENTIAL", "CREDENTIALS")
_EXACT_NAMES = {"REDISCLI_AUTH": True, "PWD": False}
_PASSWORDS = ("PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD")
_KEYS_THAT_ARE_NONE = (
    *("PUBLIC", "PRIMARY", "FOREIGN", "PARTITION", "SORT", "ROUTING", "CACHE", "INDEX", "LABEL"),
    *("TOPOLOGY", "GROUP", "OBJECT", "BUCKET", "CONFIG", "REGISTRY", "SHARD", "HOST", "MESSAGE"),
)
_KEYS_IN_DOCUMENTS = (
    *("ACCESS", "ACCOUNT", "API", "AUTH", "ENCRYPTION", "LICENSE", "MASTER", "PRIVATE", "SECRET"),
    *("SIGNING", "SUBSCRIPTION", "VIRTUAL"),
)
"""Before KEY in a document, where most keys are those of mappings: a key that opens something."""

_NAMED_SECRETS = ("TLS", "CA", "CERTIFICATE", "EXISTING", "PULL", "KUBERNETES")
"""Before SECRET: the value is the name of a Secret of Kubernetes, not what is in it."""

_SUFFIXES = ("BASE", "B", "VALUE", "OLD", "NEW", "CURRENT", "PREVIOUS", "DEFAULT")
"""What may follow the word that tells, as in PASSWORD_OLD or, with numbers left out, TOKEN_BASE64.
"""

_NOT_SECRET = re.compile(
    r"true|false|yes|no|on|off|none|null|nil|enabled?|disabled?|required|optional|auto"
    # Paths, also with a scheme, and addresses without a password.
    r"|(?:file:)?(?:~|\.{0,2})(?:/[\w.@-]+)+/?|[A-Za-z]:\\.*|[a-z][a-z0-9+.-]*://\S*"
    # References that something else resolves.
    r"|(?:vault|secret|secretref|env|sops|arn|projects|op|ref\+\w+)[:/].*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"[\d.,_%-]+[smhdkMG]?i?")
_SHORTEST_NUMERIC_PASSWORD = 4

_ASSIGNMENT = re.compile(
    r"(?<![\w-])(?:--?(?P<flag>[A-Za-z][\w.-]{0,100})(?:=|\s+(?!-))|(?P<name>[A-Za-z_]\w{0,100})=)"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|]+)"
)


def shape(text: str) -> str | None:
    """What kind of secret is somewhere in a text, in words; None if none is recognised."""
    match = _SHAPE.search(text)
    return _KINDS[(match.lastindex or 1) - 1] if match else None


def is_literal(name: str, value: str) -> bool:
    """Whether a value is a secret itself, as its name says, and not where to find one."""
    bare = value.strip().strip("'\"")
    if not bare or not _names_a_secret(name) or re.match(_REFERENCE, bare):
        return False
    if _TEMPLATE in bare:
        return False
    if _NUMBER.fullmatch(bare):
        is_password = _words(name)[-1].endswith(_PASSWORDS)
        return is_password and len(bare) >= _SHORTEST_NUMERIC_PASSWORD
    return not _NOT_SECRET.fullmatch(bare)


def is_literal_in_document(name: str, value: str) -> bool:
    """The same of a property of a document, such as JSON: fewer names ending in KEY are secrets."""
    *before, last = _words(name) or [""]
    opens = last != "KEY" or (before and before[-1] in _KEYS_IN_DOCUMENTS)
    return bool(opens) and is_literal(name, value)


def _names_a_secret(name: str) -> bool:
    """Whether what has this name is expected to be secret: its last word decides."""
    if name.upper() in _EXACT_NAMES:
        return _EXACT_NAMES[name.upper()]
    *before, last = _words(name) or [""]
    modifier = before[-1] if before else ""
    if last == "KEY":
        # A key on its own is more often the key of a mapping.
        return modifier not in ("", *_KEYS_THAT_ARE_NONE)
    if last == "SECRET" and modifier in _NAMED_SECRETS:
        return False
    return last.endswith(_SECRET_ENDINGS) or last in _SECRET_WORDS


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """Names and values in a command line: `--name=value`, `--name value` and `NAME=value`."""
    for match in _ASSIGNMENT.finditer(text):
        yield match["flag"] or match["name"], match["value"]


def _words(name: str) -> list[str]:
    """The words of a name, in capitals, up to the one that says what it is."""
    words = [word.upper() for word in _WORD.findall(name) if not word.isdigit()]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return words
