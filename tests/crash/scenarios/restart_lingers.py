"""The restart that a killed process had begun goes on without it: the next process waits for it, and begins no other."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

from tests.crash.scenario import Decide, Scenario
from tests.crash.scenarios import service_restart
from tests.support import WEB, executable

if TYPE_CHECKING:
    from tests.crash.life import Life
    from tests.support import Host

_SLOW = """#!/bin/sh
cd {folder} || exit 1
if [ -e hold ]; then
    mv hold held
    tries=0
    while [ ! -e go ] && [ $tries -lt 300 ]; do sleep 0.02; tries=$((tries + 1)); done
fi
./control restart
rm -f held
"""
_BEARS_SECONDS = 5


def _prepare(host: Host) -> dict[str, Any]:
    slow = executable(host.service / "slow", _SLOW.format(folder=host.service))
    return {"services": {"web": {"commands": {"restart": [str(slow)]}}}}


def _begin(life: Life) -> None:
    """Let what lingers go on, and end, when this process has slept a few times."""
    service, slept = life.actor.host.service, itertools.count()

    def at_sleep() -> None:
        with life.points.unwatched():
            if next(slept) >= 3:
                (service / "go").touch()
            ends = time.monotonic() + _BEARS_SECONDS
            while (service / "go").exists() and (service / "held").exists() and time.monotonic() < ends:
                time.sleep(0.005)

    life.clock.at_sleep = at_sleep


SCENARIO = Scenario(
    decides=(Decide(key=WEB, action="service-restart"),),
    outcomes=frozenset({"succeeded", "interrupted"}),
    prepare=_prepare,
    begin=_begin,
    check=service_restart.check,
    lingers=True,
)
