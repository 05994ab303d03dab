"""Which files a rule names, what each would free, what stays and why, and what is never entered."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from actor.disk import files, rule
from actor.disk.rule import Question, Survey, survey
from homeostat.config import Duration
from homeostat.config.catalogue import CleanupRule
from tests.real import mounted

if TYPE_CHECKING:
    import pathlib

NOW = 1_700_000_000.0


def write(path: pathlib.Path, content: bytes = b"x" * 5000, age: float = 3600) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (NOW - age, NOW - age))
    return path


def surveyed(directory: pathlib.Path, pattern: str = "*.log", **more: object) -> Survey:
    rule = CleanupRule(directory=str(directory), pattern=pattern, older_than=Duration(60))
    return survey("r", Question(rule, NOW, **{"held": set()} | more))


def found(directory: pathlib.Path, pattern: str = "*.log", **more: object) -> list[str]:
    return [candidate.file.path for candidate in surveyed(directory, pattern, **more).candidates]


def test_old_files_that_fit_are_found_oldest_first(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "a.log", age=100)
    write(tmp_path / "deep" / "er" / "b.log", age=300)
    write(tmp_path / "young.log", age=10)
    write(tmp_path / "other.txt")
    assert found(tmp_path) == ["deep/er/b.log", "a.log"]


def test_what_is_found_says_its_bytes_on_disk_and_what_identifies_it(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "a.log")
    status = path.stat()
    (candidate,) = surveyed(tmp_path).candidates
    assert (candidate.file.inode, candidate.file.modified_ns) == (status.st_ino, status.st_mtime_ns)
    assert candidate.occupied.own_bytes == status.st_blocks * 512


@pytest.mark.parametrize("name", ["a\nb.log", "-rf.log", "$(reboot).log", " .log", "ü\u202e.log", "a'\"\\.log"])
def test_names_are_taken_as_they_are(tmp_path: pathlib.Path, name: str) -> None:
    write(tmp_path / name)
    assert found(tmp_path) == [name]


def test_a_name_that_is_no_utf_8_is_left_alone(tmp_path: pathlib.Path) -> None:
    write(tmp_path / os.fsdecode(b"caf\xe9.log"))
    write(tmp_path / os.fsdecode(b"caf\xe9") / "a.log")
    write(tmp_path / "b.log")
    assert found(tmp_path) == ["b.log"]
    assert surveyed(tmp_path).left == {"of a name that is no UTF-8": 2}


def test_symlinks_are_neither_found_nor_followed(tmp_path: pathlib.Path) -> None:
    outside = write(tmp_path / "outside" / "precious.log")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file.log").symlink_to(outside)
    (inside / "folder.log").symlink_to(outside.parent)
    (inside / "gone.log").symlink_to("/nowhere")
    assert found(inside) == []


def test_a_folder_that_is_reached_through_a_symlink_is_refused(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "real" / "deep" / "a.log")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for path in ("link", "link/deep"):
        with pytest.raises(OSError):
            surveyed(tmp_path / path)


def test_special_files_and_folders_are_not_found(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "folder.log").mkdir()
    assert found(tmp_path) == []


def test_a_file_with_a_second_name_is_left_out_for_removing_one_frees_nothing(tmp_path: pathlib.Path) -> None:
    first = write(tmp_path / "a.log")
    (tmp_path / "b.log").hardlink_to(first)
    write(tmp_path / "c.log")
    assert found(tmp_path) == ["c.log"]
    assert surveyed(tmp_path).left == {"known by a second name": 2}


@pytest.mark.integration
def test_another_file_system_below_is_not_entered(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "a.log")
    with mounted(tmp_path / "other", "-t", "tmpfs", "tmpfs") as other:
        write(other / "b.log")
        assert found(tmp_path) == ["a.log"]
        with files.opened(str(tmp_path)) as descriptor:
            assert files.count(descriptor)[0] == 1


@pytest.mark.integration
def test_the_same_file_system_mounted_below_itself_is_not_entered(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "here" / "a.log")
    write(tmp_path / "elsewhere" / "b.log")
    with mounted(tmp_path / "here" / "bound", "--bind", str(tmp_path / "elsewhere")):
        assert found(tmp_path / "here") == ["a.log"]


def test_files_that_come_and_go_meanwhile_do_no_harm(tmp_path: pathlib.Path) -> None:
    stays = write(tmp_path / "stays.log")
    over = threading.Event()

    def rotate() -> None:
        while not over.is_set():
            path = write(tmp_path / "deep" / "goes.log")
            path.unlink()
            path.parent.rmdir()

    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        for _ in range(500):
            assert stays.name in found(tmp_path)
    finally:
        over.set()
        rotating.join()



def test_what_is_in_use_stays_and_is_counted(tmp_path: pathlib.Path) -> None:
    status = write(tmp_path / "a.log").stat()
    held = {(status.st_dev, status.st_ino)}
    assert surveyed(tmp_path, held=held).candidates == []
    assert surveyed(tmp_path, held=held).left == {"in use": 1}


def test_what_lies_apart_is_not_the_rules_business(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "ours" / "a.log"), write(tmp_path / "b.log")
    assert found(tmp_path, apart=(str(tmp_path / "ours"),)) == ["b.log"]


def test_a_name_of_255_bytes_is_taken_and_folders_deeper_than_a_hundred_are_not_entered(tmp_path: pathlib.Path) -> None:
    write(tmp_path / f"{'x' * 251}.log")
    deepest, descriptor = tmp_path, os.open(tmp_path, os.O_RDONLY)
    # By descriptor, for the path is longer than any call takes.
    for level in range(1, 1200):
        os.mkdir("d" * 20, dir_fd=descriptor)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
        if level in {50, 150}:
            file = os.open("a.log", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor)
            os.write(file, b"x")
            os.utime(file, (0, 0))
            os.close(file)
    os.close(descriptor)
    assert [path.count("/") for path in found(deepest)] == [50, 0]
    subprocess.run(["rm", "-r", tmp_path / ("d" * 20)], check=True)


def test_of_very_many_files_only_the_oldest_are_remembered(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "MOST_FILES", 3)
    for number in range(40):
        write(tmp_path / f"{number}.log", age=3600 + number)
    assert found(tmp_path) == ["39.log", "38.log", "37.log"]
