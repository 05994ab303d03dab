"""The folder of reports: whole files, own names only, no symlinks, never the disk's last room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from homeostat.reports import folder
from tests.homeostat.reports import sample

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

CONTENTS = {"md": b"# a", "html": b"<p>", "json": b"{}"}


def written(place: pathlib.Path) -> list[str]:
    return sorted(os.listdir(place))  # noqa: PTH208 - hidden ones too


def test_a_report_is_written_whole_and_read_back(tmp_path: pathlib.Path) -> None:
    report = sample.report()
    place, name = str(tmp_path / "reports"), folder.name_of(report, "weekly")
    assert name == "2026-11-23-weekly"
    folder.write(place, name, folder.rendered(report), 0)
    assert written(tmp_path / "reports") == [f"{name}.html", f"{name}.json", f"{name}.md"]
    assert folder.load(place, name) == report
    assert folder.names(place) == [name]
    folder.write(place, name, CONTENTS, 0)
    assert folder.read(place, name, "md") == b"# a"
    with pytest.raises(msgspec.DecodeError):
        folder.load(place, name)


def test_only_own_names_are_forgotten_and_the_newest_stay(tmp_path: pathlib.Path) -> None:
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        folder.write(str(tmp_path), f"{day}-daily", CONTENTS, 0)
    folder.write(str(tmp_path), "2020-01-01-weekly", CONTENTS, 0)
    others = ("2026-01-01-daily.txt", "2026-01-01-daily.md.bak", "my-2026-01-01-daily.md", "notes.md")
    for name in others:
        (tmp_path / name).write_text("mine")
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "2026-01-01-daily.md").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "2026-01-02-daily.md").mkdir()
    folder.forget_all_but(str(tmp_path), "daily", 2)
    assert folder.names(str(tmp_path)) == ["2026-11-22-daily", "2026-11-21-daily", "2020-01-01-weekly"]
    assert {"2026-01-01-daily.md", "2026-01-02-daily.md", "elsewhere", *others} <= set(written(tmp_path))


def test_a_symlink_is_neither_read_nor_written_through(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    place = tmp_path / "reports"
    place.mkdir()
    (place / "2026-11-20-daily.md").symlink_to(secret)
    (place / ".2026-11-20-daily.md.new").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic"):
        folder.read(str(place), "2026-11-20-daily", "md")
    folder.write(str(place), "2026-11-20-daily", CONTENTS, 0)
    assert (secret.read_text(), folder.read(str(place), "2026-11-20-daily", "md")) == ("secret", b"# a")
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        folder.write(str(tmp_path / "link"), "2026-11-21-daily", CONTENTS, 0)


@pytest.mark.parametrize("name", ["../secret", "2026-11-20-daily/../x", "2026-11-20-hourly", "", "2026-11-20-daily\n", ".2026-11-20-daily"])
def test_what_is_no_name_of_a_report_is_none(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        folder.read(str(tmp_path), name, "md")


def test_the_last_room_of_a_disk_is_left_and_nothing_half_written_stays(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="nearly full"):
        folder.write(str(tmp_path), "2026-11-20-daily", CONTENTS, 1 << 62)
    assert written(tmp_path) == []
    folder.write(str(tmp_path), "2026-11-20-daily", {"md": b"before"}, 0)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            folder.write(str(tmp_path), "2026-11-20-daily", CONTENTS, 0)
    assert written(tmp_path) == ["2026-11-20-daily.md"]
    assert folder.read(str(tmp_path), "2026-11-20-daily", "md") == b"before"


def test_a_folder_that_is_not_there_holds_none(tmp_path: pathlib.Path) -> None:
    assert folder.names(str(tmp_path / "none")) == []


@pytest.mark.parametrize("make", [lambda path: path.write_text("before"), lambda path: None])
def test_a_persons_own_file_is_written_whole(tmp_path: pathlib.Path, make: Callable[[pathlib.Path], object]) -> None:
    path = tmp_path / "my.md"
    make(path)
    folder.write_file(path, b"after")
    assert (path.read_bytes(), written(tmp_path)) == (b"after", ["my.md"])
