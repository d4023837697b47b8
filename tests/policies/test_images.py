"""What runs is known: pinned images from known registries, and no n8n with known flaws."""

from dataclasses import replace
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import images
from policies.resources.resource import Resource
from tests.policies.judging import DEFAULTS, UNKNOWN, said
from tests.policies.pods import APP, deployment, of_pods
from tests.policies.wording import pending, violated

_IMAGE = f"{APP}.image"
_DIGEST = f"sha256:{'0af1' * 16}"
_STATED = "a tag other than latest, or a digest"


def running(image: Any) -> Resource:
    return deployment({"image": image})


@pytest.mark.parametrize(
    "image", [f"redis@{_DIGEST}", f"ghcr.io/org/app:1.2@{_DIGEST}", f"h:5000/a@{_DIGEST}"]
)
def test_an_image_with_its_digest_is_pinned(image: str) -> None:
    assert said(images.images_are_pinned, running(image)) == []


@pytest.mark.parametrize(
    "image", ["redis:8.2.9", f"redis@{_DIGEST[:-1]}", "redis@sha512:00", f"redis:{_DIGEST}", "", 7]
)
def test_an_image_without_a_complete_digest_is_not_pinned(image: Any) -> None:
    assert said(images.images_are_pinned, running(image)) == [
        violated(
            images.images_are_pinned,
            running(image),
            found=f"{_IMAGE} without a digest",
            requires="a digest, @sha256:…",
            fix=_IMAGE,
        )
    ]


def test_no_image_is_not_pinned_but_in_a_patch() -> None:
    patch = of_pods("kubernetes:apps/v1:DeploymentPatch", containers=[{"name": "app"}])

    assert said(images.images_are_pinned, patch) == []
    assert said(images.images_are_pinned, deployment()) == [
        violated(
            images.images_are_pinned,
            deployment(),
            found=f"{_IMAGE} not set",
            requires="a digest, @sha256:…",
            fix=_IMAGE,
        )
    ]


@pytest.mark.parametrize(
    "image",
    [
        "redis:8",
        "library/redis",
        "docker.io/redis:8",
        "index.docker.io/library/redis",
        "n8nio/n8n:2.43.3",
        "registry.example:5000/platform/app:1",
        "registry.example:5000/platform",
        f"localhost/app@{_DIGEST}",
    ],
)
def test_short_names_and_everything_below_an_allowed_registry_are_allowed(image: str) -> None:
    allowed = ("docker.io/library", "docker.io/n8nio/", "registry.example:5000/platform")
    parameters = replace(DEFAULTS, image_registries=(*allowed, "localhost"))

    condition = images.images_come_from_allowed_registries
    assert said(condition, running(image), parameters=parameters) == []


@pytest.mark.parametrize(
    "image",
    [
        "someone/redis:8",
        "registry.example/library/redis",
        "docker.io.evil.example/library/redis",
        "docker.io/library-of-evil/redis",
        "ghcr.io.evil.example/app",
        3,
    ],
)
def test_another_registry_is_found(image: Any) -> None:
    condition = images.images_come_from_allowed_registries

    assert said(condition, running(image)) == [
        violated(
            condition,
            running(image),
            found=f"{_IMAGE} from another registry",
            requires="a registry of imageRegistries",
            fix=_IMAGE,
        )
    ]


@pytest.mark.parametrize("image", ["redis:8", f"redis@{_DIGEST}", "h:5000/a:latest-1"])
def test_a_tag_or_a_digest_states_a_version(image: str) -> None:
    assert said(images.images_name_a_version, running(image)) == []


@pytest.mark.parametrize(
    ("image", "state"),
    [
        ("redis", "without a tag"),
        ("registry.example:5000/redis", "without a tag"),
        ("redis:latest", "of the latest version"),
        (f"redis:latest@{_DIGEST}", "of the latest version"),
    ],
)
def test_the_latest_is_no_version(image: str, state: str) -> None:
    assert said(images.images_name_a_version, running(image)) == [
        violated(
            images.images_name_a_version,
            running(image),
            found=f"{_IMAGE} {state}",
            requires=_STATED,
            fix=_IMAGE,
        )
    ]


@pytest.mark.parametrize(
    "image",
    [
        "n8nio/n8n:2.43.3",
        f"docker.io/n8nio/n8n:2.42.6@{_DIGEST}",
        "mirror.example/hub/n8nio/runners:v2.42.9-arm64",
        "n8nio/n8n:2.44.0",  # no line of its own: newer than 2.43's
        "n8nio/n8n:4.0.0",
        "someone/n8n:1.0.0",  # not n8n's
        "redis:1",
    ],
)
def test_n8n_as_new_as_its_line_asks_is_accepted(image: str) -> None:
    assert said(images.n8n_has_no_known_flaw, running(image)) == []


@pytest.mark.parametrize(
    ("image", "found", "floor"),
    [
        ("n8nio/n8n:2.43.2", "n8n 2.43.2", "2.43.3"),
        ("n8nio/runners:2.42.5", "n8n 2.42.5", "2.42.6"),
        ("n8nio/n8n:1.110.0", "n8n 1.110.0", "2.42.6"),
        ("n8nio/n8n:3.0.0", "n8n 3.0.0", "3.0.1"),
        ("n8nio/n8n:2.43", "n8n without a release as its tag", "2.42.6"),
        ("n8nio/n8n:latest", "n8n without a release as its tag", "2.42.6"),
        (f"n8nio/n8n@{_DIGEST}", "n8n without a release as its tag", "2.42.6"),
    ],
)
def test_n8n_with_known_flaws_is_found(image: str, found: str, floor: str) -> None:
    parameters = replace(DEFAULTS, n8n_minimum_versions=("3.0.1", "2.42.6", "2.43.3"))

    condition = images.n8n_has_no_known_flaw
    assert said(condition, running(image), parameters=parameters) == [
        violated(
            condition, running(image), found=found, requires=f"n8n {floor} or newer", fix=_IMAGE
        )
    ]


@pytest.mark.parametrize(
    ("condition", "requires"),
    [
        (images.images_are_pinned, "a digest, @sha256:…"),
        (images.images_come_from_allowed_registries, "a registry of imageRegistries"),
        (images.images_name_a_version, _STATED),
        (images.n8n_has_no_known_flaw, "an accepted release, if it is n8n's"),
    ],
)
def test_an_unknown_image_is_undecided(condition: Condition, requires: str) -> None:
    assert said(condition, running(UNKNOWN)) == [
        pending(condition, running(UNKNOWN), unknown=_IMAGE, requires=requires)
    ]
