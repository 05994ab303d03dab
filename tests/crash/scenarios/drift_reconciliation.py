"""An edited unit that does not come up is deployed on a person's yes: its files go back as they were when it last was well, and it runs so again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actor.model import EpisodeKey
from tests.crash import units
from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import approval
from tests.support import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host

ACTION = "drift-reconciliation"


def _prepare(host: Host) -> dict[str, Any]:
    return units.prepare(host, ACTION)


def _begin(life: Life) -> None:
    units.use(life)
    if not units.folder(life.actor.host).joinpath("started").exists():
        units.start(life, units.GOOD)
        units.write(life.actor.host, units.BROKEN)


def _check(seen: Evidence) -> Iterable[str]:
    row, runs, declared = seen.incidents[0], units.running(seen.host), units.declared(seen.host)
    # An undo that was killed after its last step finds nothing more to put back.
    if row["outcome"] in {"rolled_back", "failed"} and (runs, declared) != (units.GOOD, units.GOOD):
        yield f"it ended as {row['outcome']}, and what runs is {runs!r}, what is declared {declared!r}"
    # Without systemd no unit tells of a restart that never reported back, and of a service that is down nobody can say whether it goes on.
    if row["outcome"] == "interrupted" and units.starts(seen.host) > 0 and runs is not None:
        yield f"the service was restarted and is up, and it ended as interrupted: {row['reason']}"
    if units.starts(seen.host) > 3:
        yield f"the service was started {units.starts(seen.host)} times: once as it was edited, once more where that had no effect, and once as it was"


SCENARIO = Scenario(
    decides=(Decide(key=EpisodeKey(HOST, "config_drift_major", units.SHOP, "service"), action=ACTION, decision="propose", confidence=0.8),),
    outcomes=frozenset({"rolled_back", "failed", "interrupted"}),
    prepare=_prepare,
    begin=_begin,
    moments=approval.SCENARIO.moments,
    check=_check,
)
