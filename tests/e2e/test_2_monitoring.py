"""Monitoring: every program is seen, every promise has figures, and a lost part is told of."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alerts import availability
from alerts.objectives import WEBHOOKS_AT_GATEWAY, slos
from alerts.probes import WARNING_DAYS
from components.monitoring.platform import expected
from components.redis import topology
from local.addons.monitoring import STACK
from settings.file import load_file
from tests.e2e import load, workflows
from tests.e2e.monitoring import Monitoring
from tests.e2e.platform import Platform, name
from tests.e2e.redis import queue_master, wait_whole
from tests.e2e.results import Results, stopwatch
from tests.waiting import eventually

_CALLS = 20

_AT_GATEWAY = WEBHOOKS_AT_GATEWAY.replace("$namespace", load_file(STACK).platform.namespace)
_TIME = "envoy_cluster_upstream_rq_time"

_LOST = ("N8nMainDown", "N8nTierBelowMinimum", "RedisNodeDown")
"""The alerts on main, on one of several workers, and on the queue's master."""


@pytest.fixture(scope="module")
def monitoring(platform: Platform) -> Monitoring:
    return Monitoring(platform)


def test_every_program_is_scraped(monitoring: Monitoring, results: Results) -> None:
    least = expected(load_file(STACK))

    def all_answer() -> bool:
        targets = monitoring.targets()
        unwell = [target["lastError"] for target in targets if target["health"] != "up"]
        assert not unwell, unwell
        answering = Counter(target["labels"]["job"] for target in targets)
        assert answering["apiserver"] == 1
        assert all(answering[job] >= number for job, number in least.items()), answering
        return True

    eventually(all_answer, "every target is up", seconds=180)
    results.add("Prometheus scrapes", f"{len(monitoring.targets())} targets, all up")


def test_what_the_api_server_audits_is_seen(platform: Platform, monitoring: Monitoring) -> None:
    def audited() -> float:
        (series,) = monitoring.query("sum(apiserver_audit_event_total)")
        return float(series["value"][1])

    before = audited()
    platform.kubectl("create", "configmap", "e2e-audit")
    platform.kubectl("delete", "configmap", "e2e-audit")
    eventually(lambda: audited() > before, "what was done is counted", seconds=90)
    # Few enough series that a small Prometheus need not care.
    (kept,) = monitoring.query('scrape_samples_post_metric_relabeling{job="apiserver"}')
    assert float(kept["value"][1]) < 1000


def test_every_node_of_redis_shows_a_certificate_that_lasts(
    monitoring: Monitoring, results: Results
) -> None:
    pods = {pod for zone in topology.zones(load_file(STACK).platform.zones) for pod in zone.pods}
    left: dict[str, float] = {}

    def all_show() -> bool:
        shown = monitoring.query('probe_success{job="probe-redis"} == 1')
        assert {series["metric"]["pod"] for series in shown} == pods
        ends = monitoring.query('probe_ssl_earliest_cert_expiry{job="probe-redis"} - time()')
        left.update({each["metric"]["pod"]: float(each["value"][1]) / 86400 for each in ends})
        return left.keys() == pods

    eventually(all_show, "the exporter trusts every node's certificate", seconds=180)
    assert min(left.values()) > WARNING_DAYS
    results.add("Redis's certificates last", f"{min(left.values()):.0f} days more")


def test_every_service_level_has_figures(platform: Platform, monitoring: Monitoring) -> None:
    platform.publish(workflows.answering("e2e-monitoring"))
    before = _answered(monitoring)
    calls = load.at_once(platform.webhooks, "e2e-monitoring", calls=_CALLS)
    assert calls.succeeded == _CALLS, calls.failures()

    def counted() -> bool:
        return _answered(monitoring) >= before + _CALLS

    eventually(counted, "the gateway has counted what callers were answered", seconds=120)
    assert monitoring.query(f'{_TIME}_bucket{{{_AT_GATEWAY},le=~"150([.]0)?"}}')

    def all_have() -> bool:
        for record in ("slo:sli_error:ratio_rate5m", "slo:error_budget_remaining:ratio"):
            found = {series["metric"]["slo"] for series in monitoring.query(record)}
            assert found == {slo.name for slo in slos(expected(load_file(STACK)))}, (record, found)
        return True

    eventually(all_have, "every service level has figures", seconds=420)


def test_who_watches_the_watcher_hears_from_it(monitoring: Monitoring) -> None:
    def heard() -> bool:
        return any(not message.channel for message in monitoring.told())

    eventually(heard, "the heartbeat has arrived", seconds=180)


def test_lost_pods_are_told_of_in_time(
    platform: Platform, monitoring: Monitoring, results: Results
) -> None:
    declared = availability.alerts(expected(load_file(STACK)))
    stated = {alert.name: alert.told_after for alert in declared}
    eventually(lambda: not monitoring.firing(), "nothing is wrong before", seconds=300)
    before = len(monitoring.told())
    pods = [
        name(platform.ready("main")[0]),
        name(platform.ready("worker")[0]),
        queue_master(platform),
    ]
    with _no_place_for_pods(platform), stopwatch() as watch:
        platform.kubectl("delete", "pods", "--wait=false", "--grace-period=1", *pods)

        def told(alert: str) -> bool:
            messages = monitoring.told()[before:]
            return any(each.channel and alert in each.text for each in messages)

        for alert in _LOST:
            seconds = (stated[alert] or 0) - watch.seconds
            eventually(lambda each=alert: told(each), f"{alert} was told", seconds=seconds)
            results.add(f"a pod lost: {alert} told after", "", seconds=watch.seconds)
    platform.wait_ready("main", 1)
    platform.wait_ready("worker", 2)
    wait_whole(platform)
    eventually(lambda: not monitoring.firing(), "nothing is wrong any more", seconds=300)


def _answered(monitoring: Monitoring) -> float:
    """Webhooks that the gateway has answered with 200, as Prometheus knows."""
    found = monitoring.query(
        f'envoy_cluster_upstream_rq{{{_AT_GATEWAY},envoy_response_code="200"}}'
    )
    return sum(float(series["value"][1]) for series in found)


@contextmanager
def _no_place_for_pods(platform: Platform) -> Iterator[None]:
    """Have no node take a new pod: what is deleted now stays away."""
    nodes = [name(node) for node in platform.objects("nodes")]
    platform.kubectl("cordon", *nodes)
    try:
        yield
    finally:
        platform.kubectl("uncordon", *nodes)
