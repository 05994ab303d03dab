"""Reads on in systemd's journal from where the last look ended: so many lines and bytes at most, within a deadline."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from exporter.observation import NotSeen
from homeostat import shell

if TYPE_CHECKING:
    from collections.abc import Iterable

JOURNALCTL = "/usr/bin/journalctl"
# Of a field that is longer than 4096 bytes journalctl prints no more than that it is there, unless it is told to.
_FIELDS = ("MESSAGE", "_SYSTEMD_UNIT", "UNIT", "_SYSTEMD_USER_UNIT", "USER_UNIT", "CONTAINER_NAME", "SYSLOG_IDENTIFIER", "_TRANSPORT")
_DEADLINE_SECONDS = 15
_MOST_BYTES = 8 * 1024**2
_MOST_WORDS = 200
_BLIND = ("No journal files were", "not seeing messages from other users")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal, as far as it matters here; what is not known is empty."""

    at: float
    message: str
    unit: str = ""
    user_unit: str = ""
    container: str = ""
    identifier: str = ""
    kernel: bool = False


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What one look read: lines in order, where it ended, how many lines could not be read, and whether there is `more` already."""

    lines: tuple[Line, ...] = ()
    cursor: str | None = None
    unread: int = 0
    more: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where to read on: behind a cursor, or from a Unix time where there is none, or none any more."""

    cursor: str | None
    since: float


def read_on(place: Place, most_lines: int) -> Page:
    """Read what the journal got since; a cursor whose line is gone is read on from nearby.

    Raises:
        NotSeen: there is no journal, this process may not read it, or it does not answer.

    """
    if place.cursor is not None:
        told = _ask(f"--after-cursor={place.cursor}", most_lines)
        if told.ok or _lines_of(told):
            return _page(told, most_lines)
    told = _ask(f"--since=@{int(place.since)}", most_lines)
    if not told.ok and not _lines_of(told):
        raise NotSeen(f"the journal cannot be read: {_in_a_line(told)}")
    if not _lines_of(told) and not _lines_of(_ask("--reverse", 1)):
        # Where there is none, journalctl is as silent as where it is quiet.
        raise NotSeen("the journal has no line that this process may read: is there one, and is this process in the group systemd-journal?")
    return _page(told, most_lines)


def _ask(where: str, most_lines: int) -> shell.Completed:
    argv = (JOURNALCTL, "--no-pager", "--output=json", f"--output-fields={','.join(_FIELDS)}", f"--lines={most_lines}", where)
    told = shell.run(argv, _DEADLINE_SECONDS, most_output_bytes=_MOST_BYTES)
    blind = next((words for words in _BLIND if words in told.output[:_MOST_WORDS]), None)
    if blind is not None:
        raise NotSeen(f"{_in_a_line(told)}; is this process in the group systemd-journal?")
    return told


def _in_a_line(told: shell.Completed) -> str:
    return " ".join((told.cut or told.output).split())[:_MOST_WORDS] or f"journalctl ended with exit code {told.status}"


def _lines_of(told: shell.Completed) -> list[str]:
    """Return what was printed as JSON; the last line may have been cut off."""
    return [line for line in told.output.splitlines() if line.startswith("{")]


def _page(told: shell.Completed, most_lines: int) -> Page:
    printed = _lines_of(told)
    read = [_read(line) for line in printed]
    ends = [cursor for cursor, _ in read if cursor is not None]
    lines = tuple(line for _, line in read if line is not None)
    # Cut off in the middle, the last line is read again the next time, from its beginning.
    cut_off = int(bool(read) and read[-1][0] is None)
    more = len(printed) >= most_lines or bool(cut_off) or told.cut is not None
    return Page(lines=lines, cursor=ends[-1] if ends else None, unread=len(printed) - len(lines) - cut_off, more=more)


def _read(printed: str) -> tuple[str | None, Line | None]:
    """Return the cursor of a line and the line; None for what cannot be read."""
    try:
        fields: dict[str, Any] = msgspec.json.decode(printed)
        cursor, at = str(fields["__CURSOR"]), int(fields["__REALTIME_TIMESTAMP"]) / 1e6
    except (msgspec.DecodeError, KeyError, ValueError, TypeError):
        return None, None
    message = _text(fields.get("MESSAGE"))
    if message is None:
        return cursor, None
    # systemd's own words on a unit name it elsewhere than what the unit itself says.
    return cursor, Line(
        at=at,
        message=message,
        unit=_text(fields.get("UNIT")) or _text(fields.get("_SYSTEMD_UNIT")) or "",
        user_unit=_text(fields.get("USER_UNIT")) or _text(fields.get("_SYSTEMD_USER_UNIT")) or "",
        container=_text(fields.get("CONTAINER_NAME")) or "",
        identifier=_text(fields.get("SYSLOG_IDENTIFIER")) or "",
        kernel=fields.get("_TRANSPORT") == "kernel",
    )


def _text(value: Any) -> str | None:
    """Read a field: a text, bytes that are none, several values of which the first counts; None where it is too long or absent."""
    if not isinstance(value, list):
        return value if isinstance(value, str) else None
    if _are_bytes(value):
        return bytes(value).decode("utf-8", "replace")
    return _text(value[0]) if value else ""


def _are_bytes(values: Iterable[Any]) -> bool:
    return all(isinstance(value, int) and 0 <= value < 256 for value in values)
