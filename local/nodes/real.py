"""Real nodes: a kubelet with containerd in each of three zones, on this machine.

Pods run, probes probe, services and names resolve, volumes keep data, and network policies are
enforced. Needs Linux, root, and Debian's packages.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from local import addons, images, processes
from local.addons import gateway
from local.control_plane.ports import LOOPBACK
from local.errors import LocalError
from local.front_door import Forward, FrontDoor
from local.images import Images
from local.nodes import Access, Manifest
from local.nodes.machine import configuration, credentials
from local.nodes.machine.addresses import HOST, PLACES
from local.nodes.machine.network import Network
from local.nodes.machine.node import INIT, Node
from local.progress import Steps
from local.toolchain import debian
from local.toolchain.debian import Debian
from local.toolchain.pins import IMAGE_TOOLS, NODE_TOOLS, Tool
from local.toolchain.resolve import Toolchain

_PLUGINS = "usr/lib/cni"
_PROGRAMS = ("kubelet", "kube-proxy", "kube-router")


class RealNodes:
    """One node in each of three zones, in namespaces of this machine.

    Args:
        directory: the environment's folder.
    """

    kind = "real"
    description = "three real nodes, one a zone"
    server_address = HOST

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "nodes"
        self._nodes = {place.name: Node(place, self._folder / place.name) for place in PLACES}
        self._front_door = FrontDoor(directory / "front-door")
        self._packages: Debian | None = None
        self._images: Images | None = None

    @property
    def tools(self) -> Sequence[Tool]:
        """The nodes' programs, and what images are made of where they cannot be pulled."""
        return (*NODE_TOOLS, *(() if images.can_be_pulled() else IMAGE_TOOLS))

    @property
    def images(self) -> Images:
        """The images that they run; known after `prepare`."""
        if self._images is None:
            raise RuntimeError("prepare() comes first")
        return self._images

    def begin(self) -> None:
        """Begin with n8n's packages, which the network delays more than this machine does."""
        if not images.can_be_pulled():
            threading.Thread(target=_install_n8n, daemon=True).start()

    def prepare(self, toolchain: Toolchain, steps: Steps) -> None:
        """Have Debian's packages and the images."""
        with steps.step("Container runtime") as step:
            self._packages = debian.fetch(*debian.NODE_PACKAGES, report=step.detail)
            step.done("containerd and runc of Debian")
        self._images = images.provide(toolchain, steps)

    def stack_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The references of stand-ins for images that cannot be pulled."""
        return images.stack_settings(self.images)

    def controller_configuration(self) -> list[Manifest]:
        """Nothing is simulated."""
        return []

    def manifests(self) -> list[Manifest]:
        """The nodes, and what their programs may do."""
        return [
            *(_node(place.name, place.pods) for place in PLACES),
            *credentials.permissions(),
        ]

    def addons(self) -> list[Manifest]:
        """Names, volumes, the way in, and monitoring."""
        return addons.manifests(self.images)

    def start(self, access: Access, toolchain: Toolchain, steps: Steps) -> None:
        """Have network, front door and all nodes running."""
        with steps.step("Nodes") as step:
            self._refuse_strangers()
            self._folder.mkdir(exist_ok=True)
            network = Network(self._folder, self._environment(toolchain))
            network.start()
            step.detail("front door")
            self._front_door.start(_forwards(access.port), step)
            for name in self._nodes:
                step.detail(name)
                self._start(name, access, toolchain, network)
            step.done(f"{len(self._nodes)} run")

    def start_node(self, name: str, access: Access, toolchain: Toolchain) -> None:
        """Start one node that was stopped, with its data."""
        self._start(name, access, toolchain, Network(self._folder, self._environment(toolchain)))

    def stop_node(self, name: str) -> None:
        """End one node at once, as when its zone loses power; its data stay."""
        self._nodes[name].stop()

    def missing(self) -> list[str]:
        """The nodes and the front door, as far as they do not run."""
        missing = [name for name, node in self._nodes.items() if not node.is_running()]
        return missing if self._front_door.running() else [*missing, "front door"]

    def stop(self) -> None:
        """End all nodes and remove their data, network and rules."""
        for node in self._nodes.values():
            node.stop()
        self._front_door.stop()
        # Only where they were: what it takes to remove a network is not fetched for nothing.
        if self._folder.is_dir():
            packages = self._prepared_packages()
            Network(self._folder, {**os.environ, **packages.environment()}).stop()
            shutil.rmtree(self._folder)

    def _start(self, name: str, access: Access, toolchain: Toolchain, network: Network) -> None:
        node = self._nodes[name]
        server = f"https://{HOST}:{access.port}"
        files = configuration.files(
            node.place,
            server=server,
            authority=access.authority / "ca.crt",
            sandbox_image=self.images.references["pause"],
            plugins=self._prepared_packages().root / _PLUGINS,
            store=self.images.store.name if self.images.store else "",
        )
        if node.runs_with(files):
            return
        node.stop()
        node.folder.mkdir(exist_ok=True)
        self._have_images(node)
        credentials.write(node.folder, node.place, server=server, authority=access.authority)
        node.start(files, network, self._environment(toolchain))

    def _have_images(self, node: Node) -> None:
        """Give a node the images that were built here, if they are not the ones that it has."""
        store = self.images.store
        if store is None or node.read(configuration.STORE) == store.name:
            return
        folder = node.folder / "data/var/lib/containerd"
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        images.store.clone(store, folder)

    def _refuse_strangers(self) -> None:
        """End nodes of a checkout that is gone.

        Raises:
            LocalError: another checkout has nodes on this machine.
        """
        for process in processes.running(("unshare",)):
            if not any(word.endswith(f"/{INIT.name}") for word in process.arguments):
                continue
            folder = Path(next(word for word in process.arguments if word.endswith("/")))
            if folder.parent == self._folder:
                continue
            if folder.is_dir():
                raise LocalError(
                    f"The nodes of {folder.parents[2]} run on this machine, which has room for "
                    "one environment with real nodes: `make down` there, or "
                    "`make up NODES=simulated` here."
                )
            os.kill(process.pid, signal.SIGKILL)

    def _environment(self, toolchain: Toolchain) -> Mapping[str, str]:
        """With which the nodes' programs find each other."""
        environment = self._prepared_packages().environment()
        folders = {str(toolchain.programs[name].parent) for name in _PROGRAMS}
        return {
            **os.environ,
            **environment,
            "PATH": os.pathsep.join([*sorted(folders), environment["PATH"]]),
        }

    def _prepared_packages(self) -> Debian:
        if self._packages is None:
            self._packages = debian.fetch(*debian.NODE_PACKAGES, report=lambda _: None)
        return self._packages


def _install_n8n() -> None:
    # Whatever goes wrong is said by `prepare`, which does it again.
    with suppress(LocalError):
        images.n8n.install(lambda _: None)


def _forwards(server_port: int) -> list[Forward]:
    return [
        Forward(
            name="gateway",
            listen=(LOOPBACK, gateway.LISTENER_PORT),
            targets=[(place.address, gateway.NODE_PORT) for place in PLACES],
        ),
        Forward(
            name="api-server",
            listen=(HOST, server_port),
            targets=[(LOOPBACK, server_port)],
        ),
    ]


def _node(name: str, pods: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "topology.kubernetes.io/region": "local",
                "topology.kubernetes.io/zone": name,
            },
        },
        # What is enforced between pods knows a node's pods by it.
        "spec": {"podCIDR": pods, "podCIDRs": [pods]},
    }
