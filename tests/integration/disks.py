"""Disks that can lose power: file systems in an image file, cut by a reflink copy of it at any instant.

Why such a copy is what a power cut leaves. FICLONE holds the image's inode lock exclusively, so every write of the loop
device is in the copy wholly or not at all, and none that came later; it does not ask the inner file system for anything, so
what only that one's page cache holds is lost. A disk may also have a volatile cache of its own, which keeps writes in any
order until it is told to flush: then the image lies in an outer file system, whose page cache is that cache, and it is the
outer one's image that is copied.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, Literal

import pytest

from tests.real import mounted

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["ext4", "btrfs", "xfs"]
MIB = 1024**2
SHELF_BYTES = 4096 * MIB
FICLONE = 0x40049409
MAKE: dict[str, tuple[str, ...]] = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-m", "0"),
    "btrfs": ("mkfs.btrfs", "-q"),
    "xfs": ("mkfs.xfs", "-q"),
}


@contextlib.contextmanager
def shelf() -> Iterator[pathlib.Path]:
    """Mount a place whose files can be copied by reflink."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    with tempfile.TemporaryDirectory(prefix="homeostat-shelf-") as folder:
        image = _image(pathlib.Path(folder, "shelf.img"), SHELF_BYTES)
        subprocess.run(["mkfs.btrfs", "-q", str(image)], check=True, capture_output=True)
        # This file system never loses power, so nothing is waited for.
        with mounted(pathlib.Path(folder, "shelf"), "-o", "loop,nobarrier", str(image)) as place:
            yield place


@dataclasses.dataclass(frozen=True)
class Disk:
    """A file system of `kind` and `size` for `place`; with a `cache` the disk keeps unflushed writes where a cut loses them."""

    kind: Kind
    image: pathlib.Path
    place: pathlib.Path
    size: int
    cache: bool = False

    def make(self) -> None:
        """Make the file system, empty. Skips the test where this host lacks the program for it."""
        if shutil.which(MAKE[self.kind][0]) is None:
            pytest.skip(f"{MAKE[self.kind][0]} is not installed")
        if not self.cache:
            _format(self.kind, _image(self.image, self.size))
            return
        _format("ext4", _image(self.image, self.size + 64 * MIB))
        with _loop(self.image, self._outside, "ext4"):
            _format(self.kind, _image(self._outside / "inner.img", self.size))
            # A disk has all its blocks from the beginning: no write to it waits for room.
            with (self._outside / "inner.img").open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)

    @property
    def _outside(self) -> pathlib.Path:
        return self.place.with_name(f"{self.place.name}-outside")

    @contextlib.contextmanager
    def mounted(self, image: pathlib.Path | None = None) -> Iterator[pathlib.Path]:
        """Mount the disk, or that copy of it, at its place."""
        outer = image or self.image
        if not self.cache:
            with _loop(outer, self.place, self.kind) as place:
                yield place
            return
        with _loop(outer, self._outside, "ext4"), _loop(self._outside / "inner.img", self.place, self.kind, direct=False) as place:
            yield place

    def cut(self, name: str) -> pathlib.Path:
        """Copy the disk as it is at this instant, whatever is being written."""
        copy = self.image.with_name(name)
        with self.image.open("rb") as source, copy.open("wb") as target:
            fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
        return copy


@contextlib.contextmanager
def _loop(image: pathlib.Path, place: pathlib.Path, kind: str, *, direct: bool = True) -> Iterator[pathlib.Path]:
    flag = "on" if direct else "off"
    argv = ["losetup", "--find", "--show", f"--direct-io={flag}", str(image)]
    device = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
    try:
        with mounted(place, "-t", kind, device):
            # From now on the device goes with its mount, whatever becomes of this process.
            subprocess.run(["losetup", "--detach", device], check=True)
            yield place
    finally:
        # A mount that failed has left the device.
        subprocess.run(["losetup", "--detach", device], check=False, capture_output=True)


def _image(path: pathlib.Path, size: int) -> pathlib.Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _format(kind: str, image: pathlib.Path) -> None:
    subprocess.run([*MAKE[kind], str(image)], check=True, capture_output=True)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """Fill the file system that holds `folder` to the last byte, again where room was made since, and return the file that does."""
    hog = folder / "hog"
    for size in (MIB, 65536, 4096, 512):
        with contextlib.suppress(OSError), hog.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(size))
                # Only what lies on the disk has its room for certain.
                os.fdatasync(file.fileno())
    return hog
