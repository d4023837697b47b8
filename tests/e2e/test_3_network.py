"""Who may talk to whom: the table of the network policies, each path of it tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from local.addons.gateway import NODE_PORT
from local.nodes.machine.addresses import DNS, HOST, PLACES
from tests.e2e.neighbour import HERE, neighbour
from tests.e2e.outside import METADATA, PRIVATE, PUBLIC, outside
from tests.e2e.platform import Platform, Pod, node
from tests.e2e.probe import ANSWERS, SILENT, Place, process_of_container, process_of_node, reach
from tests.e2e.results import Results

_NAMES = {"DNS over UDP", "DNS over TCP"}
_N8N = _NAMES | {"Redis", "PostgreSQL", "the internet at 443"}
_OTHERS = _NAMES | {
    "the gateway",
    "DNS's metrics",
    "the API server",
    "its own node's kubelet",
    "another node's kubelet",
    "its own node's gateway port",
    "the cloud's metadata",
    "the internet at 443",
    "the internet at 80",
    "a private address",
}
"""What is outside the platform's namespace, whose policies say nothing about others' ways there."""

_METRICS = {
    "main",
    "webhook",
    "a worker",
    "a worker's AI metrics",
    "Redis's metrics",
    "PostgreSQL's metrics",
}
"""Where n8n's tiers deliver them, calls and the editor are answered too."""

ALLOWED: Mapping[str, set[str]] = {
    "main": _N8N,
    "webhook": _N8N,
    "worker": _N8N,
    # Where code runs that users wrote: in the worker's pod, so it may go where the worker may.
    "task-runner": _N8N,
    "redis": _NAMES | {"Redis", "Redis's bus"},
    "postgres": _NAMES,
    "gateway": _OTHERS | {"main", "webhook"},
    "Prometheus": _OTHERS | _METRICS,
    "a pod of another namespace": _OTHERS,
}
"""From where to where connections get through. All others of the same places do not."""

