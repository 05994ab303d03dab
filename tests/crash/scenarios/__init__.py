"""What is done while it is killed; each module holds one SCENARIO, its file name is its name."""

from __future__ import annotations

import sys

from homeostat.discovery import discover
from tests.crash.scenario import Scenario

SCENARIOS = discover(sys.modules[__name__], "SCENARIO", Scenario)
