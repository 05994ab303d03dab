"""The folder of reports: written whole or not at all, the oldest forgotten, nothing but own names touched, no symlink followed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import stat
from typing import TYPE_CHECKING

import msgspec

from homeostat.folders import opened, opened_below, opened_file, status_of
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Report
from homeostat.reports.page import page
from homeostat.reports.telling import tell
from homeostat.time_intervals import local_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = {"24h": "daily", "7d": "weekly"}
FORMATS = ("md", "html", "json")
_MOST_BYTES = 16 * 1024**2
_NAME = re.compile(r"(\d{4}-\d\d-\d\d-(?:daily|weekly))\.(md|html|json)")


def name_of(report: Report, kind: str) -> str:
    """Return what a report is called, as in `2026-11-26-daily`: by the day on which its period ends."""
    return f"{local_time(report.asked.until, report.asked.location):%Y-%m-%d}-{kind}"


def rendered(report: Report) -> dict[str, bytes]:
    """Return a report in each format."""
    document = tell(report)
    return {"md": markdown(document).encode(), "html": page(document).encode(), "json": msgspec.json.encode(report)}


def write(directory: str, name: str, contents: Mapping[str, bytes], room_bytes: int) -> None:
    """Write a report's files, each by another name first; the folder is made when it is missing.

    Raises:
        OSError: the folder is no folder or a symlink, a file cannot be written, or less than `room_bytes` would stay free.

    """
    with _folder(directory) as folder:
        free = os.fstatvfs(folder)
        if free.f_bavail * free.f_frsize < room_bytes + sum(map(len, contents.values())):
            raise OSError(28, "the disk is nearly full, and its last room is not for reports")
        for extension, content in contents.items():
            _write_whole(folder, f"{name}.{extension}", content)
        os.fsync(folder)


def forget_all_but(directory: str, kind: str, keep: int) -> None:
    """Delete the oldest reports of a kind beyond the newest `keep`, by their own names only. Raises OSError."""
    with _folder(directory) as folder:
        found = [name for name in _reports(folder) if name.partition(".")[0].endswith(f"-{kind}")]
        kept = sorted({name.partition(".")[0] for name in found}, reverse=True)[:keep]
        for name in found:
            if name.partition(".")[0] not in kept:
                os.unlink(name, dir_fd=folder)


def names(directory: str) -> list[str]:
    """Return the names of the reports that are there, the newest first. Raises OSError but where the folder is missing."""
    try:
        with opened(directory) as folder:
            found = {name.partition(".")[0] for name in _reports(folder) if name.endswith(".json")}
    except FileNotFoundError:
        return []
    return sorted(found, reverse=True)


def read(directory: str, name: str, extension: str) -> bytes:
    """Return a report's file.

    Raises:
        FileNotFoundError: there is none of that name, or it is no name of a report.
        OSError: it cannot be read.

    """
    if _NAME.fullmatch(f"{name}.{extension}") is None:
        raise FileNotFoundError(2, "no name of a report", name)
    with opened(directory) as folder, opened_file(f"{name}.{extension}", folder) as descriptor:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(2, "no file", name)
        return _whole(descriptor)


def load(directory: str, name: str) -> Report:
    """Return a report as it was written. Raises as `read`, and msgspec.DecodeError where another version wrote it in another shape."""
    return msgspec.json.decode(read(directory, name, "json"), type=Report)


def write_file(path: pathlib.Path, content: bytes) -> None:
    """Write one file of a person's choice whole or not at all. Raises OSError."""
    parent = path.resolve().parent
    descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _write_whole(descriptor, path.name, content)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _folder(directory: str) -> Iterator[int]:
    path = pathlib.PurePosixPath(directory)
    with opened(str(path.parent)) as parent, opened_below(parent, pathlib.PurePosixPath(path.name), make=True) as folder:
        yield folder


def _whole(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(_MOST_BYTES)


def _write_whole(folder: int, name: str, content: bytes) -> None:
    temporary = f".{name}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _reports(folder: int) -> Iterator[str]:
    """Yield the names of the files that are reports' by their names; what else lies there is none of ours."""
    for name in os.listdir(folder):
        status = status_of(name, folder) if _NAME.fullmatch(name) else None
        if status is not None and stat.S_ISREG(status.st_mode):
            yield name