_BROKER = "a worker's task broker"
_ROUTER = "a worker's AI router"
_PORTKEY = "a worker's AI gateway"
_LOOPBACK = {_BROKER, _ROUTER, _PORTKEY}
"""They listen on their pod's loopback alone, so they answer nobody in any case."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """The pods that the table is about.

    Attributes:
        sources: by name in the table, a pod and the container of it that connects.
        targets: by name in the table, a pod of the platform and its port. Where a tier has more
            than one pod, another one than the source.
        others: the same of other namespaces.
        api_server: address of the API server's Service.
    """

    sources: Mapping[str, tuple[Pod, str]]
    targets: Mapping[str, tuple[Pod, int]]
    others: Mapping[str, tuple[Pod, int]]
    api_server: str

    def places(self, source: Pod) -> dict[str, Place]:
        """Where a pod tries to connect to: everywhere but to itself, which is no network."""
        own = next(place for place in PLACES if place.name == node(source))
        another = next(place for place in PLACES if place != own)
        return {
            "DNS over UDP": Place(host=DNS, port=53, protocol="udp"),
            "DNS over TCP": Place(host=DNS, port=53),
            **{
                name: Place(host=_address(pod), port=port)
                for name, (pod, port) in {**self.targets, **self.others}.items()
                if _address(pod) != _address(source)
            },
            "the API server": Place(host=self.api_server, port=443),
            "its own node's kubelet": Place(host=own.address, port=10250),
            "another node's kubelet": Place(host=another.address, port=10250),
            "its own node's gateway port": Place(host=own.address, port=NODE_PORT),
            "the cloud's metadata": Place(host=METADATA, port=80),
            "the internet at 443": Place(host=PUBLIC, port=443),
            "the internet at 80": Place(host=PUBLIC, port=80),
            "a private address": Place(host=PRIVATE, port=443),
        }


@pytest.fixture(scope="module")
def network(platform: Platform) -> Iterator[Network]:
    """The pods as they are now, and a world outside that answers and is on this machine."""

    def elsewhere(namespace: str, selector: str) -> list[Pod]:
        return platform.objects("pods", "--namespace", namespace, "--selector", selector)

    main, webhook, worker, redis, postgres = (
        platform.ready(tier) for tier in ("main", "webhook", "worker", "redis", "postgres")
    )
    gateway = elsewhere("envoy-gateway-system", "app.kubernetes.io/component=proxy")
    storage = elsewhere("local-path-storage", "app=local-path-provisioner")
    dns = elsewhere("kube-system", "k8s-app=kube-dns")
    prometheus = elsewhere("monitoring", "app.kubernetes.io/name=prometheus")
    service = ("get", "service", "kubernetes", "--namespace", "default")
    with outside():
        yield Network(
            sources={
                "main": (main[0], "n8n"),
                "webhook": (webhook[0], "n8n"),
                "worker": (worker[0], "n8n"),
                "task-runner": (worker[0], "task-runner"),
                "redis": (redis[0], "redis"),
                "postgres": (postgres[0], "postgres"),
                "gateway": (gateway[0], "envoy"),
                "Prometheus": (prometheus[0], "prometheus"),
                "a pod of another namespace": (storage[0], "local-path-provisioner"),
            },
            targets={
                "main": (main[0], 5678),
                "webhook": (webhook[-1], 5678),
                "a worker": (worker[-1], 5678),
                _BROKER: (worker[-1], 5679),
                "a worker's task runner": (worker[-1], 5680),
                _ROUTER: (worker[-1], 8787),
                _PORTKEY: (worker[-1], 8788),
                "a worker's AI metrics": (worker[-1], 9464),
                "Redis": (redis[-1], 6379),
                "Redis's bus": (redis[-1], 16379),
                "Redis's metrics": (redis[-1], 9121),
                "PostgreSQL": (postgres[0], 5432),
                "PostgreSQL's metrics": (postgres[0], 9187),
            },
            others={"the gateway": (gateway[-1], 8080), "DNS's metrics": (dns[0], 9153)},
            api_server=platform.kubectl(*service, "--output", "jsonpath={.spec.clusterIP}"),
        )


def test_everything_answers_where_no_policy_is_in_the_way(
    platform: Platform, network: Network
) -> None:
    """So that what does not answer in the other tests is denied, and not broken."""
    silent = []
    for name, (pod, port) in network.targets.items():
        # Kubelets probe their pods: no policy keeps a node from its own pods.
        process = process_of_node(platform.environment.directory / "nodes" / node(pod))
        outcome = reach(process, [Place(host=_address(pod), port=port)])[0]
        if (outcome == ANSWERS) != (name not in _LOOPBACK):
            silent.append(f"{name} from its own node: {outcome}")
    assert not silent, "; ".join(silent)


@pytest.mark.parametrize("source", ALLOWED)
def test_only_the_paths_that_the_platform_needs_are_open(
    source: str, network: Network, results: Results
) -> None:
    pod, container = network.sources[source]
    places = network.places(pod)
    outcomes = dict(
        zip(places, reach(process_of_container(pod, container), places.values()), strict=True)
    )
    wrong = [
        f"{source} to {name}: {'allowed' if name in ALLOWED[source] else 'denied'}, but {outcome}"
        for name, outcome in outcomes.items()
        if (outcome == ANSWERS) != (name in ALLOWED[source])
    ]
    assert not wrong, "\n".join(wrong)
    allowed = len(ALLOWED[source] & outcomes.keys())
    results.add(
        f"network policies: {source}",
        f"{allowed} allowed paths open, {len(outcomes) - allowed} others closed",
    )


def test_another_machine_reaches_neither_the_control_plane_nor_nodes_nor_pods(
    platform: Platform, network: Network, results: Results
) -> None:
    server = platform.environment.control_plane.access().port
    kubelets = [Place(host=place.address, port=10250) for place in PLACES]
    pods = [Place(host=_address(pod), port=port) for pod, port in network.targets.values()]
    places = [Place(host=HOST, port=server), *kubelets, *pods]
    with neighbour() as machine:
        # It is not cut off: where this machine closes no door, it says that nobody is behind it.
        control, *outcomes = reach(machine, [Place(host=HERE, port=1), *places])
    assert control == "Connection refused"
    assert set(outcomes) == {SILENT}, dict(zip(places, outcomes, strict=True))
    results.add("another machine", f"{len(places)} ways to control plane, nodes and pods closed")


def _address(pod: Pod) -> str:
    return pod["status"]["podIP"]
