"""The protection `lvm-thin` keeps its contract on real thin volumes, in a machine whose kernel has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.integration import vm

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.integration

DISK_BYTES = 1024**3
POOL_MIB = 512
DISK = "/dev/disk/by-id/virtio-disk0"
# Killed for real, in thin_volumes.py; at each effect, as with the other protections, would take the machine minutes.
CHOSEN = "lvm-thin and not killed_anywhere or thin_volumes"
TESTS = "/homeostat/tests/actor/protections"


def test_thin_snapshots_keep_the_contract_of_protections_and_their_own(tmp_path: pathlib.Path) -> None:
    obstacle = vm.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
    with vm.booted(disk) as machine:
        machine.run("vgcreate", "thin", DISK)
        machine.run("lvcreate", "--type", "thin-pool", "--size", f"{POOL_MIB}m", "--name", "pool", "thin")
        files = (f"{TESTS}/test_contract.py", f"{TESTS}/thin_volumes.py")
        told = machine.run("env", "HOMEOSTAT_THIN_GROUP=thin", "python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, *files)
    assert re.search(r"^(\d+) passed, \d+ deselected in", told, re.MULTILINE), told
