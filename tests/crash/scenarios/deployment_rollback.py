"""A person says yes to going back to the deployment before: its files are put back and it runs so, once; or all is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actor.model import EpisodeKey
from tests.crash import units
from tests.crash.outside import exporter_answers
from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import approval
from tests.support import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host

ACTION = "deployment-rollback"


def _prepare(host: Host) -> dict[str, Any]:
    return units.prepare(host, ACTION)


def _begin(life: Life) -> None:
    units.use(life)
    exporter_answers()
    if not units.folder(life.actor.host).joinpath("started").exists():
        units.start(life, units.GOOD)
        units.start(life, units.NEXT)


def _check(seen: Evidence) -> Iterable[str]:
    row, runs, declared = seen.incidents[0], units.running(seen.host), units.declared(seen.host)
    wanted = {"succeeded": units.GOOD, "rolled_back": units.NEXT}.get(row["outcome"])
    if wanted is not None and (runs, declared) != (wanted, wanted):
        yield f"it ended as {row['outcome']}, and what runs is {runs!r}, what is declared {declared!r}"
    if row["outcome"] in {"failed", "interrupted"} and (runs, declared) != (units.NEXT, units.NEXT):
        yield f"something was put back, and it ended as {row['outcome']}: {row['reason']}"


SCENARIO = Scenario(
    decides=(Decide(key=EpisodeKey(HOST, "service_degradation", units.SHOP, "latency"), action=ACTION, decision="propose", confidence=0.8),),
    outcomes=frozenset({"succeeded", "rolled_back", "interrupted"}),
    prepare=_prepare,
    begin=_begin,
    moments=approval.SCENARIO.moments,
    check=_check,
)
