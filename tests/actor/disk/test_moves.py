"""Moves between folders: what goes, what stays, and what is never replaced."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from actor.disk import files, moves
from tests.actor.disk.test_files import write
from tests.real import mounted

if TYPE_CHECKING:
    import pathlib


def as_found(root: pathlib.Path, name: str = "a.log") -> files.FoundFile:
    status = (root / name).stat()
    return files.FoundFile(path=name, inode=status.st_ino, modified_ns=status.st_mtime_ns)


def move(source: pathlib.Path, destination: pathlib.Path, name: str = "a.log") -> bool:
    return moved(source, destination, as_found(source, name))


def moved(source: pathlib.Path, destination: pathlib.Path, file: files.FoundFile) -> bool:
    destination.mkdir(exist_ok=True)
    with files.opened(str(source)) as old, files.opened(str(destination)) as new:
        return moves.move(old, new, file)


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
        return moves.move_back(old, new)


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


def test_where_a_file_cannot_have_two_names_it_goes_back_too_and_never_over_another(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, place = tmp_path / "from", tmp_path / "to"
    for name in ("a.log", "b.log"):
        write(source / name, b"old")
        move(source, place, name)
    write(source / "a.log", b"new")

    def refused(*names: str, **folders: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    assert back(place, source) == (1, ["a.log"])
    assert {path.name: path.read_bytes() for path in source.iterdir()} == {"a.log": b"new", "b.log": b"old"}
    assert [path.name for path in place.iterdir()] == ["a.log"]


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
