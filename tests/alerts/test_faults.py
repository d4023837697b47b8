"""Each alert fires on its fault, and nothing else does."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

import alerts
from alerts.availability import DOWN
from alerts.rule import GROUP_WAIT_SECONDS, Rule
from tests.alerts import promtool
from tests.alerts.faults import FAULTS, Fault
from tests.alerts.health import (
    CALLS,
    FAILED_CALLS,
    FAILED_REQUESTS,
    HEALTHY,
    REDIS,
    REQUESTS,
    WEBHOOKS_AVAILABLE,
    series,
    values,
    without_scrape,
)

_LATER = "45m"
_LOST_SCRAPE = 87
"""Its number: it is due at 43 minutes and a half."""

_DECLARED = [
    alert for group in alerts.declared(promtool.EXPECTED, promtool.DUE).values() for alert in group
]
_TOLD_AFTER = {f"{alert.name} {alert.severity}": alert.told_after for alert in _DECLARED}
_NOT_OF_AVAILABILITY = {
    "N8nLoginsFailing",
    # Of calls, a share.
    "AiCallsFailing",
    "N8nWebhookAvailabilityBudgetBurn",
    "N8nWorkflowSuccessBudgetBurn",
    # Before anything fails.
    "N8nVolumeFilling",
    "RedisMemoryNearLimit",
}


_BURNS = 'group(ALERTS{alertname=~"N8nWebhookAvail.+",severity="critical",alertstate="firing"})'


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Where webhooks are counted: series of those that succeeded and that failed, and the rules."""

    answered: str
    failed: str
    groups: Sequence[Rule]


measured = pytest.mark.parametrize(
    "seen",
    [
        Seen(answered=CALLS, failed=FAILED_CALLS, groups=promtool.GROUPS),
        Seen(answered=REQUESTS, failed=FAILED_REQUESTS, groups=promtool.WITHOUT_GATEWAY),
    ],
    ids=["at the gateway", "at n8n"],
)


def test_promtool_finds_no_fault_with_the_rules(tmp_path):
    assert f"{len(promtool.RULES)} rules found" in promtool.check(tmp_path)


def test_nothing_fires_in_health_and_the_watchdog_does(tmp_path):
    watchdog = 'group(ALERTS{alertname="N8nWatchdog",alertstate="firing"})'
    silent = [(promtool.FIRING, f"{minute}m", {}) for minute in (0, 10, 20, 30, 45)]
    promtool.expect(tmp_path, HEALTHY, [*silent, (watchdog, _LATER, {"{}": 1})])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_fires_its_alerts_in_time_and_no_others_and_a_lost_scrape_ends_none(
    fault: Fault, tmp_path
):
    observed = {
        name: notation and without_scrape(notation, _LOST_SCRAPE)
        for name, notation in {**HEALTHY, **fault.changes}.items()
    }
    firing = promtool.firing(fault.fires)
    expected = [(promtool.FIRING, moment, firing) for moment in ("43m", "43m30s", "44m", _LATER)]
    for alert in fault.fires:
        told = _TOLD_AFTER[alert]
        if fault.begins is not None and told is not None:
            name, severity = alert.split()
            one = f'group(ALERTS{{alertname="{name}",severity="{severity}",alertstate="firing"}})'
            moment = fault.begins + told - GROUP_WAIT_SECONDS
            expected.append((one, f"{moment}s", {"{}": 1}))
    promtool.expect(tmp_path, observed, expected)


def test_an_alert_on_availability_is_told_within_five_minutes():
    late = {
        alert.name
        for alert in _DECLARED
        if alert.severity == "critical" and (alert.told_after or 3600) > 300
    }
    assert late <= _NOT_OF_AVAILABILITY


def test_a_lost_scrape_is_no_fault(tmp_path):
    observed = {name: without_scrape(each, 40) for name, each in HEALTHY.items()}
    silent = [(promtool.FIRING, f"{30 * number}s", {}) for number in range(38, 56)]
    promtool.expect(tmp_path, observed, silent)


@pytest.mark.parametrize("name", ["n8n-main", "postgres", "redis-b"])
@pytest.mark.parametrize("kube_state", [True, False], ids=["", "only Prometheus sees it"])
def test_a_pod_that_is_replaced_in_a_minute_and_a_half_is_no_fault(name, kube_state, tmp_path):
    observed: dict[str, str | None] = dict(HEALTHY)
    for each, notation in HEALTHY.items():
        written = values(notation)
        if "kube-state-metrics" in each and not kube_state:
            observed[each] = None
        elif f'pod="{name}-' in each:
            written[40:43] = ["0" if each.startswith("up{") else "stale"] * 3
            observed[each] = " ".join(written)
        elif f'"{name}"' in each and "spec_replicas" not in each:
            # Available or ready pods.
            written[40:43] = [str(float(written[40]) - 1)] * 3
            observed[each] = " ".join(written)
    silent = [(promtool.FIRING, f"{30 * number}s", {}) for number in range(38, 60)]
    promtool.expect(tmp_path, observed, silent)


