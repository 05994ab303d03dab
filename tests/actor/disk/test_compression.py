"""Files are compressed beside themselves with all there is to them; what is not ours is never touched."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from actor.disk import compression, files

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = b'2026-11-26T14:00:00Z level=info msg="GET /index.html 200"\n' * 5000


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Iterator[int]:
    (tmp_path / "app.log.1").write_bytes(LINES)
    (tmp_path / "app.log.1").chmod(0o640)
    os.utime(tmp_path / "app.log.1", (1_700_000_000, 1_700_000_000))
    with files.opened(str(tmp_path)) as descriptor:
        yield descriptor


def test_it_reads_back_the_same_and_keeps_owner_mode_and_times(tmp_path: pathlib.Path, folder: int) -> None:
    inode = compression.compress("app.log.1", folder)
    made, original = (tmp_path / "app.log.1.zst").stat(), (tmp_path / "app.log.1").stat()
    assert inode == made.st_ino
    assert made.st_size < original.st_size / 20
    assert (made.st_mode, made.st_uid, made.st_gid, made.st_mtime_ns) == (original.st_mode, original.st_uid, original.st_gid, original.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.log.1", "app.log.1.zst"]


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
def test_anybodys_zstd_gives_it_back_whatever_its_size(tmp_path: pathlib.Path, folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_PART_BYTES", 100_000)
    compression.compress("app.log.1", folder)
    assert subprocess.run(["zstd", "-dcq", str(tmp_path / "app.log.1.zst")], check=True, capture_output=True).stdout == LINES


def test_a_name_that_is_taken_stays_somebodys(tmp_path: pathlib.Path, folder: int) -> None:
    (tmp_path / "app.log.1.zst").write_text("mine")
    assert compression.compress("app.log.1", folder) is None
    assert (tmp_path / "app.log.1.zst").read_text() == "mine"


def test_what_saves_next_to_nothing_is_left(tmp_path: pathlib.Path, folder: int) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(100_000))
    assert compression.compress("noise", folder) is None
    assert not (tmp_path / "noise.zst").exists()


def test_a_second_time_after_a_kill_counts_as_the_first_and_leaves_nothing_beside(tmp_path: pathlib.Path, folder: int) -> None:
    inode = compression.compress("app.log.1", folder)
    assert compression.compress("app.log.1", folder) == inode
    (tmp_path / compression._aside("app.log.1")).write_text("half")
    compression.withdraw_all(folder, [pathlib.PurePosixPath("app.log.1")])
    assert [path.name for path in tmp_path.iterdir()] == ["app.log.1"]


@pytest.mark.parametrize("touched", ["content", "mode", "times", "original"])
def test_what_somebody_changed_since_is_not_withdrawn(tmp_path: pathlib.Path, folder: int, touched: str) -> None:
    compression.compress("app.log.1", folder)
    made, original = tmp_path / "app.log.1.zst", tmp_path / "app.log.1"
    times = (1_700_000_000, 1_700_000_000)
    if touched == "content":
        made.write_bytes(made.read_bytes() + b"more")
        os.utime(made, times)
    elif touched == "mode":
        made.chmod(0o600)
    elif touched == "times":
        os.utime(made)
    else:
        original.write_bytes(LINES[::-1])
        os.utime(original, times)
    compression.withdraw_all(folder, [pathlib.PurePosixPath("app.log.1")])
    assert made.exists()


def test_no_symlink_is_followed(tmp_path: pathlib.Path, folder: int) -> None:
    (tmp_path / "secret").write_bytes(LINES)
    (tmp_path / "link.log.1").symlink_to("secret")
    with pytest.raises(OSError):
        compression.compress("link.log.1", folder)
    assert not (tmp_path / "link.log.1.zst").exists()
