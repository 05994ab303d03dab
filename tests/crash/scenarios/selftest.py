"""A selftest's synthetic problem is answered by running a program that does nothing, which leaves no trace in what speaks of real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import EpisodeKey
from homeostat.words import SELFTEST
from tests.crash.scenario import Decide, Scenario
from tests.support import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence


def check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts():
        yield "a selftest restarted something"
    yield from (f"a selftest is in {name}" for name in ("records", "trials", "offsets", "breakers") if seen.tables[name])
    if any(SELFTEST in row["labels"] for row in seen.tables["totals"]):
        yield "a total counts a selftest"


SCENARIO = Scenario(
    decides=(Decide(key=EpisodeKey(HOST, SELFTEST, SELFTEST, SELFTEST), action=SELFTEST),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    check=check,
)
