"""Real file systems for tests: mounted for as long as a block lasts, and gone after it, whatever happened in it."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# A volume group in which thin volumes may be made: there is one in the tests' virtual machine.
THIN_GROUP = os.environ.get("HOMEOSTAT_THIN_GROUP")
# Whether units of the system may be written and started: there is a machine of the tests' own for that.
UNITS = os.environ.get("HOMEOSTAT_UNITS") is not None
BTRFS_BYTES = 256 * 1024**2


@contextlib.contextmanager
def mounted(place: pathlib.Path, *options: str) -> Iterator[pathlib.Path]:
    """Mount something at `place`; skip where nothing may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(place)], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        # What was killed half-way may still hold folders open until it is collected.
        gc.collect()
        if subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode != 0:
            subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)


@contextlib.contextmanager
def tmpfs(place: pathlib.Path, size_kib: int) -> Iterator[pathlib.Path]:
    """Mount a small file system in memory."""
    with mounted(place, "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs"):
        yield place


@contextlib.contextmanager
def filesystem(kind: str, size_bytes: int, *options: str) -> Iterator[pathlib.Path]:
    """Make a file system of a kind in a file and mount it; its loop device goes with the mount."""
    maker = shutil.which(f"mkfs.{kind}")
    if maker is None:
        pytest.skip(f"mkfs.{kind} is not installed")
    # Not below pytest's own folder: another run of pytest may move that away under the mount.
    with tempfile.TemporaryDirectory(prefix=f"homeostat-{kind}-") as folder:
        image = pathlib.Path(folder, f"{kind}.img")
        with image.open("wb") as file:
            file.truncate(size_bytes)
        subprocess.run([maker, "-q", str(image)], check=True, capture_output=True)
        with mounted(pathlib.Path(folder, kind), "-o", ",".join(("loop", *options)), str(image)) as place:
            yield place
        _await_release(image)


def _await_release(image: pathlib.Path) -> None:
    """Wait until the loop device is gone: whoever looks at all of them at this moment holds it a little longer."""
    for _ in range(1200):
        left = subprocess.run(["losetup", "-j", str(image)], check=True, capture_output=True, text=True).stdout
        if left == "":
            return
        time.sleep(0.05)
    pytest.fail(f"a loop device stayed: {left}")


@contextlib.contextmanager
def units(name: str) -> Iterator[pathlib.Path]:
    """Return the folder of the system's units; one of that name is stopped and gone afterwards."""
    place = pathlib.Path("/etc/systemd/system")
    try:
        yield place
    finally:
        subprocess.run(["systemctl", "stop", name], check=False)
        (place / name).unlink(missing_ok=True)
        shutil.rmtree(place / f"{name}.d", ignore_errors=True)
        subprocess.run(["systemctl", "daemon-reload"], check=True)


@contextlib.contextmanager
def btrfs(*options: str) -> Iterator[pathlib.Path]:
    """Make a small btrfs in a file and mount it."""
    with filesystem("btrfs", BTRFS_BYTES, *options) as place:
        yield place


def snapshot(source: pathlib.Path, place: pathlib.Path) -> pathlib.Path:
    """Take a read-only snapshot of a subvolume."""
    subprocess.run(["btrfs", "-q", "subvolume", "snapshot", "-r", str(source), str(place)], check=True, capture_output=True)
    return place


def subvolume(place: pathlib.Path) -> pathlib.Path:
    """Make a subvolume."""
    subprocess.run(["btrfs", "-q", "subvolume", "create", str(place)], check=True, capture_output=True)
    return place


@contextlib.contextmanager
def thin_volume(name: str, pool: str = "pool", size_mib: int = 64) -> Iterator[tuple[str, pathlib.Path]]:
    """Make a thin volume with an ext4 in THIN_GROUP and mount it; yield it as GROUP/NAME and where it is."""
    volume = f"{THIN_GROUP}/{name}"
    _lvm("lvcreate", "--thin", f"{THIN_GROUP}/{pool}", "--virtualsize", f"{size_mib}m", "--name", name)
    try:
        subprocess.run(["mkfs.ext4", "-q", f"/dev/{volume}"], check=True, capture_output=True)
        with tempfile.TemporaryDirectory(prefix="volume-") as folder, mounted(pathlib.Path(folder), f"/dev/{volume}") as place:
            yield volume, place
    finally:
        _lvm("lvremove", "--yes", "--select", f"origin={name} || lv_name={name}", str(THIN_GROUP))


def _lvm(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)
