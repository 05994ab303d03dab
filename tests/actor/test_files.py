"""Files by descriptor: what is found, what is moved, and what is never entered."""

from __future__ import annotations

import os
import pathlib
import threading

import pytest

from actor import files
from tests.real import mounted

NOW = 1_700_000_000.0


def write(path: pathlib.Path, content: bytes = b"x" * 5000, age: float = 3600) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (NOW - age, NOW - age))
    return path


def found(directory: pathlib.Path, pattern: str = "*.log") -> list[str]:
    return [file.path for file in files.find(str(directory), pattern, NOW - 60)]


def test_old_files_that_fit_are_found_oldest_first(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "a.log", age=100)
    write(tmp_path / "deep" / "er" / "b.log", age=300)
    write(tmp_path / "young.log", age=10)
    write(tmp_path / "other.txt")
    assert found(tmp_path) == ["deep/er/b.log", "a.log"]


def test_what_is_found_says_its_bytes_on_disk_and_what_identifies_it(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "a.log")
    status = path.stat()
    (file,) = files.find(str(tmp_path), "*.log", NOW)
    assert (file.disk_bytes, file.inode, file.modified_ns) == (status.st_blocks * 512, status.st_ino, status.st_mtime_ns)


@pytest.mark.parametrize("name", ["a\nb.log", "-rf.log", "$(reboot).log", " .log", "ü\u202e.log", "a'\"\\.log"])
def test_names_are_taken_as_they_are(tmp_path: pathlib.Path, name: str) -> None:
    write(tmp_path / name)
    assert found(tmp_path) == [name]


def test_a_name_that_is_no_utf_8_is_left_alone(tmp_path: pathlib.Path) -> None:
    write(tmp_path / os.fsdecode(b"caf\xe9.log"))
    write(tmp_path / os.fsdecode(b"caf\xe9") / "a.log")
    write(tmp_path / "b.log")
    assert found(tmp_path) == ["b.log"]


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
            files.find(str(tmp_path / path), "*.log", NOW)


def test_special_files_and_folders_are_not_found(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "folder.log").mkdir()
    assert found(tmp_path) == []


def test_a_file_with_a_second_name_is_left_out_for_removing_one_frees_nothing(tmp_path: pathlib.Path) -> None:
    first = write(tmp_path / "a.log")
    (tmp_path / "b.log").hardlink_to(first)
    write(tmp_path / "c.log")
    assert found(tmp_path) == ["c.log"]


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


def test_a_file_that_a_process_holds_open_is_known_by_device_and_inode(tmp_path: pathlib.Path) -> None:
    held, free = write(tmp_path / "held.log"), write(tmp_path / "free.log")
    with held.open("rb"):
        known = files.open_inodes()
    status = held.stat()
    assert (status.st_dev, status.st_ino) in known
    assert (free.stat().st_dev, free.stat().st_ino) not in known


def move(source: pathlib.Path, destination: pathlib.Path, name: str = "a.log") -> bool:
    (file,) = [file for file in files.find(str(source), "*.log", NOW) if file.path == name]
    return moved(source, destination, file)


def moved(source: pathlib.Path, destination: pathlib.Path, file: files.FoundFile) -> bool:
    destination.mkdir(exist_ok=True)
    with files.opened(str(source)) as old, files.opened(str(destination)) as new:
        return files.move(old, new, file)


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
    (file,) = files.find(str(source), "*.log", NOW)
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
    (file,) = files.find(str(source), "*.log", NOW)
    (source / "deep").rename(tmp_path / "away")
    (source / "deep").symlink_to(tmp_path / "away")
    with pytest.raises(OSError):
        moved(source, tmp_path / "to", file)
    assert (tmp_path / "away" / "a.log").exists()


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
    found(tmp_path)
    for path in ("nowhere/deep", "deep/a.log"):
        with pytest.raises(OSError), files.opened(str(tmp_path / path)):
            pass
    with files.opened(str(tmp_path)) as descriptor, pytest.raises(OSError), files.opened_below(descriptor, pathlib.PurePosixPath("no/where")):
        pass
    assert len(list(pathlib.Path("/proc/self/fd").iterdir())) == before
