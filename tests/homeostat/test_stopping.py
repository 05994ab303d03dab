"""The kill switch's file: pulled on a full disk too, read without being led astray, lifted wherever it lies."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from homeostat import stopping
from homeostat.holds import stop_hold

if TYPE_CHECKING:
    import pathlib


def test_what_is_pulled_says_who_when_and_why_and_everybody_may_read_it(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "stop"
    assert stopping.pull(path, stopping.told_by("ada@console", 0.0, "enough"), tmp_path / "ballast")
    hold = stop_hold(stopping.written_in(path) or "")
    assert (hold.author, hold.reason) == ("ada@console", "enough (since 1970-01-01T00:00:00Z)")
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("full", [1, 2], ids=["until the ballast goes", "after that too"])
def test_on_a_full_disk_the_ballast_makes_room_and_the_stop_holds_at_least_without_its_words(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    path, ballast, left = tmp_path / "stop", tmp_path / "ballast", [full]
    ballast.touch()
    write = stopping._write

    def on_a_full_disk(path: pathlib.Path, text: str) -> None:
        path.touch()
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, text)

    monkeypatch.setattr(stopping, "_write", on_a_full_disk)
    assert stopping.pull(path, "by ada", ballast) == (full == 1)
    assert (path.exists(), ballast.exists()) == (True, False)


def test_a_long_stop_is_read_in_part(tmp_path: pathlib.Path) -> None:
    (tmp_path / "stop").write_text("x" * 100_000)
    assert stopping.written_in(tmp_path / "stop") == "x" * 4096


def test_each_stop_is_lifted_and_what_stays_is_told(tmp_path: pathlib.Path) -> None:
    places = stopping.places((str(tmp_path / "root"), str(tmp_path / "own"), str(tmp_path / "none")))
    for place in places[:2]:
        place.parent.mkdir()
    (places[0]).mkdir()
    places[1].touch()
    assert stopping.lift(places) == [f"{places[0]}: Is a directory"]
    assert not places[1].exists()


@pytest.mark.parametrize("planted", ["link", "link to nothing", "pipe", "folder"])
def test_what_was_planted_in_its_place_is_neither_followed_nor_waited_for_and_is_a_stop(tmp_path: pathlib.Path, planted: str) -> None:
    path, other = tmp_path / "stop", tmp_path / "other"
    other.write_text("of somebody else")
    if planted == "pipe":
        os.mkfifo(path)
    elif planted == "folder":
        path.mkdir()
    else:
        path.symlink_to(other if planted == "link" else tmp_path / "new")
    assert not stopping.pull(path, "by root", tmp_path / "ballast")
    assert (other.read_text(), (tmp_path / "new").exists()) == ("of somebody else", False)
    assert stopping.written_in(path) is not None


def test_a_stop_that_another_user_wrote_holds_though_its_words_stay(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: pathlib.Path, text: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(stopping, "_write", denied)
    with pytest.raises(PermissionError):
        stopping.pull(tmp_path / "stop", "by ada", tmp_path / "ballast")
    (tmp_path / "stop").write_text("by root")
    assert not stopping.pull(tmp_path / "stop", "by ada", tmp_path / "ballast")