def test_nodes_of_redis_that_are_restarted_one_after_the_other_are_no_fault(tmp_path):
    observed: dict[str, str | None] = dict(HEALTHY)
    for number, pod in enumerate(REDIS):
        up = series("redis_up", job="redis", pod=pod)
        # A minute and a half each, without a moment in between.
        written = values(HEALTHY[up])
        written[40 + 3 * number : 43 + 3 * number] = ["0"] * 3
        observed[up] = " ".join(written)
    silent = [(promtool.FIRING, f"{30 * number}s", {}) for number in range(38, 70)]
    promtool.expect(tmp_path, observed, silent)


def test_every_alert_has_a_fault_that_fires_it():
    fired = {each for fault in FAULTS.values() for each in fault.fires}
    declared = {f"{rule['alert']} {rule['labels']['severity']}" for rule in promtool.ALERTS}
    assert fired == declared - {"N8nWatchdog info"}


def test_without_any_series_each_program_is_told_to_be_down(tmp_path):
    expected = promtool.firing(
        [
            "N8nMetricsMissing warning",
            "N8nTierBelowMinimum warning",
            *(f"{alert} critical" for alert in DOWN),
        ]
    )
    absent = 'count by (job) (ALERTS{alertname="N8nMetricsMissing",alertstate="firing"})'
    jobs = {f'{{job="{job}"}}': 1 for job in promtool.EXPECTED}
    promtool.expect(tmp_path, {}, [(promtool.FIRING, _LATER, expected), (absent, _LATER, jobs)])


@measured
@pytest.mark.parametrize("only_errors", [False, True], ids=["no pod", "only errors"])
def test_an_outage_of_webhooks_is_told_within_five_minutes(only_errors, seen, tmp_path):
    outage = {seen.failed: "0x40 0+30000x60"} if only_errors else {WEBHOOKS_AVAILABLE: "2x40 0x60"}
    series = {**HEALTHY, seen.answered: "0+30000x40 1200000x60", **outage}
    expected = [(_BURNS, "20m", {}), (_BURNS, "25m", {"{}": 1})]
    promtool.expect(tmp_path, series, expected, groups=seen.groups)


def test_an_outage_that_has_ended_is_told_no_longer(tmp_path):
    outage = {WEBHOOKS_AVAILABLE: "2x20 0x20 2x160"}
    series = {name: str(values).replace("x100", "x200") for name, values in HEALTHY.items()}
    expected = [(_BURNS, "20m", {"{}": 1}), (_BURNS, "55m", {})]
    promtool.expect(tmp_path, {**series, **outage}, expected)


def test_where_the_gateway_is_seen_it_alone_says_what_failed(tmp_path):
    series = {**HEALTHY, FAILED_REQUESTS: "0+30000x100"}
    promtool.expect(tmp_path, series, [(_BURNS, _LATER, {})])
    failed = [(_BURNS, _LATER, {"{}": 1})]
    promtool.expect(tmp_path, series, failed, groups=promtool.WITHOUT_GATEWAY)


@measured
def test_the_budget_left_is_the_share_of_errors_that_were_allowed_and_not_made(seen, tmp_path):
    # Of 1000 requests 0.25 fail, half of the 0.5 that may.
    series = {seen.answered: "0+3999x100", seen.failed: "0+1x100", WEBHOOKS_AVAILABLE: "2x100"}
    left = 'round(slo:error_budget_remaining:ratio{slo="webhook-availability"}, 0.01)'
    labels = '{namespace="n8n",slo="webhook-availability"}'
    promtool.expect(tmp_path, series, [(left, _LATER, {labels: 0.5})], groups=seen.groups)


@pytest.mark.parametrize(
    ("failing", "started", "silent", "fires"),
    [
        # 1.7 % is 33 times as fast as allowed; after 7 good hours the 6-hour mean is still low.
        ("0+500x90", "0x840", "425m", "455m"),
        # 0.42 % is less than what an hour's window asks for.
        ("0+126x720", "0x840", "450m", "720m"),
    ],
    ids=["within an hour", "within six"],
)
def test_each_pair_of_windows_wakes_somebody(failing, started, silent, fires, tmp_path):
    series = {
        CALLS: "0+30000x1600",
        FAILED_CALLS: f"{started} {failing}",
        WEBHOOKS_AVAILABLE: "2x1600",
    }
    expected = [(_BURNS, silent, {}), (_BURNS, fires, {"{}": 1})]
    promtool.expect(tmp_path, series, expected, groups=promtool.AVAILABILITY)
