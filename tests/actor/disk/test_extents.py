"""What a file occupies and what its deletion frees, by real file systems: predicted here is freed there."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from actor.disk import extents
from actor.disk.extents import Occupied
from homeostat import btrfs
from tests import real

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.integration
MIB = 1024 * 1024


def occupied(path: pathlib.Path) -> Occupied:
    with path.open("rb") as stream:
        return extents.occupied(stream.fileno())


def write(path: pathlib.Path, size_bytes: int = 4 * MIB) -> pathlib.Path:
    path.write_bytes(os.urandom(size_bytes))
    return path


def copy(source: pathlib.Path, place: pathlib.Path) -> pathlib.Path:
    subprocess.run(["cp", "--reflink=always", source, place], check=True)
    return place


def synced(place: pathlib.Path) -> None:
    subprocess.run(["sync", "-f", place], check=True)


def used_bytes(place: pathlib.Path) -> int:
    """Return what the data in a file system uses, by another way than the product's: the tool's own figures."""
    synced(place)
    told = subprocess.run(["btrfs", "filesystem", "df", "--raw", place], check=True, capture_output=True, text=True).stdout
    return sum(int(line.rpartition("used=")[2]) for line in told.splitlines() if line.startswith("Data"))


def freed_by(path: pathlib.Path, root: pathlib.Path) -> int:
    before = used_bytes(root)
    path.unlink()
    return before - used_bytes(root)


@pytest.fixture
def root(btrfs: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return real.subvolume(btrfs / tmp_path.name)


def test_what_a_plain_file_occupies_is_what_its_deletion_frees(root: pathlib.Path) -> None:
    path = write(root / "a")
    told = occupied(path)
    assert (told.own_bytes, told.shared_bytes) == (4 * MIB, 0)
    assert freed_by(path, root) == told.own_bytes


def test_under_a_snapshot_nothing_is_its_own_and_nothing_is_freed(root: pathlib.Path) -> None:
    path = write(root / "a")
    taken = real.snapshot(root, root / "snapshot")
    told = occupied(path)
    assert (told.own_bytes, told.shared_bytes) == (0, 4 * MIB)
    assert freed_by(path, root) == 0
    subprocess.run(["btrfs", "-q", "subvolume", "delete", "-c", taken], check=True, capture_output=True)


def test_of_a_file_that_grew_since_the_snapshot_the_growth_is_its_own(root: pathlib.Path) -> None:
    path = write(root / "a", 3 * MIB)
    real.snapshot(root, root / "snapshot")
    with path.open("ab") as stream:
        stream.write(os.urandom(MIB))
    told = occupied(path)
    assert (told.own_bytes, told.shared_bytes) == (MIB, 3 * MIB)
    assert freed_by(path, root) == MIB


def test_a_compressed_file_occupies_what_it_has_on_disk(root: pathlib.Path) -> None:
    subprocess.run(["btrfs", "property", "set", root, "compression", "zstd"], check=True)
    path = root / "a"
    path.write_bytes(b"the same line over and over\n" * 300_000)
    synced(root)
    told = occupied(path)
    assert 0 < told.own_bytes < path.stat().st_size / 10
    assert freed_by(path, root) == told.own_bytes


def test_a_file_that_was_cut_short_still_holds_the_whole_of_its_extent(root: pathlib.Path) -> None:
    path = write(root / "a")
    synced(root)
    os.truncate(path, MIB)
    told = occupied(path)
    assert told.own_bytes == 4 * MIB
    assert freed_by(path, root) == 4 * MIB


def test_what_lies_within_the_metadata_frees_no_data_and_a_hole_neither(root: pathlib.Path) -> None:
    (root / "tiny").write_bytes(b"x" * 100)
    with (root / "sparse").open("wb") as stream:
        stream.truncate(64 * MIB)
        stream.seek(32 * MIB)
        stream.write(os.urandom(MIB))
    assert occupied(root / "tiny").own_bytes == 0
    assert occupied(root / "sparse").own_bytes == MIB


def test_room_that_is_only_reserved_counts(root: pathlib.Path) -> None:
    with (root / "a").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, 4 * MIB)
    assert occupied(root / "a").own_bytes == 4 * MIB


def test_copies_of_one_another_free_what_they_share_once_all_are_gone(root: pathlib.Path) -> None:
    first = write(root / "a")
    second = copy(first, root / "b")
    synced(root)
    told = {path.stat().st_ino: occupied(path).shared for path in (first, second)}
    with first.open("rb") as stream:
        (extent,) = extents.held_only_by(stream.fileno(), told)
        assert extents.held_only_by(stream.fileno(), {first.stat().st_ino: occupied(first).shared}) == {}
    assert extent.disk_bytes == 4 * MIB
    assert (freed_by(first, root), freed_by(second, root)) == (0, 4 * MIB)


@pytest.mark.parametrize("holder", ["a third copy", "a snapshot"])
def test_what_somebody_else_holds_too_is_not_freed_by_all_of_them(root: pathlib.Path, holder: str) -> None:
    first = write(root / "a")
    second = copy(first, root / "b")
    if holder == "a snapshot":
        real.snapshot(root, root / "snapshot")
    else:
        copy(first, root / "c")
    synced(root)
    told = {path.stat().st_ino: occupied(path).shared for path in (first, second)}
    with first.open("rb") as stream:
        assert extents.held_only_by(stream.fileno(), told) == {}


def test_a_file_in_very_many_pieces_is_told_whole(root: pathlib.Path) -> None:
    path = root / "a"
    with path.open("wb") as stream:
        for piece in range(600):
            stream.seek(piece * 12288)
            stream.write(os.urandom(4096))
            if piece % 100 == 0:
                os.fsync(stream.fileno())
    told = occupied(path)
    assert told.own_bytes == 600 * 4096
    assert freed_by(path, root) == told.own_bytes


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_other_file_systems_tell_extents_too_and_no_more(kind: str) -> None:
    with real.filesystem(kind, 320 * MIB) as place:
        path = write(place / "a")
        synced(place)
        before = os.statvfs(place)
        assert occupied(path) == Occupied(4 * MIB)
        with path.open("rb") as stream:
            assert (btrfs.data_bytes(stream.fileno()), btrfs.tree(stream.fileno()), btrfs.holders(stream.fileno(), 4096)) == (None, None, None)
        path.unlink()
        # xfs frees in the background, whatever was synced.
        for _ in range(100):
            synced(place)
            freed_bytes = (os.statvfs(place).f_bfree - before.f_bfree) * before.f_frsize
            if freed_bytes:
                break
            time.sleep(0.05)
        assert freed_bytes == 4 * MIB


def test_on_xfs_a_copy_shares_and_nobody_tells_with_whom() -> None:
    with real.filesystem("xfs", 320 * MIB) as place:
        first = write(place / "a")
        second = copy(first, place / "b")
        synced(place)
        told = {path.stat().st_ino: occupied(path).shared for path in (first, second)}
        assert (occupied(first).own_bytes, occupied(first).shared_bytes) == (0, 4 * MIB)
        with first.open("rb") as stream:
            assert extents.held_only_by(stream.fileno(), told) == {}


def test_where_no_extents_are_told_the_blocks_count(tmp_path: pathlib.Path) -> None:
    with real.tmpfs(tmp_path / "tmpfs", 8192) as place:
        assert occupied(write(place / "a", MIB)) == Occupied(MIB, by_blocks=True)


def test_two_thousand_files_are_asked_in_a_moment(root: pathlib.Path) -> None:
    for number in range(2000):
        (root / str(number)).write_bytes(b"x" * 5000)
    synced(root)
    began = os.times()
    assert sum(occupied(root / str(number)).own_bytes for number in range(2000)) == 2000 * 8192
    ended = os.times()
    assert ended.user - began.user + ended.system - began.system < 1
