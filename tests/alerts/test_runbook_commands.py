"""The commands of runbooks name what there is: at three in the morning nobody looks up a name."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.policies.platform import NAME, of_stack

_PAGES = {page.stem: page for page in sorted(Path("docs/runbooks").glob("*.md"))}
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(kubectl [^`]+)`")
_COMMAND = re.compile(r"kubectl (?:[^'|;&\n]|'[^']*')+")

_PLACEHOLDER = re.compile(r"[A-Z]+")
"""What the reader puts a name for, such as POD."""
_ELSEWHERE = {"monitoring", "envoy-gateway-system", "external-secrets"}
"""Namespaces that are not the platform's own."""
_KINDS = {
    "cronjob": "CronJob",
    "deploy": "Deployment",
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "hpa": "HorizontalPodAutoscaler",
    "secret": "Secret",
    "job": "Job",
}
_WORKLOADS = ("Deployment", "StatefulSet", "Job")
_OWN_POD = re.compile(r"kind: Pod\n +metadata: \{name: ([a-z-]+)\}")
"""A pod that a page has the reader make."""


@cache
def _named() -> dict[tuple[str, str], dict[str, Any]]:
    """The platform's objects by kind and name, with the jobs that some stacks have."""
    jobs = {"enabled": True}
    resources = of_stack(NAME, dataSubjects=jobs, backup=jobs)
    found = ((each.type.rsplit(":", 1)[1], dict(each.read())) for each in resources)
    return {
        (kind, read["metadata"]["name"]): read
        for kind, read in found
        if kind in _KINDS.values() and read["metadata"]["namespace"] == "n8n"
    }


@cache
def _templates() -> dict[str, dict[str, Any]]:
    """Pod templates by the workload's name."""
    specs = {
        name: read["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else read["spec"]
        for (kind, name), read in _named().items()
        if kind in ("CronJob", *_WORKLOADS)
    }
    return {name: spec["template"] for name, spec in specs.items()}


def _containers(workload: str) -> set[str]:
    spec = _templates()[workload]["spec"]
    return {
        each["name"] for key in ("containers", "initContainers") for each in spec.get(key) or []
    }


def _commands(text: str) -> Iterator[list[str]]:
    blocks = "\n".join(_BLOCK.findall(text)).replace("\\\n", " ")
    inline = "\n".join(each.replace("\n", " ") for each in _INLINE.findall(text))
    for command in _COMMAND.findall(f"{blocks}\n{inline}"):
        words = shlex.split(command)
        # What follows is the container's own.
        yield words[: words.index("--")] if "--" in words else words


def _wrong(command: list[str]) -> Iterator[str]:
    options = dict(zip(command, [*command[1:], ""], strict=True))
    namespace = options.get("-n", "n8n")
    if namespace in _ELSEWHERE or "-A" in command:
        return
    if namespace != "n8n":
        yield f"namespace {namespace}"
    for word in command:
        kind, slash, name = word.partition("/")
        if slash and kind in _KINDS and (_KINDS[kind], name) not in _named():
            yield word
    wanted = _wanted(options.get("-l", ""))
    chosen = [
        name
        for name, template in _templates().items()
        if all(template["metadata"]["labels"].get(key) in values for key, values in wanted.items())
    ]
    if not chosen:
        yield f"no pod has {options['-l']}"
    verb = next((word for word in command if word in ("exec", "logs")), None)
    if verb:
        rest = command[command.index(verb) + 1 :]
        yield from _wrong_container(rest, options.get("-c"), chosen)


def _wanted(selector: str) -> dict[str, set[str]]:
    """The values that a selector lets each label have: `name=n8n,component in (main,worker)`."""
    wanted = {key: {value} for key, value in re.findall(r"([^,=\s]+)=([^,\s]+)", selector)}
    sets = re.findall(r"([^,\s]+) in \(([^)]*)\)", selector)
    return wanted | {key: set(values.split(",")) for key, values in sets}


def _wrong_container(command: list[str], container: str | None, chosen: list[str]) -> Iterator[str]:
    target = next((word for word in command if not word.startswith("-")), "")
    workload = re.sub(r"-\d+$", "", target.rpartition("/")[2])
    if "-l" in command or _PLACEHOLDER.fullmatch(target):
        known = set[str]().union(*map(_containers, chosen))
    elif workload in _templates():
        known = _containers(workload)
    else:
        yield f"no pod {target}"
        return
    if container is None and len(known) > 1 and "--all-containers" not in command:
        yield "which container?"
    elif container and not _PLACEHOLDER.fullmatch(container) and container not in known:
        yield f"container {container}"


@pytest.mark.parametrize("page", _PAGES.values(), ids=_PAGES)
def test_a_command_names_what_the_platform_has(page: Path) -> None:
    text = page.read_text()
    commands = list(_commands(text))
    assert commands
    own = set(_OWN_POD.findall(text))
    wrong = {
        " ".join(command): list(_wrong(command)) for command in commands if not own & {*command}
    }
    assert {command: found for command, found in wrong.items() if found} == {}


@pytest.mark.parametrize("page", _PAGES.values(), ids=_PAGES)
def test_commands_are_of_a_shell(page: Path) -> None:
    text = "\n".join(_BLOCK.findall(page.read_text()))
    checked = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
    assert checked.stderr == ""


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("kubectl -n n8n logs deploy/n8n-main -c n8n", []),
        ("kubectl -n n8n logs POD -c CONTAINER --previous", []),
        ("kubectl -n monitoring logs deploy/anything", []),
        (
            "kubectl -n n8n logs deploy/n8n-editor -c n8n",
            ["deploy/n8n-editor", "no pod deploy/n8n-editor"],
        ),
        ("kubectl -n n8n logs redis-a-0 -c metrics", ["container metrics"]),
        ("kubectl -n n8n logs postgres-0", ["which container?"]),
        ("kubectl -n n8n exec redis-d-0 -c redis -- ls", ["no pod redis-d-0"]),
        ("kubectl -n default get pods", ["namespace default"]),
        ("kubectl -n n8n get pods -l app=n8n", ["no pod has app=n8n"]),
        ("kubectl -n n8n get pods -l 'app.kubernetes.io/component in (main,worker)'", []),
        (
            "kubectl -n n8n get pods -l 'app.kubernetes.io/name in (n8n,it),x=y'",
            ["no pod has app.kubernetes.io/name in (n8n,it),x=y"],
        ),
        (
            "kubectl -n n8n get pods -l 'app.kubernetes.io/component in (editor)'",
            ["no pod has app.kubernetes.io/component in (editor)"],
        ),
    ],
)
def test_a_name_that_is_not_there_is_found(command: str, wrong: list[str]) -> None:
    assert list(_wrong(shlex.split(command))) == wrong
