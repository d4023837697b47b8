"""From what the packs recorded to a report that an auditor can read, and tools can too.

`POLICY_RECORD=DIR pulumi preview --policy-pack …` records, `python -m policies.evidence` reports;
`make evidence` does both for a stack of this repository.
"""

from policies.evidence.report import Report
from policies.evidence.writing import FRAMEWORKS, write

__all__ = ["FRAMEWORKS", "Report", "write"]
