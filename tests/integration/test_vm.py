"""The power of a whole machine goes while it is at work: a kernel of its own, whose page cache is lost with it."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration import aftermath, load, vm
from tests.integration.disks import Disk
from tests.integration.loaded_actor import opened
from tests.support import DAY, NOW

if TYPE_CHECKING:
    import pathlib

    from tests.integration.load import Book
    from tests.integration.vm import VirtualMachine

log = logging.getLogger(__name__)

pytestmark = pytest.mark.integration

CUTS = 2
SEED = 4
AT_LEAST = 30
DISK_BYTES = 64 * 1024**2


def cut_under_load(machine: VirtualMachine, folder: pathlib.Path, name: str, chance: random.Random) -> Book:
    """Let an actor work below that folder of the machine and cut its power at some instant once deliveries arrive."""
    program = ("/usr/bin/python3", "-m", "tests.integration.loaded_actor", str(folder), f"0.0.0.0:{vm.SERVED_PORT}")
    machine.run("systemd-run", "--unit=loaded", "--setenv=PYTHONPATH=/homeostat:/site-packages", *program)
    with load.posting(machine.port, name) as book:
        while len(book.acknowledged) < AT_LEAST:
            assert machine.run("systemctl", "is-active", "loaded", check=False) == "active\n", machine.run("journalctl", "--unit=loaded")
            time.sleep(0.1)
        time.sleep(chance.uniform(0, 1.5))
        machine.cut_power()
    assert book.other == []
    return book


def test_no_acknowledged_delivery_is_lost_with_the_machine_and_recovery_finishes_everything(tmp_path: pathlib.Path) -> None:
    obstacle = vm.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    # The place has one name in the machine and here, for the journal tells of absolute paths.
    disk, chance, acknowledged = Disk("ext4", tmp_path / "disk.img", tmp_path / "disk", DISK_BYTES), random.Random(SEED), list[str]()
    disk.make()
    for cut in range(1, CUTS + 1):
        with vm.booted(disk.image) as machine:
            machine.run("mkdir", "-p", str(disk.place))
            machine.run("mount", "/dev/disk/by-id/virtio-disk0", str(disk.place))
            acknowledged += cut_under_load(machine, disk.place / "host", f"boot-{cut}", chance).acknowledged
        with disk.mounted() as place:
            actor = opened(place / "host", NOW + cut * 1000 * DAY)
            assert aftermath.lost(actor, acknowledged) == set()
            aftermath.is_whole(actor)
            aftermath.finishes(actor)
            actor.journal.close()
        log.warning("cut %d: %d deliveries acknowledged so far, none lost", cut, len(acknowledged))
