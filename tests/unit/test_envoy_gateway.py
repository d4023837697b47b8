"""Envoy Gateway where the cluster has none: what its chart is told, and what Envoys are like."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.utils.quantity import parse_quantity

import settings
import versions
from components.envoy_gateway.certificates import CERTGEN
from components.envoy_gateway.controller import EnvoyGateway
from components.envoy_gateway.data_plane import ENVOYS, LATENCY_BUCKETS, envoy_proxy
from components.envoy_gateway.values import CONTROLLER, QUOTA, values
from local.addons import gateway as embedded
from local.toolchain import pins
from settings.platform import Quota
from tests.unit import pod_security
from tests.unit.aws.foundation import values as in_aws
from tests.unit.mocks import Recorded, record
from tests.unit.monitoring.test_chart import unknown
from tests.unit.test_routing import listeners, routing

KEYS = Path(__file__).with_name("gateway_helm.yaml")
"""Keys that the chart has; the file says whence."""

HOSTS = {"editorUrl": "https://n8n.example/", "webhookUrl": "https://hooks.n8n.example/"}
INSTALL: dict[str, Any] = {
    "platform": {"namespace": "sophia-ai"},
    "n8n": HOSTS,
    "routing": {"controller": "install"},
}


def installed(**areas: Any) -> Recorded:
    stack = settings.parse({**INSTALL, **areas})
    return record(lambda: EnvoyGateway("gateway", settings=stack))


def envoys(**areas: Any) -> Mapping[str, Any]:
    """What Envoy Gateway is told of its Envoys on Kubernetes."""
    spec = envoy_proxy(settings.parse({**INSTALL, **areas}))
    return spec["provider"]["kubernetes"]


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return installed()


def test_the_chart_knows_every_value_that_it_is_given() -> None:
    known = yaml.safe_load(KEYS.read_text())
    stack = settings.parse({**INSTALL, "governance": {"owner": "team"}})
    assert list(unknown(values(stack), known)) == []
    assert list(unknown({"deployment": {"replica": 2}}, known)) == ["deployment.replica"]


def test_the_controller_is_the_release_that_runs_on_the_embedded_cluster() -> None:
    assert f"v{pins.ENVOY_GATEWAY}" == versions.ENVOY_GATEWAY_CHART


def test_the_controller_reads_secrets_of_two_namespaces_and_not_of_the_cluster() -> None:
    provider = values(settings.parse(INSTALL))["config"]["envoyGateway"]["provider"]
    assert provider["kubernetes"]["watch"] == {
        "type": "Namespaces",
        "namespaces": ["sophia-ai", "envoy-gateway-system"],
    }


def test_what_the_charts_hook_would_make_is_made_by_a_job_that_pulumi_runs(
    recorded: Recorded,
) -> None:
    pod = recorded.one("Job")["spec"]["template"]["spec"]
    assert pod_security.violations(pod) == []
    assert pod["containers"][0]["command"][:2] == ["envoy-gateway", "certgen"]
    (account,) = (each["name"] for each in recorded.one("RoleBinding")["subjects"])
    assert pod["serviceAccountName"] == account
    assert pod["automountServiceAccountToken"] is True
    # The other hook, for the webhook that it would need a certificate for.
    assert values(settings.parse(INSTALL))["topologyInjector"]["enabled"] is False


def test_the_class_that_the_gateway_asks_for_leads_to_the_envoys(recorded: Recorded) -> None:
    found = recorded.one("GatewayClass")
    assert found["metadata"]["name"] == routing().one("Gateway")["spec"]["gatewayClassName"]
    proxy = recorded.one("EnvoyProxy")
    reference = found["spec"]["parametersRef"]
    assert (reference["name"], reference["namespace"]) == (
        proxy["metadata"]["name"],
        proxy["metadata"]["namespace"],
    )


def policy(recorded: Recorded, name: str) -> Mapping[str, Any]:
    return recorded.one("NetworkPolicy", name)["spec"]


def ports(rule: Mapping[str, Any]) -> set[int]:
    return {int(each["port"]) for each in rule["ports"]}


def test_everybody_reaches_the_port_of_every_listener_and_no_other(recorded: Recorded) -> None:
    to_everybody = [rule for rule in policy(recorded, "envoys")["ingress"] if not rule.get("from")]
    (let_in,) = map(ports, to_everybody)
    # Envoy listens above 1024: Envoy Gateway adds 10000 to a port below.
    assert let_in == {int(each["port"]) + 10_000 for each in listeners(routing()).values()}


def test_envoys_reach_n8n_and_the_controller_alone(recorded: Recorded) -> None:
    reached = [
        (*(peer.get("namespaceSelector") or peer["podSelector"]).values(), ports(rule))
        for rule in policy(recorded, "envoys")["egress"]
        for peer in rule["to"]
    ]
    assert reached == [
        (CONTROLLER, {18000, 18002}),
        ({"kubernetes.io/metadata.name": "sophia-ai"}, {5678}),
    ]


def test_prometheus_reads_controller_and_envoys_where_the_platform_is_watched() -> None:
    def watched(recorded: Recorded) -> set[str]:
        return {
            name
            for name in ("envoy-gateway", "envoys")
            for rule in policy(recorded, name)["ingress"]
            if 19001 in ports(rule)
        }

    assert watched(installed(monitoring={"stack": "install"})) == {"envoy-gateway", "envoys"}
    assert watched(installed(monitoring={"stack": "none"})) == set()


def test_its_namespace_may_have_the_one_load_balancer(recorded: Recorded) -> None:
    hard = recorded.one("ResourceQuota")["spec"]["hard"]
    # Plain http, which is led to https, and https.
    assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("1", "2")


def test_the_quota_holds_everything_twice() -> None:
    """While a release is replaced, what drains stands beside what is new."""
    stack = settings.parse(INSTALL)
    deployment = values(stack)["deployment"]
    envoy = envoys()["envoyDeployment"]
    manager = next(
        each["resources"]
        for each in envoy["patch"]["value"]["spec"]["template"]["spec"]["containers"]
        if each["name"] == "shutdown-manager"
    )
    # What Envoy Gateway gives the container itself, where the patch says nothing.
    manager = {"requests": {"cpu": "10m", "memory": "32Mi"}, **manager}
    job = {
        "requests": {"cpu": CERTGEN.cpu_request, "memory": CERTGEN.memory_request},
        "limits": {"cpu": CERTGEN.cpu_limit, "memory": CERTGEN.memory_limit},
    }
    containers = [
        (2 * deployment["replicas"], deployment["envoyGateway"]["resources"]),
        (2 * envoy["replicas"], envoy["container"]["resources"]),
        (2 * envoy["replicas"], manager),
        (1, job),
    ]
    for kind, resource, field in quantities(QUOTA):
        needed = sum(
            (n * parse_quantity(each[kind][resource]) for n, each in containers), Decimal()
        )
        assert needed <= parse_quantity(field), (kind, resource)
    assert 2 * (deployment["replicas"] + envoy["replicas"]) < QUOTA.pods


def quantities(quota: Quota) -> Iterator[tuple[str, str, str]]:
    yield "requests", "cpu", quota.cpu_requests
    yield "requests", "memory", quota.memory_requests
    yield "limits", "cpu", quota.cpu_limits
    yield "limits", "memory", quota.memory_limits


def test_an_envoy_stands_in_each_zone_and_one_is_evicted_at_a_time() -> None:
    found = envoys()
    deployment = found["envoyDeployment"]
    assert deployment["replicas"] == len(settings.parse(INSTALL).platform.zones)
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert found["envoyPDB"] == {"maxUnavailable": 1}
    spread = deployment["pod"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert all(each["labelSelector"]["matchLabels"] == ENVOYS for each in spread)


@pytest.mark.parametrize("grace", [60, 300])
def test_an_envoy_that_ends_takes_requests_until_that_is_noticed_and_lets_them_end(
    grace: int,
) -> None:
    stack = settings.parse({**INSTALL, "webhook": {"gracePeriodSeconds": grace}})
    delay, least, most = (
        int(envoy_proxy(stack)["shutdown"][key].removesuffix("s"))
        for key in ("healthCheckFailureDelay", "minDrainDuration", "drainTimeout")
    )
    # AWS' load balancer asks each 10 s and believes the second answer.
    assert 20 < delay < least < most
    assert most - delay >= grace


def test_the_load_balancer_is_awss_where_the_cluster_is() -> None:
    assert envoys()["envoyService"]["annotations"] == {}
    service = envoys(**in_aws())["envoyService"]
    assert service["type"] == "LoadBalancer"
    # Callers keep their addresses, and no node without an Envoy is asked.
    assert service["externalTrafficPolicy"] == "Local"
    said = {
        key.partition("aws-load-balancer-")[2]: value
        for key, value in service["annotations"].items()
    }
    assert said["type"] == "nlb"
    assert said["cross-zone-load-balancing-enabled"] == "true"
    assert "part-of=n8n-platform" in said["additional-resource-tags"].split(",")


def histogram(spec: Mapping[str, Any]) -> Any:
    bootstrap = spec["bootstrap"]
    assert bootstrap["type"] == "Merge"
    return yaml.safe_load(bootstrap["value"])["stats_config"]["histogram_bucket_settings"]


def test_a_webhooks_promise_is_the_end_of_a_bucket_here_as_on_the_embedded_cluster() -> None:
    assert 150 in LATENCY_BUCKETS
    images = {"envoy-gateway": "local/envoy-gateway:1", "envoy": "local/envoy:1"}
    (proxy,) = (each for each in embedded.manifests(images) if each["kind"] == "EnvoyProxy")
    assert histogram(envoy_proxy(settings.parse(INSTALL))) == histogram(proxy["spec"])


@pytest.mark.parametrize(
    ("areas", "refused"),
    [
        ({"routing": {"controller": "install", "enabled": False}}, "routing.controller is install"),
        (
            {"routing": {"controller": "install", "envoyGateway": False}},
            "routing.controller is install",
        ),
        (
            {"routing": {"controller": "install", "gatewayNamespace": "n8n"}},
            "other than platform.namespace",
        ),
        (
            {
                "monitoring": {"stack": "install"},
                "routing": {"controller": "install", "gatewayNamespace": "monitoring"},
            },
            "other than monitoring.namespace",
        ),
        (
            {
                "routing": {
                    "controller": "install",
                    "controllerImage": "docker.io/envoyproxy/gateway:v1.8.2",
                }
            },
            "an image of v1.9.1",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(areas: dict[str, Any], refused: str) -> None:
    with pytest.raises(settings.SettingsError, match=refused):
        settings.parse(areas)
    areas["routing"]["controller"] = "installed"
    settings.parse(areas)
