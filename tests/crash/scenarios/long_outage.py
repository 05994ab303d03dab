"""Killed in the middle of a restart, and nobody starts the actor again until the problem is long gone."""

from __future__ import annotations

from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import service_restart
from tests.support import MINUTE, WEB

SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"succeeded", "warned", "interrupted", "refused", "cleared"}),
    check=service_restart.check,
    fires_seconds=10 * MINUTE,
    down_seconds=14 * MINUTE,
)
