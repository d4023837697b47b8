"""No rule reads a metric that nobody has."""

import re

from tests.alerts import promtool
from tests.monitoring import prometheus

_READ = re.compile(r"([a-zA-Z_:][\w:]*)\{")


def test_every_metric_of_a_rule_is_of_a_real_program_or_recorded_by_a_rule():
    own = {rule["record"] for rule in promtool.RULES if "record" in rule}
    read = {name for rule in promtool.RULES for name in _READ.findall(rule["expr"])}
    # Prometheus' own: whether a target answered.
    assert read <= prometheus.metric_names() | own | {"up"}
