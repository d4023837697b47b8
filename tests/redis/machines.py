"""Six Redis nodes in three zones as processes of this machine, run by the pods' own scripts.

A pod is two processes, as in Kubernetes: start.sh, which becomes Redis, and keeper.sh. Its IP is a
loopback address, another one at each start. Its name is found by a small `getent` on PATH, which
reads a table instead of asking DNS; nothing in the scripts knows of the tests.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from components.redis import configuration, topology
from components.redis.configuration import Directories
from settings.data import RedisSettings
from tests.redis.binaries import Redis
from tests.redis.certificate import write_certificate
from tests.waiting import eventually

DOMAIN = topology.domain("n8n")
ZONES = topology.zones(("zone-a", "zone-b", "zone-c"))
SHARDS = topology.shards(ZONES)
PODS = tuple(pod for zone in ZONES for pod in zone.pods)

CLUSTER_PASSWORD = 'cluster "quoted" \\ password'
N8N_PASSWORD = "n8n password, with a space"

_GETENT = """\
#!/bin/sh
# getent hosts NAME
awk -v name="$2" '$2 == name { print; found = 1 } END { exit !found }' "$HOSTS_TABLE"
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One line of CLUSTER NODES: what a node thinks of a pod."""

    id: str
    pod: str
    ip: str
    flags: frozenset[str]
    master: str
    epoch: str
    connected: bool
    slots: str

    @property
    def is_master(self) -> bool:
        """Whether it is a master that holds slots."""
        return "master" in self.flags and bool(self.slots)


@dataclass(kw_only=True)
class Pod:
    """The processes of one pod, its directories, its present IP, and the Secret as it sees it."""

    name: str
    directories: Directories
    ip: str = ""
    secret: dict[str, str] = field(default_factory=dict)
    renewals: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)


class Machines:
    """All six pods. Commands are sent with redis-cli, like a client in the cluster would."""

    def __init__(self, redis: Redis, settings: RedisSettings, root: Path) -> None:
        self._settings = settings
        self._root = root
        self._hosts = root / "hosts"
        self._answered_last = PODS[0]
        self.secret = {"password": N8N_PASSWORD, "cluster-password": CLUSTER_PASSWORD}
        (root / "bin").mkdir()
        getent = root / "bin" / "getent"
        getent.write_text(_GETENT)
        getent.chmod(0o755)
        self._base_environment = {
            "PATH": os.pathsep.join([str(root / "bin"), str(redis.programs), os.environ["PATH"]]),
            **redis.environment(),
            "HOSTS_TABLE": str(self._hosts),
            "KEEPER_SECONDS": "0.5",
            "STEADY_SECONDS": "1",
        }
        certificates = root / "certificates"
        write_certificate(certificates, f"*.{DOMAIN}")
        self.pods = {name: self._prepared(name, certificates) for name in PODS}

    def _prepared(self, name: str, certificates: Path) -> Pod:
        folders = {
            kind: self._root / name / kind for kind in ("configuration", "data", "run", "exporter")
        }
        for folder in folders.values():
            folder.mkdir(parents=True)
        directories = Directories(
            certificates=str(certificates),
            passwords=str(self._root / name / "passwords"),
            **{kind: str(path) for kind, path in folders.items()},
        )
        files = configuration.files(self._settings, SHARDS, directories, watched=True)
        for file, text in files.items():
            (folders["configuration"] / file).write_text(text)
        pod = Pod(name=name, directories=directories)
        self._mount_passwords(pod)
        return pod

    def renew_passwords(self, *names: str) -> None:
        """Let pods see the Secret, `self.secret`, as it is now."""
        for name in names:
            self._mount_passwords(self.pods[name])

    def _mount_passwords(self, pod: Pod) -> None:
        # All files at once, as the kubelet does it: what the pod sees is a link, which is replaced.
        seen = Path(pod.directories.passwords)
        pod.secret = dict(self.secret)
        pod.renewals += 1
        folder = seen.with_name(f"passwords-{pod.renewals}")
        folder.mkdir()
        for key, password in pod.secret.items():
            (folder / key).write_text(password)
        link = seen.with_name("passwords-new")
        link.symlink_to(folder)
        link.replace(seen)

    def environment(self, pod: Pod) -> dict[str, str]:
        """The environment of a pod's containers."""
        return {
            **self._base_environment,
            **configuration.environment(
                self._settings, domain=DOMAIN, directories=pod.directories, watched=True
            ),
            "POD_NAME": pod.name,
            "POD_IP": pod.ip,
        }

    def start(self, *names: str, keeper: bool = True) -> None:
        """Start pods, each with an IP that none had before, and wait until Redis answers."""
        for name in names:
            self.pods[name].ip = next(_ADDRESSES)
        # As in DNS, a pod keeps its last IP until it has another.
        self._hosts.write_text(
            "".join(f"{pod.ip} {pod.name}.{DOMAIN}\n" for pod in self.pods.values() if pod.ip)
        )
        for name in names:
            pod = self.pods[name]
            scripts = ["start", "keeper"] if keeper else ["start"]
            pod.processes = [self._script(pod, script) for script in scripts]
        for name in names:
            eventually(lambda name=name: self.probe(name, "alive"), f"{name} answers", seconds=20)

    def _script(self, pod: Pod, script: str) -> subprocess.Popen[bytes]:
        with (self._root / pod.name / f"{script}.log").open("ab") as log:
            return subprocess.Popen(
                ["sh", f"{pod.directories.configuration}/{script}.sh"],
                env=self.environment(pod),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The keeper's `sleep` and `redis-cli` end with it.
                start_new_session=True,
            )

    def kill(self, *names: str) -> None:
        """End pods as a lost machine does: at once."""
        for name in names:
            for process in self.pods[name].processes:
                os.killpg(process.pid, 9)
                process.wait()
            self.pods[name].processes = []

    def stop(self, name: str) -> None:
        """End a pod as the kubelet does: keeper and preStop hook at once, then Redis."""
        redis, *keepers = self.pods[name].processes
        for keeper in keepers:
            keeper.terminate()
        self.run(name, "hand-over")
        redis.terminate()
        for process in self.pods[name].processes:
            process.wait(timeout=30)
        self.pods[name].processes = []

    def run(
        self, name: str, script: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end in a pod's environment."""
        pod = self.pods[name]
        return subprocess.run(
            ["sh", f"{pod.directories.configuration}/{script}.sh", *arguments],
            env={**self.environment(pod), **environment},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def probe(self, name: str, question: str) -> bool:
        """The kubelet's view: `alive` or `ready`."""
        return self.run(name, "probe", question).returncode == 0

    def bootstrap(self, seconds: int = 40) -> subprocess.CompletedProcess[str]:
        """Run the bootstrap Job's script."""
        return self.run(PODS[0], "bootstrap", BOOTSTRAP_SECONDS=str(seconds))

    def command(
        self, name: str, *words: str, user: str = "cluster", password: str | None = None
    ) -> str:
        """Send one command to one pod and return the reply as text, an error's too.

        Without a password it is the cluster's, as the Secret has it now.
        """
        if password is None:
            password = self.secret["cluster-password"]
        return subprocess.run(
            [*self.client(name, user), *words],
            env={**self._base_environment, "REDISCLI_AUTH": password},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        ).stdout.strip()

    def client(self, name: str, user: str) -> list[str]:
        """The redis-cli that talks to a pod; its password comes from the environment."""
        tls = ["--tls", "--cacert", f"{self.pods[name].directories.certificates}/ca.crt"]
        return [
            "redis-cli",
            *(tls if self._settings.tls else []),
            *("-h", self.pods[name].ip, "-p", str(topology.PORT), "--user", user),
        ]

    def as_n8n(self, *words: str, password: str = N8N_PASSWORD) -> str:
        """Send n8n's command to whoever has its slot, as a cluster client finds it: by asking any
        node, and going where the answer points; the client remembers who answered last.
        """
        reply, at = "", self._answered_last
        for other in PODS * 2:
            reply = self.command(at, *words, user="n8n", password=password)
            if reply.startswith("MOVED "):
                at = reply.split()[2].partition(".")[0]
            elif not self.pods[at].processes:
                at = other
            else:
                break
        self._answered_last = at
        return reply

    def nodes(self, name: str) -> list[Node]:
        """What a pod knows of all six."""
        reply = self.command(name, "CLUSTER", "NODES")
        return [_parsed(line.split()) for line in reply.splitlines() if "@" in line]

    def roles(self, name: str) -> dict[str, str]:
        """Who is what, in a pod's view: `master` or the name of the pod that it follows."""
        nodes = self.nodes(name)
        pods = {node.id: node.pod for node in nodes}
        return {
            node.pod: "master" if node.is_master else pods.get(node.master, "nobody")
            for node in nodes
            if not node.flags & {"fail", "fail?", "noaddr"}
        }

    def is_as_declared(self) -> bool:
        """Whether every pod sees all six in their places, and is ready."""
        return all(self.roles(name) == DECLARED for name in PODS) and all(
            self.probe(name, "ready") for name in PODS
        )

    def log(self, name: str, script: str) -> str:
        """What a pod's script has written so far."""
        return (self._root / name / f"{script}.log").read_text()

    def end(self) -> None:
        """End every process."""
        self.kill(*PODS)


DECLARED = {
    **{shard.master: "master" for shard in SHARDS},
    **{shard.replica: shard.master for shard in SHARDS},
}
"""The roles that settings ask for, in the words of `Machines.roles`."""


@contextmanager
def machines(redis: Redis, root: Path, *, tls: bool = True) -> Iterator[Machines]:
    """Six pods, not started; at the end none is left. What their scripts said shows on failure."""
    site = Machines(redis, RedisSettings(node_timeout_milliseconds=2000, tls=tls), root)
    try:
        yield site
    finally:
        site.end()
        for log in sorted(root.glob("*/*.log")):
            sys.stdout.write(f"--- {log.parent.name} {log.stem}\n{log.read_text()[-1500:]}\n")


def _parsed(words: list[str]) -> Node:
    address, _, names = words[1].partition(",")
    return Node(
        id=words[0],
        pod=names.partition(".")[0],
        ip=address.rpartition("@")[0].rpartition(":")[0],
        flags=frozenset(words[2].split(",")),
        master=words[3],
        epoch=words[6],
        connected=words[7] == "connected",
        slots=" ".join(words[8:]),
    )


def _unused_addresses() -> Iterator[str]:
    process = os.getpid()
    high, low = 64 + (process >> 8) % 64, process % 256
    return (f"127.{high}.{low}.{number}" for number in range(1, 255))


_ADDRESSES = _unused_addresses()
"""Loopback addresses, each used once, and by no other test process: it has another process id."""
