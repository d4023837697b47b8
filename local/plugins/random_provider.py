"""Stand-in for the `random` plugin: the same inputs, defaults, outputs, imports and replacements.

The values come from the operating system's cryptographic source.
"""

import base64
import secrets
import string
import uuid
from collections.abc import Iterator
from typing import ClassVar

import bcrypt
from typing_extensions import override

from local.plugins import server
from local.plugins.generated import Arguments, Generated, GeneratedProvider, GeneratedResource
from local.plugins.server import PluginError

# What the official plugin calls special, unless `overrideSpecial` says otherwise.
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
# bcrypt looks at no more than this many bytes of a password.
_BCRYPT_BYTES = 72


class RandomString(GeneratedResource):
    """Characters of chosen classes, with a minimum of each."""

    inputs: ClassVar = {
        "keepers": None,
        "length": None,
        "lower": True,
        "minLower": 0,
        "minNumeric": 0,
        "minSpecial": 0,
        "minUpper": 0,
        # The older name of `numeric`.
        "number": True,
        "numeric": True,
        "overrideSpecial": None,
        "special": True,
        "upper": True,
    }
    required: ClassVar = frozenset({"length"})
    outputs: ClassVar = frozenset({"result"})

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        length, minima = arguments["length"], sum(count for _, count in _classes(arguments))
        if length < 1:
            yield "length", f"length must be at least 1, got {length}"
        elif length < minima:
            yield "length", f"length must be at least the sum of the minima, {minima}, got {length}"
        elif length > minima and not _alphabet(arguments):
            yield "length", "enable at least one of lower, upper, numeric and special"

    @override
    def generate(self, arguments: Arguments) -> Generated:
        result = _characters(arguments)
        return Generated(resource_id=result, outputs={"result": result}, inputs=arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        inputs = {"length": len(resource_id)}
        return Generated(resource_id=resource_id, outputs={"result": resource_id}, inputs=inputs)


class RandomPassword(RandomString):
    """A random string that is a secret, with its bcrypt hash."""

    outputs: ClassVar = frozenset({"result", "bcryptHash"})
    secret_outputs: ClassVar = outputs

    @override
    def generate(self, arguments: Arguments) -> Generated:
        return _password(_characters(arguments), arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        return _password(resource_id, {"length": len(resource_id)})


class RandomBytes(GeneratedResource):
    """Secret bytes. As with the official plugin, the ID shows them: the state is not safe."""

    inputs: ClassVar = {"keepers": None, "length": None}
    required: ClassVar = frozenset({"length"})
    outputs: ClassVar = frozenset({"base64", "hex"})
    secret_outputs: ClassVar = outputs

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        yield from _at_least_one("length", arguments)

    @override
    def generate(self, arguments: Arguments) -> Generated:
        return self._of(secrets.token_bytes(arguments["length"]), arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        data = _decoded(resource_id, altchars=b"+/")
        return self._of(data, {"length": len(data)})

    @staticmethod
    def _of(data: bytes, inputs: Arguments) -> Generated:
        text = base64.b64encode(data).decode()
        return Generated(
            resource_id=text, outputs={"base64": text, "hex": data.hex()}, inputs=inputs
        )


class RandomId(GeneratedResource):
    """Bytes in several spellings, for names."""

    inputs: ClassVar = {"byteLength": None, "keepers": None, "prefix": None}
    required: ClassVar = frozenset({"byteLength"})
    outputs: ClassVar = frozenset({"b64Std", "b64Url", "dec", "hex"})

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        yield from _at_least_one("byteLength", arguments)

    @override
    def generate(self, arguments: Arguments) -> Generated:
        return self._of(secrets.token_bytes(arguments["byteLength"]), arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        prefix, _, encoded = resource_id.rpartition(",")
        data = _decoded(encoded + "=" * (-len(encoded) % 4), altchars=b"-_")
        return self._of(data, {"byteLength": len(data), "prefix": prefix or None})

    @staticmethod
    def _of(data: bytes, inputs: Arguments) -> Generated:
        prefix, url = (
            inputs.get("prefix") or "",
            base64.urlsafe_b64encode(data).decode().rstrip("="),
        )
        return Generated(
            resource_id=url,
            outputs={
                "b64Std": prefix + base64.b64encode(data).decode(),
                "b64Url": prefix + url,
                "dec": f"{prefix}{int.from_bytes(data)}",
                "hex": prefix + data.hex(),
            },
            inputs=inputs,
        )


class RandomUuid(GeneratedResource):
    """A UUID, version 4."""

    inputs: ClassVar = {"keepers": None}
    outputs: ClassVar = frozenset({"result"})

    @override
    def generate(self, arguments: Arguments) -> Generated:
        result = str(uuid.uuid4())
        return Generated(resource_id=result, outputs={"result": result}, inputs=arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        try:
            result = str(uuid.UUID(resource_id))
        except ValueError:
            raise PluginError(f"the ID to import must be a UUID, got {resource_id!r}") from None
        return Generated(resource_id=result, outputs={"result": result}, inputs={})


class RandomInteger(GeneratedResource):
    """A whole number between two others, both included."""

    inputs: ClassVar = {"keepers": None, "max": None, "min": None, "seed": None}
    required: ClassVar = frozenset({"max", "min"})
    outputs: ClassVar = frozenset({"result"})

    @override
    def problems(self, arguments: Arguments) -> Iterator[tuple[str, str]]:
        if arguments["min"] > arguments["max"]:
            yield "min", f"min must be at most max, {arguments['max']}, got {arguments['min']}"
        if arguments["seed"] is not None:
            yield "seed", "this stand-in cannot repeat the official plugin's seeded numbers"

    @override
    def generate(self, arguments: Arguments) -> Generated:
        low, high = arguments["min"], arguments["max"]
        result = low + secrets.randbelow(high - low + 1)
        return Generated(resource_id=str(result), outputs={"result": result}, inputs=arguments)

    @override
    def imported(self, resource_id: str) -> Generated:
        try:
            result, low, high = map(int, resource_id.split(","))
        except ValueError:
            raise PluginError(
                f"the ID to import must be RESULT,MIN,MAX, got {resource_id!r}"
            ) from None
        inputs = {"min": low, "max": high}
        return Generated(resource_id=str(result), outputs={"result": result}, inputs=inputs)


class RandomProvider(GeneratedProvider):
    """The `random` package."""

    package = "random"
    limits: ClassVar = (
        "It has passwords, strings, bytes, IDs, UUIDs and unseeded integers, "
        "and refuses everything else."
    )
    resources: ClassVar = {
        "random:index/randomBytes:RandomBytes": RandomBytes(),
        "random:index/randomId:RandomId": RandomId(),
        "random:index/randomInteger:RandomInteger": RandomInteger(),
        "random:index/randomPassword:RandomPassword": RandomPassword(),
        "random:index/randomString:RandomString": RandomString(),
        "random:index/randomUuid:RandomUuid": RandomUuid(),
    }


def _classes(arguments: Arguments) -> list[tuple[str, int]]:
    """The characters of each class and how many of them there must be at least."""
    return [
        (string.ascii_lowercase, arguments["minLower"]),
        (string.ascii_uppercase, arguments["minUpper"]),
        (string.digits, arguments["minNumeric"]),
        (arguments["overrideSpecial"] or _SPECIAL, arguments["minSpecial"]),
    ]


def _alphabet(arguments: Arguments) -> str:
    """The characters that fill a string up once the minima are met."""
    enabled = (
        arguments["lower"],
        arguments["upper"],
        arguments["numeric"] and arguments["number"],
        arguments["special"],
    )
    classes = zip(_classes(arguments), enabled, strict=True)
    return "".join(characters for (characters, _), on in classes if on)


def _characters(arguments: Arguments) -> str:
    classes = _classes(arguments)
    picked = [secrets.choice(characters) for characters, count in classes for _ in range(count)]
    alphabet = _alphabet(arguments)
    picked += [secrets.choice(alphabet) for _ in range(arguments["length"] - len(picked))]
    secrets.SystemRandom().shuffle(picked)
    return "".join(picked)


def _password(result: str, inputs: Arguments) -> Generated:
    hashed = bcrypt.hashpw(result.encode()[:_BCRYPT_BYTES], bcrypt.gensalt(rounds=10))
    return Generated(
        # Not the password: an ID is readable in the state.
        resource_id="none",
        outputs={"result": result, "bcryptHash": hashed.decode()},
        inputs=inputs,
    )


def _at_least_one(name: str, arguments: Arguments) -> Iterator[tuple[str, str]]:
    if arguments[name] < 1:
        yield name, f"{name} must be at least 1, got {arguments[name]}"


def _decoded(text: str, *, altchars: bytes) -> bytes:
    try:
        return base64.b64decode(text, altchars=altchars, validate=True)
    except ValueError:
        # Without the ID, which is a secret.
        raise PluginError("the ID to import must be the value in base64") from None


if __name__ == "__main__":
    server.serve_provider(RandomProvider, version=server.version_of("pulumi-random"))
