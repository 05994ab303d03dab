"""The power goes at any instant: what was acknowledged is there, the journal is whole, and recovery finishes everything."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from actor.journal import incidents, intake
from tests.integration import disks, load
from tests.integration.disks import MIB, Disk
from tests.integration.loaded_actor import opened
from tests.integration.stack import free_port
from tests.support import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Actor

log = logging.getLogger(__name__)

pytestmark = pytest.mark.integration

# So many for each kind of disk; `make power` makes a hundred of them all.
CUTS = int(os.environ.get("HOMEOSTAT_POWER_CUTS", "3"))
SEED = 4
PAUSE_SECONDS = 0.2
FULL_SECONDS = 0.3
MOST_TURNS = 40
REPOSITORY = pathlib.Path(__file__).parents[2]

# A disk, and whether it is filled up again and again meanwhile.
DISKS = {
    "ext4": (("ext4", 64 * MIB, False), False),
    "btrfs": (("btrfs", 128 * MIB, False), False),
    "xfs": (("xfs", 300 * MIB, False), False),
    "ext4 behind a volatile cache": (("ext4", 64 * MIB, True), False),
    "ext4 that is full": (("ext4", 32 * MIB, False), True),
    "btrfs that is full": (("btrfs", 64 * MIB, False), True),
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
def at_work(folder: pathlib.Path, *pragmas: str) -> Iterator[int]:
    """Run an actor below `folder` in a process of its own, yield its port, and kill it."""
    port = free_port()
    argv = [sys.executable, "-m", "tests.integration.loaded_actor", str(folder), f"127.0.0.1:{port}", *pragmas]
    with subprocess.Popen(argv, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield port
            assert process.poll() is None, f"the actor ended by itself: {process.returncode}"
        finally:
            process.kill()


@contextlib.contextmanager
def filling(folder: pathlib.Path) -> Iterator[None]:
    """Fill the disk to the last byte, make room again, and so on."""
    over = threading.Event()

    def fill() -> None:
        while not over.wait(FULL_SECONDS):
            hog = disks.fill(folder)
            over.wait(FULL_SECONDS)
            hog.unlink()

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def cuts_of(disk: Disk, number: int, *pragmas: str, full: bool = False) -> list[Cut]:
    """Cut the disk's power so many times while an actor works on it."""
    chance, cuts = random.Random(SEED), []
    with disk.mounted() as place, at_work(place / "host", *pragmas) as port, load.posting(port) as book:
        with filling(place) if full else contextlib.nullcontext():
            for count in range(number):
                time.sleep(chance.uniform(0.2, 2) * PAUSE_SECONDS)
                acknowledged = tuple(book.acknowledged)
                cuts.append(Cut(disk.cut(f"cut-{count}.img"), acknowledged))
        assert book.other == []
        assert (book.refused > 0) == full
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


def lost(cut: Cut, actor: Actor) -> set[str]:
    """Return what was acknowledged and is not there."""
    stored = load.names([row["body"] for row in actor.journal.rows("SELECT body FROM deliveries")])
    assert len(stored) == len(set(stored)), "one delivery is there twice"
    return set(cut.acknowledged) - set(stored)


def is_whole(actor: Actor) -> None:
    assert [tuple(row) for row in actor.journal.rows("PRAGMA integrity_check")] == [("ok",)]
    assert actor.journal.rows("PRAGMA foreign_key_check") == []


def finishes(actor: Actor) -> None:
    """See recovery through: nothing runs any more, and every alert has its one decision."""
    for _ in range(MOST_TURNS):
        actor.turn()
        if not incidents.running(actor.journal) and not intake.pending(actor.journal):
            break
    assert incidents.running(actor.journal) == []
    assert intake.pending(actor.journal) == 0
    assert actor.journal.rows("SELECT * FROM executions WHERE ended_at IS NULL") == []
    counted = actor.total("homeostat_alerts_decided_total"), actor.total("homeostat_alerts_received_total")
    assert counted == (actor.journal.rows("SELECT count(*) FROM alerts")[0][0],) * 2


@pytest.mark.parametrize("name", DISKS)
def test_no_acknowledged_delivery_is_lost_and_recovery_finishes_everything(name: str, shelf: pathlib.Path) -> None:
    disk = made(name, shelf)
    for cut in cuts_of(disk, CUTS, full=DISKS[name][1]):
        with after(cut, disk) as actor:
            assert lost(cut, actor) == set()
            is_whole(actor)
            finishes(actor)
        cut.image.unlink()


@pytest.mark.parametrize("name", ["ext4", "btrfs"])
def test_a_journal_that_does_not_wait_for_the_disk_would_be_caught(name: str, shelf: pathlib.Path) -> None:
    disk, missing = made(name, shelf), []
    for cut in cuts_of(disk, CUTS, "PRAGMA synchronous = NORMAL"):
        with after(cut, disk) as actor:
            missing.append(len(lost(cut, actor)))
        cut.image.unlink()
    log.warning("lost of them: %s", missing)
    assert any(missing)
