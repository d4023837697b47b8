"""What runs on the cluster beside the platform: names, volumes, the way in, and monitoring.

A managed cluster brings the like; here they are applied with the nodes.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

import yaml

from local.addons import gateway, monitoring
from local.images import Images
from local.nodes import Manifest

_HERE = Path(__file__).parent
_FILES = ("dns.yaml", "storage.yaml")


def manifests(images: Images) -> list[Manifest]:
    """All objects, with the images that the nodes have or can pull."""
    names = {name.replace("-", "_"): reference for name, reference in images.references.items()}
    return [
        *(
            document
            for file in _FILES
            for document in yaml.safe_load_all(
                Template((_HERE / file).read_text()).substitute(names)
            )
        ),
        *gateway.manifests(images.references),
        *monitoring.manifests(images.references),
    ]
