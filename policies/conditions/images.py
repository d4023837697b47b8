"""What runs is known: pinned images from known registries, and no n8n with known flaws."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_policy import Severity

from policies.condition import Context, condition
from policies.resources.kubernetes import containers, has_pods
from policies.resources.place import Place, Verdict
from policies.resources.resource import Resource
from policies.resources.workloads import runs_pods

_NAMES = "https://kubernetes.io/docs/concepts/containers/images/#image-names"
_N8N_ADVISORIES = "https://github.com/n8n-io/n8n/security/advisories"

_DOCKER_HUB = "docker.io"
_N8N = ("/n8nio/n8n", "/n8nio/runners")
"""How the names of images of n8n end, in its own registries and in mirrors of them."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?![\w.])")

Version = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Image:
    """An image reference, completed as a container runtime does.

    Attributes:
        name: registry and repository, as `docker.io/library/redis`.
        tag: empty if there is none.
        digest: empty if there is none.
    """

    name: str
    tag: str
    digest: str


def _image(reference: str) -> _Image:
    named, _, digest = reference.strip().partition("@")
    parent, slash, last = named.rpartition("/")
    repository, _, tag = last.partition(":")
    return _Image(name=_complete(f"{parent}{slash}{repository}"), tag=tag, digest=digest)


def _complete(name: str) -> str:
    """A repository's name with its registry: a first part is one only if it looks like a host."""
    registry, slash, repository = name.partition("/")
    if not slash or not (registry == "localhost" or "." in registry or ":" in registry):
        registry, repository = _DOCKER_HUB, name
    if registry in (_DOCKER_HUB, f"index.{_DOCKER_HUB}"):
        registry = _DOCKER_HUB
        repository = repository if "/" in repository else f"library/{repository}"
    return f"{registry}/{repository}"


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Add the digest to the image, as name:tag@sha256:…; `docker buildx imagetools inspect` "
    "shows it.",
    url=_NAMES,
)
def images_are_pinned(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Containers run the very image that was checked: its digest is part of its name."""
    for image in _references(resource):
        # A patch may leave the image alone.
        if runs_pods(resource) or not image.missing:
            yield from image.must(
                lambda place: bool(_DIGEST.fullmatch(_image(place.text or "").digest)),
                "a digest, @sha256:…",
                found=f"{image.path} {'not set' if image.missing else 'without a digest'}",
            )


@condition(
    applies=has_pods,
    severity=Severity.HIGH,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Take the image from a registry of imageRegistries, or add the registry there, in "
    "policies/config/<stack>.json.",
    url=_NAMES,
)
def images_come_from_allowed_registries(resource: Resource, context: Context) -> Iterator[Verdict]:
    """Containers run images from the registries that are agreed on."""
    allowed = [each.rstrip("/") for each in context.parameters.image_registries]
    for image in _references(resource):
        if not image.missing:
            yield from image.must(
                lambda place: place.text is not None and _is_below(place.text, allowed),
                "a registry of imageRegistries",
                found=f"{image.path} from another registry",
            )


@condition(
    applies=has_pods,
    severity=Severity.MEDIUM,
    soc2=("CC8.1",),
    steps="Give the image a tag that names its version, or its digest; not latest.",
    url=_NAMES,
)
def images_name_a_version(resource: Resource, _: Context) -> Iterator[Verdict]:
    """Containers run an image of a stated version, by its tag or digest, and never the latest."""
    for image in _references(resource):
        if not image.missing:
            yield from image.must(
                lambda place: place.text is not None and _is_stated(_image(place.text)),
                "a tag other than latest, or a digest",
                found=f"{image.path} {_tag_state(image)}",
            )


@condition(
    applies=has_pods,
    severity=Severity.CRITICAL,
    soc2=("CC6.8", "CC7.1"),
    gdpr=("32(1)(b)",),
    steps="Upgrade n8n to the oldest accepted release of its line or a newer one, and name it in "
    "the tag, beside a digest if there is one. n8nMinimumVersions in policies/config/<stack>.json "
    "has the oldest ones.",
    url=_N8N_ADVISORIES,
)
def n8n_has_no_known_flaw(resource: Resource, context: Context) -> Iterator[Verdict]:
    """n8n and its task runners are no older than the oldest release without a known flaw."""
    floors = sorted(_version(each) for each in context.parameters.n8n_minimum_versions)
    for place in _references(resource) if floors else ():
        if place.unknown:
            yield from place.must(lambda _: False, "an accepted release, if it is n8n's")
        elif place.text is not None and _image(place.text).name.endswith(_N8N):
            version = _version(_image(place.text).tag)
            # As for the platform's settings: a line without a floor takes that of the line before.
            lines = [floor for floor in floors if floor[:2] <= version[:2]]
            floor = (lines or floors)[-1 if lines else 0]
            yield from place.must(
                lambda _, version=version, floor=floor: version >= floor,
                f"n8n {_written(floor)} or newer",
                found=f"n8n {_written(version)}" if version else "n8n without a release as its tag",
            )


def _references(resource: Resource) -> Iterator[Place]:
    for container in containers(resource):
        yield container.at("image")


def _is_below(reference: str, allowed: list[str]) -> bool:
    name = _image(reference).name
    return any(name == each or name.startswith(f"{each}/") for each in allowed)


def _is_stated(image: _Image) -> bool:
    return image.tag != "latest" and bool(image.tag or image.digest)


def _tag_state(place: Place) -> str:
    return "of the latest version" if _image(place.text or "").tag else "without a tag"


def _version(text: str) -> Version:
    """A release's three numbers; none if it is no release: a shorter one is a tag that moves."""
    match = _VERSION.match(text)
    return tuple(map(int, match.groups())) if match else ()


def _written(version: Version) -> str:
    return ".".join(map(str, version))
