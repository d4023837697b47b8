"""No rule reads a metric that nobody has."""

import re
from pathlib import Path

from tests.alerts import promtool

_SCRAPES = Path("tests/monitoring/scrapes")
_UNRECORDED = Path("tests/alerts/unrecorded.names")
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)[{ ]", re.MULTILINE)
_READ = re.compile(r"([a-zA-Z_:][\w:]*)\{")


def test_every_metric_of_a_rule_is_recorded_of_a_real_program_or_by_a_rule():
    files = list(_SCRAPES.glob("*.prom"))
    scraped = {name for file in files for name in _SAMPLE.findall(file.read_text())}
    unrecorded = {
        line for line in _UNRECORDED.read_text().splitlines() if line and not line.startswith("#")
    }
    own = {rule["record"] for rule in promtool.RULES if "record" in rule}
    read = {name for rule in promtool.RULES for name in _READ.findall(rule["expr"])}
    # Prometheus' own: whether a target answered.
    assert read <= scraped | unrecorded | own | {"up"}
    assert unrecorded <= read, "names that no rule reads any longer"
    assert not unrecorded & scraped, "these are recorded by now"
