"""Entry point of the policy pack `gdpr`."""

import sys
from pathlib import Path

# Pulumi runs this file on its own; the package `policies` is two folders up.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.gdpr.controls import FRAMEWORK
from policies.pack import serve

serve(FRAMEWORK)
