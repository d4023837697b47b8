"""Two programs: one that violates nothing, and one that violates every condition but one."""

from tests.engine.policy_programs.aws import AWS
from tests.engine.policy_programs.aws_violations import AWS_VIOLATIONS
from tests.engine.policy_programs.kubernetes import KUBERNETES
from tests.engine.policy_programs.kubernetes_violations import KUBERNETES_VIOLATIONS
from tests.engine.policy_programs.running import Program
from tests.engine.policy_programs.violation import Violation, violating

CONFIG = {"requiredAlerts": ["AppDown"], "processors": ["api.example.com"]}
"""How the packs are configured for both."""

VIOLATIONS: tuple[Violation, ...] = (*KUBERNETES_VIOLATIONS, *AWS_VIOLATIONS)
"""What is wrong in the unsound one."""

SOUND: Program = {**KUBERNETES, **AWS}
UNSOUND = violating(SOUND, VIOLATIONS)

ALERTS_ALONE: Program = {"alerts": KUBERNETES["alerts"]}
"""Violates the one that is left, which asks for what another condition finds fault with."""

ALONE = Violation("alerts-have-a-route", "stack", "", None, "receivers of an AlertmanagerConfig")
"""What is wrong in that."""
