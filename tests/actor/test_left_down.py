"""A plain restart that spoils its service's files and leaves it down: what its rollback promises, and what starts it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import EpisodeKey
from tests.support import HOST, HOUR, WEB, Actor, executable

if TYPE_CHECKING:
    from tests.support import Host

_DIES_ONCE = """#!/bin/sh
cd {folder} || exit 1
./control restart
rm -f down
[ ! -e once ] || {{ rm -f once; echo spoilt >settings; touch down; }}
"""


def test_what_a_plain_restart_left_down_is_told_and_started_later_as_a_problem_of_its_own_under_a_new_protection(host: Host) -> None:
    settings = host.service / "settings"
    settings.write_text("as the owner wrote it\n")
    (host.service / "once").touch()
    dies = executable(host.service / "dies-once", _DIES_ONCE.format(folder=host.service))
    actor = Actor(host, services={"web": {"files": [str(settings)], "commands": {"restart": [str(dies)]}, "health": ["/usr/bin/true"]}})
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "rolled_back", actor.incident().reason
    assert "after the rollback too: " in actor.incident().reason
    assert "web is not up" in actor.incident().reason
    assert ((host.service / "down").exists(), settings.read_text()) == (True, "as the owner wrote it\n")

    down = EpisodeKey(HOST, "service_down", "web", "service")
    actor.prometheus.forget(WEB)
    actor.decide(down, "service-restart")
    actor.turn()
    assert (actor.incident().state, host.restarts()) == ("deferred", 1), actor.incident().reason
    actor.clock.advance(HOUR)
    actor.decide(down, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "succeeded", actor.incident().reason
    assert ((host.service / "down").exists(), settings.read_text(), host.restarts()) == (False, "as the owner wrote it\n", 2)
    actor.journal.close()
