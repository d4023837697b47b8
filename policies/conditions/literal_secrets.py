"""Secrets are referred to: no value stands in a manifest.

The engine hands policies every value in plain text, Pulumi's own secrets too. So a message says
where something was found and of what kind it is, and never what.
"""

import binascii
import re
from base64 import b64decode
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources import credentials
from policies.resources.answers import Answer, decide, every, known
from policies.resources.kubernetes import containers, handlers, has_pods, is_object, pod_annotations
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource, of_type

_GOOD_PRACTICES = "https://kubernetes.io/docs/concepts/security/secrets-good-practices/"
_ENVIRONMENT = (
    "https://kubernetes.io/docs/tasks/inject-data-application/"
    "distribute-credentials-secure/#define-container-environment-variables-using-secret-data"
)
_CONFIG_MAPS = "https://kubernetes.io/docs/concepts/configuration/configmap/"
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)")


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Take the variable's value from a Secret, with valueFrom.secretKeyRef, and replace the "
    "secret: whoever could read the manifest knows it.",
    url=_ENVIRONMENT,
)
def no_literal_secret_in_environment(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No environment variable of a container holds a secret in plain text."""
    for container in containers(resource):
        for entry in container.at("env").each():
            value, name = entry.at("value"), entry.at("name").text or ""
            yield from _is_none(value, named=credentials.is_literal(name, value.text or ""))


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Have the program read the secret from a file or an environment variable that comes from "
    "a Secret, and replace the secret: arguments are shown by every list of processes.",
    url=_GOOD_PRACTICES,
)
def no_literal_secret_in_arguments(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No command, probe or hook of a container is given a secret in its arguments."""
    for container in containers(resource):
        yield from _command_line([*container.at("command").each(), *container.at("args").each()])
        for handler in handlers(container):
            yield from _command_line([*handler.at("exec", "command").each()])


@condition(
    applies=of_type("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch"),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Move the value to a Secret, and replace it: ConfigMaps are not encrypted, and readable "
    "by everybody who may look.",
    url=_CONFIG_MAPS,
)
def no_literal_secret_in_config_maps(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No ConfigMap holds a password, token or private key."""
    for key, value in resource.at("data").entries():
        yield from _is_no_secret_of(key, value)
    for _key, value in resource.at("binaryData").entries():
        yield from _is_none(_decoded(value))


@condition(
    applies=is_object,
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Remove the annotation, and replace the secret: annotations are shown to everybody who "
    "may see the resource.",
    url=_GOOD_PRACTICES,
)
def no_literal_secret_in_annotations(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No annotation holds a password, token or private key."""
    annotations = [resource.at("metadata", "annotations")]
    if has_pods(resource) and resource.kind != "Pod":
        annotations.append(pod_annotations(resource))
    for place in annotations:
        for _key, value in place.entries():
            yield from _is_none(value)


@condition(
    applies=of_type("kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch"),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Let External Secrets, or whoever keeps the secret, fill the Secret. If the program must "
    "make it, add its name to bootstrapSecrets in policies/config/<stack>.json.",
    url=_GOOD_PRACTICES,
)
def secrets_are_filled_from_outside(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Programs fill no Secret but those that are agreed on for bootstrapping."""
    listed = _is_listed(resource, context.parameters.bootstrap_secrets)
    for section in ("data", "stringData"):
        place = resource.at(section)
        empty = every(known(value, value.text == "") for _, value in place.entries())
        if empty is not True and listed is not True:
            yield from decide(
                None if empty is None or listed is None else False,
                place.path,
                found=f"{place.path} filled by the program",
                requires="no value, or a name in bootstrapSecrets",
            )


@condition(
    applies=of_type("kubernetes:external-secrets.io/v*:ExternalSecret"),
    severity=Severity.HIGH,
    soc2=("CC6.1",),
    gdpr=("32(1)(a)",),
    steps="Put the value into the store that the ExternalSecret reads, refer to it in the template "
    "as {{ .name }}, and replace it: the manifest is readable by everybody who may look.",
    url="https://external-secrets.io/latest/guides/templating/",
)
def no_literal_secret_in_secret_templates(resource: Resource, _: Context) -> Iterator[Verdict]:
    """No template of an ExternalSecret holds a password, token or private key of its own."""
    template = resource.at("spec", "target", "template")
    for key, value in template.at("data").entries():
        yield from _is_no_secret_of(key, value)
    for source in template.at("templateFrom").each():
        yield from _is_none(source.at("literal"))


def _is_no_secret_of(key: str, value: Place) -> Iterator[Verdict]:
    """The value under a key of a ConfigMap or Secret is none."""
    # What has several lines is a file, and its key the file's name.
    text = value.text or ""
    yield from _is_none(value, named="\n" not in text and credentials.is_literal(key, text))


def _is_none(place: Place, *, named: bool = False) -> Iterator[Verdict]:
    """A text is no secret, nor has one in it; of JSON, each property by its own name.

    Args:
        place: the text.
        named: whether its name says that it is one.
    """
    inside = [
        verdict
        for name, leaf in _leaves(place)
        for verdict in _is_none(
            leaf, named=credentials.is_literal_in_document(name, leaf.text or "")
        )
    ]
    yield from inside
    kind = credentials.shape(place.text or "") or ("a literal secret" if named else None)
    if not place.missing and not inside:
        yield from place.must(
            lambda _: kind is None, "a reference to a Secret", found=f"{place.path} with {kind}"
        )


def _leaves(file: Place) -> Iterator[tuple[str, Place]]:
    """The texts in a JSON document, each with the key that it is under."""
    document = file.parsed()
    # What is one text, or not known, is no document.
    places = deque([("", document)] if file.text and document.text is None else [])
    while places:
        name, place = places.popleft()
        places.extend(place.entries())
        places.extend((name, each) for each in place.each())
        if place.text is not None:
            yield name, place


def _command_line(words: list[Place]) -> Iterator[Verdict]:
    """The same of arguments, which name a secret themselves or in the word before."""
    flag = ""
    for word in words:
        text = word.text or ""
        given = [*credentials.assignments(text)]
        if flag and not text.startswith("-"):
            given.append((flag, text))
        yield from _is_none(word, named=any(credentials.is_literal(*each) for each in given))
        match = _FLAG.fullmatch(text)
        flag = match[1] if match else ""


def _decoded(value: Place) -> Place:
    if value.text is None:
        return value
    try:
        return Place(value.path, b64decode(value.text).decode("latin-1"))
    except (binascii.Error, ValueError):
        return value


def _is_listed(resource: Resource, patterns: tuple[str, ...]) -> Answer:
    """Whether the Secret's name, in the program or in the cluster, is in the bootstrap list."""
    name = resource.at("metadata", "name")
    names = [resource.name, name.text or ""]
    if any(fnmatchcase(each, pattern) for each in names for pattern in patterns):
        return True
    return known(name, False)
