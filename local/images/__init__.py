"""Container images of the embedded environment: the published ones, or stand-ins built here.

Where the registries answer, containerd pulls what is published. Where they don't, stand-ins are
built from package registries, with the same user ids, entry points, paths and ports, so that a pod
differs in its image's reference alone. `catalogue.py` says what is different inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.images import catalogue, n8n, recipes, registries, store
from local.progress import Steps
from local.toolchain.resolve import Toolchain

__all__ = ["Images", "can_be_pulled", "n8n", "provide", "stack_settings", "store"]


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images that nodes run.

    Attributes:
        references: what a pod names, by the catalogue's names.
        store: containerd's root folder that nodes start from (`store.clone`), with the images that
            were built here: all of them, or our own where the published ones are pulled.
    """

    references: Mapping[str, str]
    store: Path


def can_be_pulled() -> bool:
    """Whether the nodes can have the published images: all their registries answer."""
    return registries.unreachable(catalogue.published().values()) is None


def provide(toolchain: Toolchain, steps: Steps) -> Images:
    """The images, after whatever has to be built for them.

    Raises:
        LocalError: the registries cannot be reached, and neither can what stand-ins are made of.
    """
    with steps.step("Images") as step:
        published = catalogue.published()
        problem = registries.unreachable(published.values())
        if problem is None:
            stand_ins, folder = [], None
            said = "pulled from their registries by the nodes"
        else:
            stand_ins = recipes.images(toolchain.programs, step.detail)
            folder = store.build(stand_ins, step.detail)
            said = f"{len(stand_ins)} stand-ins, as {problem}; see docs/stand-ins.md"
        own = recipes.own(step.detail)
        folder = store.build(own, step.detail, below=folder)
        step.done(said)
    built = {image.name: image.reference for image in (*stand_ins, *own)}
    return Images(references=published | built, store=folder)


def stack_settings(images: Images) -> dict[str, dict[str, Any]]:
    """What a stack has to set so that its pods name these images; see `catalogue`."""
    return catalogue.stack_settings(images.references)
