"""Files by descriptor: what is found, what is moved, and what is never entered."""

from __future__ import annotations

import errno
import mmap
import os
import pathlib
import stat
import subprocess

import pytest

from actor.disk import files

NOW = 1_700_000_000.0


def write(path: pathlib.Path, content: bytes = b"x" * 5000, age: float = 3600) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (NOW - age, NOW - age))
    return path


def test_a_file_that_a_process_holds_open_is_known_by_device_and_inode(tmp_path: pathlib.Path) -> None:
    held, free = write(tmp_path / "held.log"), write(tmp_path / "free.log")
    with held.open("rb"):
        known = files.open_inodes()
    status = held.stat()
    assert (status.st_dev, status.st_ino) in known
    assert (free.stat().st_dev, free.stat().st_ino) not in known


def test_a_file_that_is_mapped_though_closed_is_known_too(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "a.log")
    with path.open("rb") as stream:
        kept = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
    status = path.stat()
    assert (status.st_dev, status.st_ino) in files.open_inodes()
    kept.close()
    assert (status.st_dev, status.st_ino) not in files.open_inodes()


@pytest.mark.integration
def test_a_file_behind_a_loop_device_is_known_too(tmp_path: pathlib.Path) -> None:
    image = write(tmp_path / "disk.img", bytes(1024 * 1024))
    loop = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True, text=True).stdout.strip()
    try:
        assert (image.stat().st_dev, image.stat().st_ino) in files.open_inodes()
    finally:
        subprocess.run(["losetup", "-d", loop], check=True)


def test_removing_a_tree_does_not_follow_its_symlinks(tmp_path: pathlib.Path) -> None:
    precious = write(tmp_path / "precious" / "a.log")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(precious.parent)
    with files.opened(str(tmp_path)) as parent:
        files.remove_tree(parent, "tree")
        files.remove_tree(parent, "tree")
    assert precious.exists()
    assert not (tmp_path / "tree").exists()


def test_only_empty_folders_are_removed_and_a_missing_one_is_no_fault(tmp_path: pathlib.Path) -> None:
    (tmp_path / "tree" / "empty" / "er").mkdir(parents=True)
    write(tmp_path / "tree" / "holds" / "a.log")
    with files.opened(str(tmp_path)) as parent:
        files.remove_folders(parent, "nowhere")
        files.remove_folders(parent, "tree")
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["holds"]
    (tmp_path / "tree" / "holds" / "a.log").unlink()
    with files.opened(str(tmp_path)) as parent:
        files.remove_folders(parent, "tree")
    assert not (tmp_path / "tree").exists()


def test_counting_says_how_many_files_and_their_bytes_on_disk(tmp_path: pathlib.Path) -> None:
    paths = [write(tmp_path / "a.log"), write(tmp_path / "deep" / "b.log")]
    paths.append(tmp_path / "link")
    paths[-1].symlink_to(tmp_path / "deep")
    with files.opened(str(tmp_path)) as descriptor:
        counted, disk_bytes = files.count(descriptor)
    assert (counted, disk_bytes) == (3, sum(path.lstat().st_blocks * 512 for path in paths))


def test_no_descriptor_is_left_open(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "deep" / "a.log")
    before = len(list(pathlib.Path("/proc/self/fd").iterdir()))
    with files.opened(str(tmp_path)) as descriptor:
        assert len(list(files.walk(descriptor))) == 2
    for path in ("nowhere/deep", "deep/a.log"):
        with pytest.raises(OSError), files.opened(str(tmp_path / path)):
            pass
    with files.opened(str(tmp_path)) as descriptor, pytest.raises(OSError), files.opened_below(descriptor, pathlib.PurePosixPath("no/where")):
        pass
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == before


def test_a_pipe_that_takes_a_folders_place_just_before_it_is_entered_is_never_opened(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "deep" / "a.log")
    real, seen, held = os.open, [], []

    def swapped(name: str, *how: int, **folder: int) -> int:
        if name == "deep" and not held:
            (tmp_path / "deep").rename(tmp_path / "away")
            os.mkfifo(tmp_path / "deep")
            # Held open by us, so that who opens it does not hang.
            held.append(real(tmp_path / "deep", os.O_RDWR))
        descriptor = real(name, *how, **folder)
        seen.append(os.fstat(descriptor).st_mode)
        return descriptor

    with files.opened(str(tmp_path)) as top, monkeypatch.context() as patch:
        patch.setattr(os, "open", swapped)
        walked = [str(folder) for folder, _, _ in files.walk(top)]
    os.close(*held)
    assert walked == ["."]
    assert not any(map(stat.S_ISFIFO, seen))


@pytest.mark.parametrize(("number", "told"), [(errno.ENOTCONN, False), (errno.EACCES, False), (errno.EIO, True), (errno.EMFILE, True)])
def test_a_mount_that_is_dead_is_not_entered_and_a_folder_that_cannot_be_read_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, number: int, told: bool
) -> None:
    write(tmp_path / "deep" / "a.log")
    real = os.open

    def failing(name: str, *how: int, **folder: int) -> int:
        if name == "deep":
            raise OSError(number, os.strerror(number))
        return real(name, *how, **folder)

    with files.opened(str(tmp_path)) as top, monkeypatch.context() as patch:
        patch.setattr(os, "open", failing)
        if told:
            with pytest.raises(OSError, match=os.strerror(number)):
                list(files.walk(top))
        else:
            assert [str(folder) for folder, _, _ in files.walk(top)] == ["."]


