"""Programs as plain data, and the CLI with both packs on them."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from local.environment import REPOSITORY, Environment

PACKS = {"SOC2": "n8n-soc2", "GDPR": "n8n-gdpr"}
"""Name of each framework's pack."""

_PROGRAM = """\
import json
from pathlib import Path

import pulumi

declared = {}


def value(of):
    if isinstance(of, dict):
        if "$output" in of:
            resource, name = of["$output"]
            return getattr(declared[resource], name)
        if "$secret" in of:
            return pulumi.Output.secret(of["$secret"])
        return {key: value(each) for key, each in of.items()}
    return [value(each) for each in of] if isinstance(of, list) else of


for name, each in json.loads(Path("program.json").read_text()).items():
    properties = value(each["properties"])
    options = pulumi.ResourceOptions(
        protect=each.get("protect"), ignore_changes=each.get("ignoreChanges")
    )
    package, _, kind = each["type"].rpartition(":")
    if package == "pulumi:providers":
        declared[name] = pulumi.ProviderResource(kind, name, properties, options)
    else:
        # An output has to be named beside the inputs to be there.
        outputs = dict.fromkeys(each.get("outputs", ()))
        declared[name] = pulumi.CustomResource(each["type"], name, outputs | properties, options)
"""

Program = Mapping[str, Mapping[str, Any]]
"""By its name each resource with `type` and `properties`; perhaps `protect`, `ignoreChanges`, and
`outputs`, the names of what others use of it."""


def output(resource: str, name: str = "id") -> dict[str, Any]:
    """In a program: what is only known of another resource once it is there."""
    return {"$output": [resource, name]}


def secret(value: Any) -> dict[str, Any]:
    """In a program: a value that is marked secret."""
    return {"$secret": value}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a call of the CLI came to.

    Attributes:
        code: its exit code.
        output: what it printed to its standard output.
        errors: the same of its standard error.
        record: folder with what the packs wrote down.
        log: the engine's events.
    """

    code: int
    output: str
    errors: str
    record: Path
    log: Path

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.output + self.errors

    @cached_property
    def messages(self) -> list[tuple[str, str]]:
        """What policies reported to the engine, line by line, and the name of the resource."""
        events = map(json.loads, self.log.read_text().splitlines())
        reported = (each["policyEvent"] for each in events if "policyEvent" in each)
        return [
            (line, name_of(each.get("resourceUrn", "")))
            for each in reported
            # The first line is the description of the policy.
            for line in each["message"].strip().splitlines()[1:]
        ]

    def judgements(self, framework: str) -> list[dict[str, Any]]:
        """What a framework's pack decided of each resource under each condition."""
        lines = (self.record / f"{PACKS[framework]}.jsonl").read_text().splitlines()
        return [line for line in map(json.loads, lines) if "condition" in line]

    def findings(self, framework: str) -> Iterator[tuple[str, str, str]]:
        """Condition, resource and path of what a framework's pack found."""
        for each in self.judgements(framework):
            for finding in each["findings"]:
                yield each["condition"], name_of(each["urn"]), finding["path"]

    def by_result(self, result: str) -> Iterator[tuple[str, str]]:
        """Condition and resource of the judgements with that result, of both packs."""
        for framework in PACKS:
            for each in self.judgements(framework):
                if each["result"] == result:
                    yield each["condition"], name_of(each["urn"])


def name_of(urn: str) -> str:
    """The name in a URN; that of the stack's own resource is `stack`."""
    return "stack" if "::pulumi:pulumi:Stack::" in urn else urn.rpartition("::")[2]


class PolicedStack:
    """A stack in a folder of its own, whose program is plain data."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.folder = folder
        self.name = "policed"
        self._variables = environment.pulumi_environment()
        self._calls = 0
        self._deployed = False
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(
            # Unique among the projects of a test run, which share a backend.
            f"name: {folder.parent.name}-{folder.name}\n"
            "runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
        )
        (folder / ".venv").symlink_to(REPOSITORY / ".venv")
        (folder / "__main__.py").write_text(_PROGRAM)
        self._pulumi("stack", "init", self.name)
        with (folder / f"Pulumi.{self.name}.yaml").open("a") as file:
            yaml.safe_dump({"config": {"aws:region": "eu-central-1"}}, file)
        self.allow({})

    def declare(self, program: Program) -> None:
        """Replace the program."""
        (self.folder / "program.json").write_text(json.dumps(program))

    def allow(self, config: Any, exceptions: Any = ()) -> None:
        """Replace the packs' configuration and exceptions."""
        config_folder = self.folder / "policies" / "config"
        config_folder.mkdir(parents=True, exist_ok=True)
        (config_folder / f"{self.name}.json").write_text(json.dumps(config))
        (self.folder / "policies" / "exceptions.yaml").write_text(yaml.safe_dump([*exceptions]))

    def run(self, *arguments: str, frameworks: Iterable[str] = PACKS) -> Outcome:
        """Run `preview` or `up` with packs."""
        self._calls += 1
        self._deployed |= "up" in arguments
        record = self.folder / f"record-{self._calls}"
        log = self.folder / f"events-{self._calls}.jsonl"
        given = [flag for each in frameworks for flag in _pack(each)]
        called = self._pulumi(
            *(*arguments, *given, "--event-log", str(log)),
            PULUMI_DEBUG_COMMANDS="true",  # has the flag --event-log
            POLICY_RECORD=str(record),
            POLICY_FILES=str(self.folder / "policies"),
        )
        return Outcome(
            code=called.returncode,
            output=called.stdout,
            errors=called.stderr,
            record=record,
            log=log,
        )

    def destroy(self) -> None:
        """Delete what `up` made."""
        if self._deployed:
            self._pulumi("destroy", "--yes")

    def _pulumi(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**self._variables, "PULUMI_STACK": self.name, **variables},
            capture_output=True,
            text=True,
            check=arguments[0] == "stack",
        )


def _pack(framework: str) -> tuple[str, str]:
    return "--policy-pack", os.fspath(REPOSITORY / "policies" / framework.lower())
