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
from tests.real import mounted

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


def as_found(root: pathlib.Path, name: str = "a.log") -> files.FoundFile:
    status = (root / name).stat()
    return files.FoundFile(path=name, inode=status.st_ino, modified_ns=status.st_mtime_ns)


def move(source: pathlib.Path, destination: pathlib.Path, name: str = "a.log") -> bool:
    return moved(source, destination, as_found(source, name))


def moved(source: pathlib.Path, destination: pathlib.Path, file: files.FoundFile) -> bool:
    destination.mkdir(exist_ok=True)
    with files.opened(str(source)) as old, files.opened(str(destination)) as new:
        return files.move(old, new, file)


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


def test_a_file_is_moved_to_the_same_path_with_its_content_and_time(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "from" / "deep" / "a.log", b"content")
    before = path.stat()
    assert move(tmp_path / "from", tmp_path / "to", "deep/a.log")
    after = tmp_path / "to" / "deep" / "a.log"
    assert (after.read_bytes(), after.stat().st_mtime_ns, after.stat().st_ino) == (b"content", before.st_mtime_ns, before.st_ino)
    assert not path.exists()


def test_a_file_that_changed_since_it_was_found_is_left(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "from"
    write(source / "a.log")
    file = as_found(source)
    write(source / "a.log", b"written since", age=1)
    assert not moved(source, tmp_path / "to", file)
    (source / "a.log").unlink()
    assert not moved(source, tmp_path / "to", file)
    (source / "a.log").symlink_to("/etc/passwd")
    assert not moved(source, tmp_path / "to", file)
    assert list((tmp_path / "to").iterdir()) == []


def test_a_folder_swapped_for_a_symlink_is_not_followed_when_moving(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "from"
    write(source / "deep" / "a.log")
    file = as_found(source, "deep/a.log")
    (source / "deep").rename(tmp_path / "away")
    (source / "deep").symlink_to(tmp_path / "away")
    assert not moved(source, tmp_path / "to", file)
    assert (tmp_path / "away" / "a.log").exists()


def test_a_file_that_takes_the_others_place_just_before_the_rename_goes_back_to_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "from"
    write(source / "a.log")
    file, real = as_found(source), os.rename

    def swapped(*names: str, **folders: int) -> None:
        (source / "a.log").unlink()
        write(source / "a.log", b"precious", age=10)
        real(*names, **folders)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", swapped)
        assert not moved(source, tmp_path / "to", file)
    assert (source / "a.log").read_bytes() == b"precious"
    assert list((tmp_path / "to").iterdir()) == []


@pytest.mark.integration
def test_a_mount_that_came_over_a_folder_leaves_what_lies_in_it(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "from"
    write(source / "deep" / "a.log")
    write(tmp_path / "away" / "a.log")
    file = as_found(source, "deep/a.log")
    with mounted(source / "deep", "--bind", str(tmp_path / "away")):
        assert not moved(source, tmp_path / "to", file)
        assert (source / "deep" / "a.log").exists()


def test_a_full_file_system_is_told_and_not_taken_for_a_file_in_the_way(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "from" / "a.log")

    def full(*names: str, **folders: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        move(tmp_path / "from", tmp_path / "to")


def back(source: pathlib.Path, destination: pathlib.Path) -> tuple[int, list[str]]:
    with files.opened(str(source)) as old, files.opened(str(destination)) as new:
        return files.move_back(old, new)


def test_everything_goes_back_and_a_second_time_there_is_nothing_to_do(tmp_path: pathlib.Path) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    write(source / "deep" / "a\nb.log", b"content")
    move(source, place, "deep/a\nb.log")
    assert back(place, source) == (1, [])
    assert back(place, source) == (0, [])
    assert (source / "deep" / "a\nb.log").read_bytes() == b"content"


def test_a_place_that_was_taken_since_is_never_overwritten(tmp_path: pathlib.Path) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    write(source / "a.log", b"old")
    move(source, place)
    write(source / "a.log", b"new")
    assert back(place, source) == (0, ["a.log"])
    assert ((source / "a.log").read_bytes(), (place / "a.log").read_bytes()) == (b"new", b"old")


def test_a_way_back_that_was_killed_between_link_and_unlink_is_finished(tmp_path: pathlib.Path) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    write(source / "a.log", b"content")
    move(source, place)
    (source / "a.log").hardlink_to(place / "a.log")
    assert back(place, source) == (1, [])
    assert not (place / "a.log").exists()


def test_a_folder_that_went_away_is_made_again_on_the_way_back(tmp_path: pathlib.Path) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    write(source / "deep" / "a.log")
    move(source, place, "deep/a.log")
    (source / "deep").rmdir()
    assert back(place, source) == (1, [])
    assert (source / "deep" / "a.log").exists()


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


@pytest.mark.parametrize("way", ["link", "file"])
def test_what_came_into_the_way_keeps_its_files_alone_from_going_back(tmp_path: pathlib.Path, way: str) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    write(source / "deep" / "er" / "a.log")
    write(source / "b.log")
    move(source, place, "deep/er/a.log")
    move(source, place, "b.log")
    (source / "deep" / "er").rmdir()
    (source / "deep").rmdir()
    if way == "link":
        (source / "deep").symlink_to(tmp_path)
    else:
        write(source / "deep")
    assert back(place, source) == (1, ["deep/er/a.log"])
    assert ((source / "b.log").exists(), (place / "deep" / "er" / "a.log").exists(), (tmp_path / "er").exists()) == (True, True, False)
