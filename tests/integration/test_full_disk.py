"""A file system that is full to the last byte ends nothing: what cannot be committed is refused, and the ballast buys time once."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal
from homeostat.config import Size
from tests.integration import aftermath, disks, load
from tests.integration.disks import MIB, Disk
from tests.integration.loaded_actor import BALLAST_BYTES, Running, at_work, opened
from tests.support import DAY, NOW

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.integration

WAIT_SECONDS = 90
DISKS = {"ext4": 48 * MIB, "btrfs": 128 * MIB, "xfs": 300 * MIB}


@pytest.fixture(scope="module")
def shelf() -> Iterator[pathlib.Path]:
    with disks.shelf() as place:
        yield place


@pytest.fixture(params=DISKS)
def place(request: pytest.FixtureRequest, shelf: pathlib.Path) -> Iterator[pathlib.Path]:
    disk = Disk(request.param, shelf / "disk.img", shelf / "disk", DISKS[request.param])
    disk.make()
    with disk.mounted() as place:
        yield place


def until(what: str, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


def more(of: list[str], least: int = 5) -> Callable[[], bool]:
    """Say whether a list has grown by so much from now on."""
    before = len(of)
    return lambda: len(of) >= before + least


@contextlib.contextmanager
def standing_still(running: Running) -> Iterator[None]:
    """Let the actor do nothing meanwhile, or what it gives up would be filled as well."""
    running.process.send_signal(signal.SIGSTOP)
    yield
    running.process.send_signal(signal.SIGCONT)


def test_on_a_full_disk_the_actor_lives_refuses_and_goes_on_with_the_ballast_and_when_there_is_room(place: pathlib.Path) -> None:
    ballast = place / "host" / "state" / "ballast"
    with at_work(place / "host") as running, load.posting(running.port) as book:
        until("deliveries are stored", more(book.acknowledged))
        assert ballast.stat().st_size == BALLAST_BYTES
        with standing_still(running):
            hog = disks.fill(place)
        until("the ballast is given up", lambda: not ballast.exists())
        until("deliveries are stored where the ballast was", more(book.acknowledged))
        until("nothing more can be stored", lambda: disks.fill(place) == hog and book.refused > 10)
        refused = book.refused
        hog.unlink()
        until("deliveries are stored again", more(book.acknowledged))
        until("the ballast is laid again", lambda: ballast.exists() and ballast.stat().st_size == BALLAST_BYTES)
        assert book.other == []
        assert refused > 0
    actor = opened(place / "host", NOW + 1000 * DAY)
    assert aftermath.lost(actor, book.acknowledged) == set()
    aftermath.is_whole(actor)
    aftermath.finishes(actor)
    actor.journal.close()


def test_on_a_disk_that_is_full_already_the_actor_starts_and_gives_up_its_ballast_for_what_it_has_to_write(place: pathlib.Path) -> None:
    Journal(place / "state", Size(BALLAST_BYTES)).close()
    disks.fill(place)
    journal = Journal(place / "state", Size(BALLAST_BYTES))
    with journal.transaction() as db:
        db.execute("CREATE TABLE written (content BLOB)")
        db.execute("INSERT INTO written VALUES (zeroblob(65536))")
    journal.close()
