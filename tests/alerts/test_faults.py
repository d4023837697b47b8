"""Each alert fires on its fault, and nothing else does."""

import pytest

from tests.alerts import promtool
from tests.alerts.faults import (
    FAILED_REQUESTS,
    FAULTS,
    HEALTHY,
    REQUESTS,
    WEBHOOKS_AVAILABLE,
    Fault,
)

_LATER = "45m"


def test_promtool_finds_no_fault_with_the_rules(tmp_path):
    assert f"{len(promtool.RULES)} rules found" in promtool.check(tmp_path)


def test_nothing_fires_in_health_and_the_watchdog_does(tmp_path):
    watchdog = 'group(ALERTS{alertname="N8nWatchdog",alertstate="firing"})'
    silent = [(promtool.FIRING, f"{minute}m", {}) for minute in (0, 10, 20, 30, 45)]
    promtool.expect(tmp_path, HEALTHY, [*silent, (watchdog, _LATER, {"{}": 1})])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_fires_its_alerts_and_no_others(fault: Fault, tmp_path):
    expected = (promtool.FIRING, _LATER, promtool.firing(fault.fires))
    promtool.expect(tmp_path, {**HEALTHY, **fault.changes}, [expected])


def test_every_alert_has_a_fault_that_fires_it():
    fired = {each for fault in FAULTS.values() for each in fault.fires}
    declared = {f"{rule['alert']} {rule['labels']['severity']}" for rule in promtool.ALERTS}
    assert fired == declared - {"N8nWatchdog info"}


def test_without_any_series_only_their_absence_is_told(tmp_path):
    expected = promtool.firing(["N8nMetricsMissing warning"])
    absent = 'count by (job) (ALERTS{alertname="N8nMetricsMissing",alertstate="firing"})'
    jobs = {f'{{job="{job}"}}': 1 for job in (*promtool.EXPECTED, "kube-state-metrics")}
    promtool.expect(tmp_path, {}, [(promtool.FIRING, _LATER, expected), (absent, _LATER, jobs)])


@pytest.mark.parametrize(
    "outage",
    [
        {WEBHOOKS_AVAILABLE: "2x40 0x60", REQUESTS: "0+30000x40 1200000x60"},
        {FAILED_REQUESTS: "0x40 0+30000x60", REQUESTS: "0+30000x40 1200000x60"},
    ],
    ids=["no pod", "only errors"],
)
def test_an_outage_of_webhooks_is_told_within_five_minutes(outage, tmp_path):
    burns = 'group(ALERTS{alertname=~"N8nWebhookAvail.+",severity="critical",alertstate="firing"})'
    promtool.expect(
        tmp_path, {**HEALTHY, **outage}, [(burns, "20m", {}), (burns, "25m", {"{}": 1})]
    )


def test_an_outage_that_has_ended_is_told_no_longer(tmp_path):
    outage = {WEBHOOKS_AVAILABLE: "2x20 0x20 2x160"}
    series = {name: str(values).replace("x100", "x200") for name, values in HEALTHY.items()}
    burns = 'group(ALERTS{alertname=~"N8nWebhookAvail.+",severity="critical",alertstate="firing"})'
    promtool.expect(tmp_path, {**series, **outage}, [(burns, "20m", {"{}": 1}), (burns, "55m", {})])


def test_the_budget_left_is_the_share_of_errors_that_were_allowed_and_not_made(tmp_path):
    # Of 1000 requests 0.25 fail, half of the 0.5 that may.
    series = {REQUESTS: "0+3999x100", FAILED_REQUESTS: "0+1x100", WEBHOOKS_AVAILABLE: "2x100"}
    left = 'round(slo:error_budget_remaining:ratio{slo="webhook-availability"}, 0.01)'
    labels = '{namespace="n8n",slo="webhook-availability"}'
    promtool.expect(tmp_path, series, [(left, _LATER, {labels: 0.5})])


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
        REQUESTS: "0+30000x1600",
        FAILED_REQUESTS: f"{started} {failing}",
        WEBHOOKS_AVAILABLE: "2x1600",
    }
    burns = 'group(ALERTS{alertname=~"N8nWebhookAvail.+",severity="critical",alertstate="firing"})'
    promtool.expect(tmp_path, series, [(burns, silent, {}), (burns, fires, {"{}": 1})])
