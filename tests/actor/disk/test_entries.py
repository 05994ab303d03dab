"""Copies of entries: what is copied whole, what is left out, and what is refused."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from actor.disk import entries, files

if TYPE_CHECKING:
    import pathlib


def copied(folder: pathlib.Path, name: str) -> pathlib.Path:
    with files.opened(str(folder)) as within:
        entries.copy_tree(within, name, within, "copy")
    return folder / "copy"


def test_of_a_folder_its_files_folders_and_links_are_copied_and_sockets_and_pipes_left_out(tmp_path: pathlib.Path) -> None:
    inner = tmp_path / "data" / "deep"
    inner.mkdir(parents=True)
    (inner / "file").write_text("content")
    (inner / "link").symlink_to("file")
    os.mkfifo(inner / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inner / "db.sock"))
    made = copied(tmp_path, "data")
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*")) == ["deep", "deep/file", "deep/link"]
    assert (made / "deep" / "link").read_text() == "content"


def test_a_pipe_by_itself_is_refused_and_nothing_stands_for_it(tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file, folder or symlink"):
        copied(tmp_path, "pipe")
    assert not (tmp_path / "copy").exists()


def test_what_takes_a_files_place_while_it_is_copied_is_not_read(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("content")
    real = os.lstat

    def swapped(name: str, *, dir_fd: int | None = None) -> os.stat_result:
        status = real(name, dir_fd=dir_fd)
        if name == "file":
            (tmp_path / "file").rename(tmp_path / "away")
            os.mkfifo(tmp_path / "file")
        return status

    with files.opened(str(tmp_path)) as within, monkeypatch.context() as patch:
        patch.setattr(os, "lstat", swapped)
        with pytest.raises(OSError, match="changed while it was copied"):
            entries.copy(within, "file", within, "copy")
