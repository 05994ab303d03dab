"""On a disk that is full the actor stays alive, records, and starts only what makes room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from actor.journal import JournalError, incidents
from tests.real import tmpfs
from tests.support import DISK, WEB, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

KIB = 1024


@pytest.fixture
def small(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    with tmpfs(tmp_path / "small", 2048) as place:
        yield place


@pytest.fixture
def crowded(tmp_path: pathlib.Path, small: pathlib.Path) -> Iterator[Actor]:
    """Return an actor whose journal lies on a small disk that somebody else has filled."""
    host = Host(tmp_path)
    for number in range(6):
        host.log(f"app.log.{number}", 32)
    actor = Actor(host, actor={"state_directory": str(small / "state"), "ballast": f"{512 * KIB}B"})
    (small / "hog").write_bytes(os.urandom(_free(small)))
    yield actor
    actor.journal.close()


def _free(place: pathlib.Path) -> int:
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize


def until_full(actor: Actor) -> int:
    """Hear until a commit fails, as it will, and return how much was acknowledged."""
    for heard in range(1000):
        try:
            actor.hear({"alertname": "HostDown", "padding": "x" * 16 * KIB})
        except JournalError:
            return heard
    raise AssertionError("the disk never became full")


def test_only_the_cleanup_is_started_and_all_of_it_is_recorded(crowded: Actor) -> None:
    until_full(crowded)
    assert crowded.journal.shortage() == "the last commit did not reach the disk"
    crowded.decide(WEB, "service-restart")
    crowded.decide(DISK, "disk-cleanup")
    crowded.turn()
    outcomes = {incident.target: (incident.outcome, incident.reason) for incident in incidents.recent(crowded.journal, 0.0)}
    assert outcomes["web"][0] == "refused"
    assert outcomes["web"][1].startswith("room: only a cleanup may start while the journal is short of room")
    assert outcomes["disk"][0] == "succeeded"
    assert crowded.host.restarts() == 0
    assert len(list(crowded.host.logs.iterdir())) < 6


def test_what_was_refused_for_want_of_room_is_done_when_there_is_room_again(crowded: Actor, small: pathlib.Path) -> None:
    until_full(crowded)
    crowded.decide(WEB, "service-restart")
    crowded.turn()
    assert crowded.incident().outcome == "refused"
    (small / "hog").unlink()
    crowded.journal.ballast.lay()
    crowded.clock.advance(61)
    crowded.turn()
    assert (crowded.incident().outcome, crowded.host.restarts()) == ("succeeded", 1)


def test_what_was_acknowledged_before_the_disk_was_full_is_decided_after_a_restart_on_it(crowded: Actor) -> None:
    acknowledged = until_full(crowded)
    following = crowded.restarted()
    following.turn()
    assert following.total("homeostat_alerts_decided_total", disposition="ignored") == acknowledged
    following.journal.close()
