"""The power goes at any instant: what was acknowledged is there, the journal is whole, and recovery finishes everything."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration import aftermath, disks, load
from tests.integration.disks import MIB, Disk
from tests.integration.loaded_actor import at_work, opened
from tests.support import DAY, NOW

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from tests.support import Actor

log = logging.getLogger(__name__)

pytestmark = pytest.mark.integration

# So many for each kind of disk; `make power` makes a hundred of them all.
CUTS = int(os.environ.get("HOMEOSTAT_POWER_CUTS", "3"))
# Now and then a cut comes just after a checkpoint, and even a journal that does not wait has lost nothing.
CUTS_OF_A_MUTANT = 10
SEED = 4
PAUSE_SECONDS = 0.2
FULL_SECONDS = 0.3
START_SECONDS = 60

# A disk, and whether it is filled up again and again meanwhile.
DISKS = {
    "ext4": (("ext4", 64 * MIB, False), False),
    "btrfs": (("btrfs", 128 * MIB, False), False),
    "xfs": (("xfs", 300 * MIB, False), False),
    "ext4 behind a volatile cache": (("ext4", 64 * MIB, True), False),
    "ext4 that is full": (("ext4", 32 * MIB, False), True),
    "btrfs that is full": (("btrfs", 128 * MIB, False), True),
}


class Cut(NamedTuple):
    """A copy of the disk, and what had been acknowledged before the copying began."""

    image: pathlib.Path
    acknowledged: tuple[str, ...]


@pytest.fixture(scope="module")
def shelf() -> Iterator[pathlib.Path]:
    with disks.shelf() as place:
        yield place


def made(name: str, shelf: pathlib.Path) -> Disk:
    (kind, size, cache), _ = DISKS[name]
    disk = Disk(kind, shelf / "disk.img", shelf / "disk", size, cache)
    disk.make()
    return disk


@contextlib.contextmanager
def filling(folder: pathlib.Path) -> Iterator[None]:
    """Fill the disk to the last byte, make room again, and so on; begin when it is full for the first time."""
    full, over = threading.Event(), threading.Event()

    def fill() -> None:
        while not over.is_set():
            hog = disks.fill(folder)
            full.set()
            over.wait(FULL_SECONDS)
            hog.unlink()
            over.wait(FULL_SECONDS)

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        assert full.wait(START_SECONDS)
        yield
    finally:
        over.set()
        thread.join()


def cuts_of(disk: Disk, number: int, *pragmas: str, full: bool = False) -> list[Cut]:
    """Cut the disk's power so many times while an actor works on it."""
    chance, cuts = random.Random(SEED), []
    with disk.mounted() as place, at_work(place / "host", *pragmas) as running, load.posting(running.port) as book:
        with filling(place) if full else contextlib.nullcontext():
            for count in range(number):
                time.sleep(chance.uniform(0.2, 2) * PAUSE_SECONDS)
                acknowledged = tuple(book.acknowledged)
                cuts.append(Cut(disk.cut(f"cut-{count}.img"), acknowledged))
        assert book.other == []
        assert full or book.refused == 0
    log.warning("%d cuts, %d deliveries acknowledged before the last, %d refused", number, len(cuts[-1].acknowledged), book.refused)
    return cuts


@contextlib.contextmanager
def after(cut: Cut, disk: Disk) -> Iterator[Actor]:
    """Give the power back: the disk's own journal is replayed, the actor's is opened; a person makes room on a full disk."""
    with disk.mounted(cut.image) as place:
        (place / "hog").unlink(missing_ok=True)
        actor = opened(place / "host", NOW + 1000 * DAY)
        try:
            yield actor
        finally:
            actor.journal.close()


@pytest.mark.parametrize("name", DISKS)
def test_no_acknowledged_delivery_is_lost_and_recovery_finishes_everything(name: str, shelf: pathlib.Path) -> None:
    disk = made(name, shelf)
    for cut in cuts_of(disk, CUTS, full=DISKS[name][1]):
        with after(cut, disk) as actor:
            assert aftermath.lost(actor, cut.acknowledged) == set()
            aftermath.is_whole(actor)
            aftermath.finishes(actor)
        cut.image.unlink()


@pytest.mark.parametrize("name", ["ext4", "btrfs"])
def test_a_journal_that_does_not_wait_for_the_disk_would_be_caught(name: str, shelf: pathlib.Path) -> None:
    disk, missing = made(name, shelf), []
    for cut in cuts_of(disk, CUTS_OF_A_MUTANT, "PRAGMA synchronous = NORMAL"):
        with after(cut, disk) as actor:
            missing.append(len(aftermath.lost(actor, cut.acknowledged)))
        cut.image.unlink()
    log.warning("lost of them: %s", missing)
    assert any(missing)
