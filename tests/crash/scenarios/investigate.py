"""A service is looked into: what was found is attached, nothing is touched, and it is in no record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import EpisodeKey
from tests.crash.outside import exporter_answers
from tests.crash.scenario import Decide, Scenario
from tests.support import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life


def _begin(life: Life) -> None:
    del life
    exporter_answers()


def _check(seen: Evidence) -> Iterable[str]:
    if seen.host.restarts():
        yield "a look restarted something"
    yield from (f"a look is in {name}" for name in ("records", "trials", "offsets", "breakers") if seen.tables[name])


SCENARIO = Scenario(
    decides=(Decide(key=EpisodeKey(HOST, "service_degradation", "web", "latency"), action="investigate"),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    begin=_begin,
    check=_check,
)
