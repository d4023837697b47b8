"""Entry point of the policy pack `soc2`."""

import sys
from pathlib import Path

# Pulumi runs this file on its own; the package `policies` is two folders up.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.pack import serve
from policies.soc2.controls import FRAMEWORK

serve(FRAMEWORK)
