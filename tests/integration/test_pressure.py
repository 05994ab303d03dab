"""Workflow 7 on a kernel with control groups v2: memory is short, the heaviest allowed unit gives some back, is limited, and is let go again."""

from __future__ import annotations

import json
import pathlib
from typing import TYPE_CHECKING

import pytest

from tests.integration import pressed, vm
from tests.integration.disks import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.vm import VirtualMachine

pytestmark = pytest.mark.integration

SWAP_BYTES = 512 * MIB
HOG = "import sys, time\nheld = bytearray(int(sys.argv[1]) << 20)\nfor place in range(0, len(held), 4096):\n    held[place] = 1\nopen(sys.argv[2], 'w')\ntime.sleep(10000)\n"
WEIGHTS_MIB = {"bear": 220, "hog": 240, "mouse": 4}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMachine]:
    obstacle = vm.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    swap: pathlib.Path = tmp_path_factory.mktemp("swap") / "swap.img"
    with swap.open("wb") as file:
        file.truncate(SWAP_BYTES)
    with vm.booted(swap) as machine:
        machine.run("mkswap", "/dev/disk/by-id/virtio-disk0")
        machine.run("swapon", "/dev/disk/by-id/virtio-disk0")
        machine.write("/root/hold.py", HOG)
        for name, weight_mib in WEIGHTS_MIB.items():
            machine.write(f"/etc/systemd/system/{name}.service", f"[Service]\nExecStart=/usr/bin/python3 /root/hold.py {weight_mib} /run/{name}-holds\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", *(f"{name}.service" for name in WEIGHTS_MIB))
        for name in WEIGHTS_MIB:
            machine.run("/bin/sh", "-c", f"until [ -e /run/{name}-holds ]; do sleep 0.1; done")
        yield machine


def heal(machine: VirtualMachine) -> pressed.Healed:
    """Have it healed with no more rights than the executor's own unit has."""
    unit = pathlib.Path(__file__).parents[2] / "deploy/homeostat-executor.service"
    fences = [f"--property={line}" for line in unit.read_text().splitlines() if line.startswith(("Protect", "Restrict", "NoNew", "Lock", "MemoryDeny", "SystemCall"))]
    assert len(fences) > 8
    program = "import json; from tests.integration import pressed; print(json.dumps(pressed.heal('/root/actor')._asdict()))"
    argv = ("systemd-run", "--quiet", "--wait", "--pipe", *fences, "--setenv=PYTHONPATH=/homeostat:/site-packages", "/usr/bin/python3", "-c", program)
    return pressed.Healed(**json.loads(machine.run(*argv).splitlines()[-1]))


def test_memory_is_taken_back_from_the_heaviest_allowed_unit_which_is_limited_while_it_lasts_and_then_no_longer(machine: VirtualMachine) -> None:
    healed = heal(machine)
    assert healed.before
    assert all("of the memory is available (less than 18%)" in words for words in healed.before)
    assert len(healed.plan) == 2
    assert all("hog (hog.service)" in summary for summary in healed.plan)
    assert healed.outcome == "succeeded", healed.reason
    assert "memory-headroom-ratio went from" in healed.reason
    assert healed.after == []
    # In force while it was verified, and no other; gone with the incident, and with it what would have ended it.
    (limit,) = healed.limits
    assert limit.isdecimal()
    assert healed.limit_after == "infinity"
    assert "-end" not in machine.run("systemctl", "list-units", "--all", "--no-pager", "homeostat-*")
    assert machine.run("systemctl", "show", "--property=NRestarts,NeedDaemonReload", "hog.service").split() == ["NRestarts=0", "NeedDaemonReload=no"]


def test_a_limit_ends_although_whoever_set_it_is_dead_and_a_persons_own_is_back_exactly_or_stays(machine: VirtualMachine) -> None:
    seen = machine.call(pressed.abandoned)
    before, ours, after = seen["had one"]
    assert int(ours) < int(before)
    assert after == before
    assert seen["sets one"] == ["419430400", "419430400"]
