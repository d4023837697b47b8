"""The bill follows from the settings, and says what the standby and a zone cost."""

from typing import Any

import pytest

from cost import prices
from cost.bill import Bill, bills
from cost.prices import MissingPriceError
from cost.usage import ASSUMED
from settings import Settings

PRICES = prices.load()
HOURS = 730


def billed(settings: Settings) -> list[Bill]:
    return bills("sample", settings, ASSUMED, PRICES)


def primary(settings: Settings) -> Bill:
    return billed(settings)[0]


def together(settings: Settings) -> float:
    return sum(bill.dollars for bill in billed(settings))


def changed(settings: Settings, area: str | None = None, **values: Any) -> Settings:
    """The settings with other values in `aws`, or in one of its groups; they are not checked."""
    assert settings.aws
    if area:
        values = {area: getattr(settings.aws, area).model_copy(update=values)}
    return settings.model_copy(update={"aws": settings.aws.model_copy(update=values)})


def whats(bill: Bill) -> set[str]:
    return {line.charge.what for line in bill.lines}


def components(bill: Bill) -> set[str]:
    return set(bill.by_component)


def test_an_extra_zone_costs_what_is_said(sample: Settings) -> None:
    zones = (*sample.platform.zones, "eu-central-1d")
    platform = sample.platform.model_copy(update={"zones": zones})
    larger = sample.model_copy(update={"platform": platform})

    said = [bill.of_a_zone for bill in billed(sample)]
    more = [
        with_four.dollars - with_three.dollars
        for with_three, with_four in zip(billed(sample), billed(larger), strict=True)
    ]
    assert more == pytest.approx(said)
    assert said[0] > said[1] > 0


def test_without_the_standby_it_costs_so_much_less(sample: Settings) -> None:
    alone = changed(sample, peer=None)
    assert len(billed(alone)) == 1
    standby = billed(sample)[1]
    said = standby.dollars + primary(sample).for_standby
    assert together(sample) - together(alone) == pytest.approx(said)


def test_a_machine_costs_its_size_times_an_xlarge(sample: Settings) -> None:
    price = PRICES.find("ec2-c7i-xlarge", "eu-central-1")
    assert price
    smaller, larger = (
        primary(changed(sample, "cluster", node_type=f"c7i.{size}xlarge", nodes_per_zone=2))
        for size in ("", "8")
    )
    assert larger.dollars - smaller.dollars == pytest.approx(6 * 7 * price.dollars * HOURS)


def test_a_standby_s_own_stack_has_its_nodes_and_no_standby(sample: Settings) -> None:
    (bill,) = billed(changed(sample, role="standby"))
    assert "nodes c7i.4xlarge, 1 a zone" in whats(bill)
    assert "renewals of the lease, every 20 s" not in whats(bill)


def test_what_both_environments_share_is_paid_once(sample: Settings) -> None:
    assert "copies of exports" in whats(primary(sample))
    standby = billed(sample)[1]
    assert not {"exports", "copies of exports", "their replicas"} & whats(standby)
    assert "its master's password" not in whats(standby)


def test_what_pods_keep_is_billed_where_settings_have_it(sample: Settings) -> None:
    volumes = {
        "volumes of n8n's own backups, 1 of 5Gi": "backup",
        "volumes of answers to data subjects, 1 of 2Gi": "data_subjects",
    }
    assert set(volumes) <= whats(primary(sample))
    for what, area in volumes.items():
        off = getattr(sample, area).model_copy(update={"enabled": False})
        assert what not in whats(primary(sample.model_copy(update={area: off})))


def test_backups_and_old_versions_of_exports_grow_with_the_days_they_are_kept(
    sample: Settings,
) -> None:
    def dollars(**recovery: int) -> float:
        return primary(changed(sample, "recovery", **recovery)).dollars

    usual = {"backup_days": 35, "old_version_days": 14, "export_days": 30}
    assert dollars(**usual) < dollars(**{**usual, "old_version_days": 28})
    # 50 GB of exports in 30 days: as much again for each 30 days, in two vaults of each region,
    # and 3 GB a day of the database in one of each.
    more = dollars(**{**usual, "backup_days": 65}) - dollars(**usual)
    assert more == pytest.approx(4 * 50 * 0.05 + 2 * 3 * 30 * 0.095)


def test_what_is_there_already_is_not_billed(sample: Settings) -> None:
    given = changed(sample, "network", existing="somebody's")
    given = changed(given, "cluster", existing="somebody's")
    bill = primary(changed(given, "database", create=False))
    assert not {"cluster", "database"} & components(bill)
    assert whats(bill) & {"NAT gateways, one a zone", "flow logs"} == set()


def test_a_cluster_of_the_database_is_three_machines(sample: Settings) -> None:
    bill = primary(
        changed(sample, "database", deployment="cluster", instance_class="db.m6gd.large")
    )
    (machines,) = (
        line
        for line in bill.lines
        if line.charge.item == "rds-db.m6gd.large" and line.charge.component == "database"
    )
    assert machines.charge.quantity == 3 * HOURS


def test_everything_without_a_price_is_named_and_nothing_is_added_up(sample: Settings) -> None:
    settings = changed(sample, "cluster", node_type="r6a.2xlarge")
    settings = changed(settings, "database", instance_class="db.r7g.large")
    with pytest.raises(MissingPriceError) as error:
        billed(settings)
    for item in ("ec2-r6a-xlarge", "rds-db.r7g.large"):
        for region in ("eu-central-1", "eu-west-1"):
            assert f"{item} in {region}" in str(error.value)
