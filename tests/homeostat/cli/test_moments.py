"""Moments as people write them."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING

import pytest

from homeostat.cli.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC).timestamp()


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hours"),
    [("now", 0), ("13:00", 1), ("12:00", 24), ("9:30", 21.5), ("2026-01-31T14:00", 2), ("2026-01-31 14:00", 2), ("2026-01-31T14:00:00Z", 2), ("2026-01-31T14:00+02:00", 0)],
)
def test_a_moment_is_read(text: str, hours: float) -> None:
    assert moment(text, NOON) == NOON + hours * 3600


@pytest.mark.parametrize("text", ["", "soon", "24:00", "12:60", "1h", "2026-13-01T00:00", "\0", "$(date)"])
def test_what_is_no_moment_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write now, 22:30, or a date with time"):
        moment(text, NOON)
