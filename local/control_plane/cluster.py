"""Start, watch and stop one control plane, whose every file is below one folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from local import processes
from local.control_plane import audit, configuration, kubeconfig, ports
from local.errors import LocalError
from local.nodes import Access, Manifest, Nodes
from local.progress import Step
from local.toolchain import build
from local.toolchain.resolve import Toolchain

_NAME = "n8n-platform"
_ATTEMPTS = 3
_READY_SECONDS = 180
_APPLY_SECONDS = 180
_POLL_SECONDS = 0.2
_LOG_LINES = 5
_AUTHORITY = ("ca.crt", "ca.key", "admin.crt", "admin.key")
_APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=local", "-f")


class ControlPlane:
    """A control plane below `directory`, with its kubeconfig beside that folder's other files."""

    def __init__(self, directory: Path, *, nodes: Nodes) -> None:
        self.kubeconfig = directory / "kubeconfig"
        self._nodes = nodes
        self._root = directory / "cluster"
        self._data = self._root / "etcd"
        self._audit = self._root / "audit"
        self._kwok = self._root / "clusters" / _NAME
        self._authority = self._kwok / "pki"
        self._configuration = self._root / "kwokctl.yaml"
        # Written when a start came to its end: the ports, and what was applied to the API server.
        self._started = self._root / "started.json"

    def start(self, toolchain: Toolchain, step: Step) -> Access:
        """Have it running, with the objects of its nodes, on the data of an earlier run if any.

        Raises:
            LocalError: a server does not start; with the last lines of its log.
        """
        started = self._read_started()
        unchanged = self._configured() == self._render(toolchain, started.get("ports", {}))
        if started and unchanged and not self.missing_servers() and self._answers(toolchain):
            step.done("is running")
        else:
            returning = self._data.is_dir()
            definitions = started.get("definitions") if returning else None
            chosen = self._restart(toolchain, started.get("ports", {}), step)
            started = {"ports": chosen, "definitions": definitions}
            step.done("restarted with its data" if returning else "started")
        if started.get("definitions") != toolchain.definitions.name:
            self._define(toolchain, step)
            started["definitions"] = toolchain.definitions.name
        self._started.write_text(json.dumps(started))
        metrics = configuration.metrics_service(started["ports"]["metricsServerPort"])
        self._apply("manifests", [*self._nodes.manifests(), metrics], toolchain, step)
        return self.access()

    def complete(self, toolchain: Toolchain, step: Step) -> None:
        """Wait until all nodes are ready and measured, and apply what runs on them.

        Raises:
            LocalError: a node does not become ready.
        """
        step.detail("waiting for the nodes")
        self._wait_for(toolchain, "Ready", "nodes", "--all")
        self._apply("addons", self._nodes.addons(), toolchain, step)
        step.detail("waiting for metrics")
        self._wait_for(toolchain, "Available", "apiservices", configuration.METRICS_API)

    @property
    def audit_log(self) -> Path:
        """Who did what on it, one event in JSON a line; it outlives a restart."""
        return self._audit / audit.LOG

    def access(self) -> Access:
        """How nodes join it."""
        port = self._read_started()["ports"]["kubeApiserverPort"]
        return Access(port=port, authority=self._authority)

    def missing_servers(self) -> list[str]:
        """The names of the servers that should run and do not."""
        running = {process.program for process in self._processes()}
        return [name for name in configuration.SERVERS if name not in running]

    def exists(self) -> bool:
        """Whether it was started before and not removed since."""
        return self._data.is_dir()

    def remove(self) -> None:
        """Stop its servers and delete all of its files.

        Raises:
            LocalError: a server does not end.
        """
        self._stop()
        shutil.rmtree(self._root, ignore_errors=True)
        self.kubeconfig.unlink(missing_ok=True)

    def _restart(self, toolchain: Toolchain, earlier: dict[str, int], step: Step) -> dict[str, int]:
        """Start all servers anew, and give their ports."""
        self._stop()
        complaint = ""
        for attempt in range(_ATTEMPTS):
            # kwokctl's own files are made anew, as an interrupted start may have left half of them;
            # but its keys stay, by which nodes and pods know the API server and it them.
            self._keep_authority()
            self._started.unlink(missing_ok=True)
            chosen = ports.choose(configuration.PORTS, {} if attempt else earlier)
            self._root.mkdir(parents=True, exist_ok=True)
            audit.write_policy(self._audit)
            self._configuration.write_text(self._render(toolchain, chosen))
            complaint = self._create(toolchain) or self._wait_ready(toolchain, step)
            if not complaint:
                return chosen
            # Most likely another program took a port meanwhile: try with others.
            self._stop()
        raise LocalError(f"The control plane does not start: {complaint}")

    def _keep_authority(self) -> None:
        """Delete kwokctl's folder except for its keys, if these are whole."""
        kept = self._root / "pki"
        if all((self._authority / name).is_file() for name in _AUTHORITY):
            shutil.rmtree(kept, ignore_errors=True)
            self._authority.rename(kept)
        shutil.rmtree(self._kwok, ignore_errors=True)
        if kept.is_dir():
            self._kwok.mkdir(parents=True)
            shutil.copytree(kept, self._authority)

    def _create(self, toolchain: Toolchain) -> str:
        """Let kwokctl start the servers; what went wrong, or an empty text."""
        kwokctl = toolchain.programs["kwokctl"]
        # kwokctl calls kubectl, and takes options from its own variables before the file's.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("KWOK_")
        } | {
            "KWOK_WORKDIR": str(self._root),
            "PATH": os.pathsep.join(
                [str(toolchain.programs["kubectl"].parent), os.environ.get("PATH", os.defpath)]
            ),
        }
        command = (kwokctl, "create", "cluster", "--name", _NAME, "--kubeconfig", "")
        # In a session of its own, so that Ctrl-C does not leave half of the servers running
        # unknown to kwokctl: it ends by itself within seconds, and the interrupt counts then.
        with subprocess.Popen(
            (*command, "--config", self._configuration),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said = process.communicate()[0].strip()
            except KeyboardInterrupt:
                process.communicate()
                raise
        return said.splitlines()[-1] if process.returncode and said else ""

    def _wait_ready(self, toolchain: Toolchain, step: Step) -> str:
        """Wait until the API server is ready; what went wrong, or an empty text."""
        server = f"https://{ports.LOOPBACK}:{self._options()['kubeApiserverPort']}"
        kubeconfig.write(
            self.kubeconfig,
            server=server,
            authority=(self._authority / "ca.crt").read_bytes(),
            certificate=(self._authority / "admin.crt").read_bytes(),
            key=(self._authority / "admin.key").read_bytes(),
        )
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            missing = self.missing_servers()
            if missing:
                return f"{missing[0]} ended.\n{self._log(missing[0])}"
            if self._answers(toolchain):
                return ""
            step.detail("waiting for the API server")
            time.sleep(_POLL_SECONDS)
        return f"the API server is not ready.\n{self._log('kube-apiserver')}"

    def _define(self, toolchain: Toolchain, step: Step) -> None:
        definitions = str(toolchain.definitions)
        step.detail("custom resource definitions")
        try:
            # Creating these large objects takes a fraction of what applying them does.
            self._kubectl(toolchain, "create", "-f", definitions)
        except LocalError:
            # Some exist, from an interrupted start or in another version.
            self._kubectl(toolchain, *_APPLY, definitions)
        self._wait_for(toolchain, "Established", "crd", "--all")

    def _apply(
        self, name: str, manifests: Sequence[Manifest], toolchain: Toolchain, step: Step
    ) -> None:
        """Apply these objects unless the same ones were applied under this name before."""
        started = self._read_started()
        if manifests and started.get(name) != _digest(manifests):
            step.detail(name)
            self._kubectl(toolchain, *_APPLY, "-", given=yaml.safe_dump_all(manifests))
            self._started.write_text(json.dumps(started | {name: _digest(manifests)}))

    def _wait_for(self, toolchain: Toolchain, condition: str, *objects: str) -> None:
        timeout = f"--timeout={_APPLY_SECONDS}s"
        self._kubectl(toolchain, "wait", f"--for=condition={condition}", *objects, timeout)

    def _kubectl(self, toolchain: Toolchain, *arguments: str, given: str | None = None) -> None:
        result = subprocess.run(
            (toolchain.programs["kubectl"], "--kubeconfig", self.kubeconfig, *arguments),
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise LocalError(
                f"The control plane refuses `kubectl {' '.join(arguments)}`: "
                f"{result.stderr.strip()}"
            )

    def _answers(self, toolchain: Toolchain) -> bool:
        try:
            self._kubectl(toolchain, "get", "--raw", "/readyz", "--request-timeout=5s")
        except LocalError:
            return False
        return True

    def _stop(self) -> None:
        remaining = processes.stop(self._processes())
        if remaining:
            names = ", ".join(f"{process.program} ({process.pid})" for process in remaining)
            raise LocalError(f"These servers of the control plane would not end: {names}.")

    def _processes(self) -> list[processes.Process]:
        return processes.using(self._root, configuration.SERVERS)

    def _render(self, toolchain: Toolchain, chosen: dict[str, int]) -> str:
        metrics_server = build.module_folder("metrics-server", "sigs.k8s.io/metrics-server")
        documents = [
            configuration.kwokctl(
                toolchain.programs,
                chosen,
                data=self._data,
                manifests=metrics_server / "manifests" / "base",
                authority=self._authority,
                audit_log=self._audit,
                address=self._nodes.server_address,
            ),
            *self._nodes.controller_configuration(),
        ]
        return yaml.safe_dump_all(documents, sort_keys=False)

    def _configured(self) -> str:
        return self._configuration.read_text() if self._configuration.is_file() else ""

    def _options(self) -> dict[str, Any]:
        return next(iter(yaml.safe_load_all(self._configured())))["options"]

    def _read_started(self) -> dict[str, Any]:
        return json.loads(self._started.read_text()) if self._started.is_file() else {}

    def _log(self, server: str) -> str:
        log = self._kwok / "logs" / f"{server}.log"
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        return "\n".join(lines[-_LOG_LINES:])


def _digest(manifests: Sequence[Manifest]) -> str:
    return hashlib.sha256(json.dumps(manifests, sort_keys=True).encode()).hexdigest()
