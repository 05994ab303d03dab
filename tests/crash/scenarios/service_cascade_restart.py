"""A service and one that needs it are down: the first is restarted, then the other, and each once at most."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from actor.model import EpisodeKey
from actor.playbook import PlannedStep
from actor.steps import restart_dependants
from homeostat.config import Duration
from tests.crash.scenario import Decide, Scenario
from tests.support import HOST, MINUTE, executable

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host

ACTION = "service-cascade-restart"
_CONTROL = """#!/bin/sh
cd {folder} || exit 1
case "$1" in
show)
    read -r invocation <invocation
    if [ -e down ]; then active=failed; else active=active; fi
    printf 'ActiveState=%s\\nInvocationID=%s\\nMainPID=0\\n' "$active" "$invocation" ;;
restart)
    echo {name} >>../order
    read -r invocation <invocation; echo $(( invocation + 1 )) >invocation.new && mv invocation.new invocation
    rm -f down ;;
esac
"""


def _service(place: pathlib.Path, *needs: str) -> dict[str, Any]:
    place.mkdir()
    (place / "invocation").write_text("1\n")
    (place / "down").touch()
    control = str(executable(place / "control", _CONTROL.format(folder=place, name=place.name)))
    return {"manager": "command", "commands": {"show": [control, "show"], "restart": [control, "restart"]}, "depends_on": list(needs)}


def _prepare(host: Host) -> dict[str, Any]:
    services = {"store": _service(host.folder / "store"), "front": _service(host.folder / "front", "store")}
    quick = {ACTION: {"settle": "2s", "watch": "30s"}}
    return {"services": services, "autonomy": {"grace": f"{MINUTE:g}s", "actions": quick}, "limits": {"blast_radius": {"of_few": 3}}}


def _begin(life: Life) -> None:
    # Real time passes while a service is waited for: one look at each is the same in every life.
    restart_dependants._POLL_SECONDS, restart_dependants._LOOKS_THAT_HOLD = 0.01, 1
    world = life.actor.world
    known = world.playbooks[ACTION]
    quick = PlannedStep("restart-dependants", restart_dependants.Options(wait=Duration(5), alone=Duration(0)))
    world.playbooks = {**world.playbooks, ACTION: dataclasses.replace(known, steps=(*known.steps[:-1], quick))}


def _check(seen: Evidence) -> Iterable[str]:
    order = seen.host.folder / "order"
    restarted = order.read_text().split() if order.exists() else []
    if restarted != ["store", "front"][: len(restarted)]:
        yield f"restarted were {', '.join(restarted)}"
    if seen.incidents[0]["outcome"] == "succeeded" and len(restarted) != 2:
        yield f"a success, and restarted was only {', '.join(restarted) or 'nothing'}"


SCENARIO = Scenario(
    decides=(Decide(key=EpisodeKey(HOST, "service_down", "store", "service"), action=ACTION, decision="notify-execute"),),
    outcomes=frozenset({"succeeded", "interrupted", "failed"}),
    prepare=_prepare,
    begin=_begin,
    check=_check,
)
