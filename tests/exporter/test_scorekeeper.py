"""The scorekeeper on a real disk: a month, restarts, a second exporter, rubbish, no room and no directory."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from exporter.scorekeeper import Report, Scorekeeper
from forecasting import Bounds
from tests.exporter.lives import DAY, HOUR, NEVER, START, Life, turn
from tests.real import btrfs, tmpfs
from tests.support import JumpingClock

if TYPE_CHECKING:
    import pathlib

HORIZONS = (DAY, 7 * DAY)
MONTH_HOURS = 24 * 30
FULL_AT = START + 10 * DAY


def filling(at: float) -> float:
    """Fill up at an even pace until the limit is reached on the tenth day, and stay full."""
    return min(100.0, 100.0 * (1 + (at - FULL_AT) / (20 * DAY)))


class Month:
    """An exporter on a clock that jumps: one disk that fills in ten days and is foretold, one that never does."""

    def __init__(self, directory: pathlib.Path, start: float = START) -> None:
        self.directory = directory
        self.clock = JumpingClock(start)
        self.keeper = self._started()
        self.failures = 0
        self.idle = 1

    def _started(self) -> Scorekeeper:
        keeper = Scorekeeper(self.directory)
        keeper.open(self.clock.now())
        return keeper

    def restart(self) -> None:
        self.keeper.close()
        self.keeper = self._started()

    def lives(self) -> list[Life]:
        left = FULL_AT - self.clock.now()
        full = Life(filling, probability=0.8, bounds=Bounds(0.9 * left, 1.25 * left, 2 * left), target="/full")
        return [full, *(Life(probability=0.1, bounds=NEVER, target=f"/{number}") for number in range(self.idle))]

    def hours(self, count: int, mark: float = -math.inf) -> Report:
        for _ in range(count):
            self.failures += self.keeper.follow(turn(self.clock.now(), *self.lives(), horizons=HORIZONS, mark=mark, window=DAY))
            self.clock.advance(HOUR)
        return self.keeper.report


def by_hand(horizon: float, spacing: float, until: float) -> tuple[int, float, float, float]:
    """Return number, Brier score, mean forecast and crossed share, all forecasts counting alike."""
    full = [at for at in steps(spacing, FULL_AT) if at + horizon < until]
    idle = [at for at in steps(spacing, math.inf, until) if at + horizon < until]
    crossed = [at + horizon >= FULL_AT for at in full]
    squared = [(0.8 - came) ** 2 for came in crossed] + [0.01 for _ in idle]
    expected = [0.8 for _ in full] + [0.1 for _ in idle]
    number = len(full) + len(idle)
    return number, sum(squared) / number, sum(expected) / number, sum(crossed) / number


def steps(spacing: float, before: float, until: float = math.inf) -> list[float]:
    times, at = [], START
    while at < min(before, until):
        times.append(at)
        at += spacing
    return times


@pytest.mark.parametrize("restarts", [(), (100, 101, 300)])
def test_after_a_month_the_scores_are_what_a_computation_by_hand_gives_with_and_without_restarts(
    tmp_path: pathlib.Path, restarts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without fading, so that every forecast counts alike.
    monkeypatch.setattr("exporter.tally.HALF_LIFE_SECONDS", math.inf)
    month, passed = Month(tmp_path), 0
    for hour in (*restarts, MONTH_HOURS):
        month.hours(hour - passed)
        month.restart()
        passed = hour
    until = START + (MONTH_HOURS - 1) * HOUR
    for horizon, spacing in ((DAY, HOUR), (7 * DAY, 7 * HOUR)):
        number, brier, expected, crossed = by_hand(horizon, spacing, until)
        found = month.keeper.report.scores[horizon]
        assert found.scored == number
        assert found.brier == pytest.approx(brier, abs=1e-6)
        assert found.expected == pytest.approx(expected, abs=1e-6)
        assert found.crossed == pytest.approx(crossed)
        assert found.time_error == pytest.approx(0.25, rel=0.06)
        # Of the filling disk's forecasts, those that crossed were covered, and those that did not reached beyond the horizon.
        assert found.coverage == 1.0
        # Nothing of the disk that is full is kept, so only the other one's forecasts wait.
        assert 24 <= month.keeper.report.pending[horizon].count <= 25
    assert month.failures == 0
    assert month.keeper.report.voids == {"acted": 0, "moved": 0, "unobserved": 0}


def test_an_action_voids_the_forecasts_before_it_and_no_others(tmp_path: pathlib.Path) -> None:
    month = Month(tmp_path)
    month.hours(10)
    report = month.hours(50, mark=START + 9.5 * HOUR)
    assert report.voids["acted"] == 10
    assert report.scores[DAY].scored == 35 + 25


def test_a_day_without_the_exporter_is_made_up_for_from_the_window(tmp_path: pathlib.Path) -> None:
    month = Month(tmp_path)
    month.hours(24)
    month.restart()
    month.clock.advance(20 * HOUR)
    report = month.hours(30)
    # Of the first day all, and of the last thirty hours those whose day is over.
    assert report.scores[DAY].scored == 2 * (24 + 5)
    assert report.voids["unobserved"] == 0


@pytest.mark.parametrize("away", [-5 * HOUR, -START, 10 * 365 * DAY])
def test_a_clock_that_is_wrong_for_less_than_an_hour_costs_nothing(tmp_path: pathlib.Path, away: float) -> None:
    month = Month(tmp_path)
    before = month.hours(30)
    month.clock.jump(away)
    for _ in range(3):
        month.hours(1)
        month.clock.advance(-HOUR + 600)
    month.clock.jump(-away)
    assert month.keeper.report == before
    report = month.hours(30)
    assert report.voids == {"acted": 0, "moved": 0, "unobserved": 0}
    assert report.scores[DAY].scored > 2 * 30


def test_a_clock_that_stays_set_back_is_believed_after_an_hour_and_deletes_no_forecast(tmp_path: pathlib.Path) -> None:
    month = Month(tmp_path)
    month.hours(10)
    month.clock.jump(-START)
    kept = month.hours(1).pending[DAY].count
    report = month.hours(10)
    assert report.pending[DAY].count > kept == 2 * 10
    assert month.hours(30).scores[DAY].scored > 0
    # By then it is the clock before that was wrong.
    month.hours(24 * 9)
    assert month.keeper.report.pending[DAY].count <= 2 * 25


def test_a_clock_that_stays_far_ahead_leaves_most_of_what_was_learned(tmp_path: pathlib.Path) -> None:
    month = Month(tmp_path)
    before = month.hours(24 * 8).recalibrations["disk_exhaustion"].evidence
    month.clock.jump(10 * 365 * DAY)
    month.hours(2)
    month.clock.jump(-10 * 365 * DAY)
    assert month.hours(2).recalibrations["disk_exhaustion"].evidence > 0.9 * before


def test_between_the_hours_nothing_is_written(tmp_path: pathlib.Path) -> None:
    month = Month(tmp_path)
    month.hours(1)
    month.clock.advance(60 - HOUR)
    before = (tmp_path / "forecasts.db").stat().st_mtime_ns
    month.hours(1)
    assert (tmp_path / "forecasts.db").stat().st_mtime_ns == before


def test_a_second_exporter_is_refused_goes_on_and_takes_over_once_the_first_has_ended(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = Month(tmp_path)
    first.hours(3)
    second = Month(tmp_path, START + 3 * HOUR)
    assert [record.message for record in caplog.records] == [
        f"forecasts are not scored for now: {tmp_path}/forecasts.db: database is locked: another exporter has it open"
    ]
    assert second.hours(1).pending == {}
    assert second.failures == 1
    first.keeper.close()
    assert second.hours(1).pending[DAY].count == 2 * 4
    assert second.failures == 1


@pytest.mark.parametrize("rubbish", [b"no database at all" * 999, None])
def test_a_file_that_nobody_can_read_is_set_aside_with_one_line_and_scoring_begins_anew(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture, rubbish: bytes | None
) -> None:
    month = Month(tmp_path)
    month.hours(3)
    month.keeper.close()
    file = tmp_path / "forecasts.db"
    content = file.read_bytes()
    # All but the header is garbage, or all of it.
    file.write_bytes(rubbish or content[:4096] + os.urandom(len(content) - 4096))
    month.restart()
    month.hours(2)
    assert month.failures == 1
    [line] = [record.message for record in caplog.records]
    assert "moved to forecasts.db.unreadable, scoring begins anew" in line
    assert (tmp_path / "forecasts.db.unreadable").exists()
    assert month.keeper.report.pending[DAY].count > 0


def test_a_book_of_another_layout_is_set_aside(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    month = Month(tmp_path)
    month.hours(2)
    month.keeper.close()
    file = tmp_path / "forecasts.db"
    with sqlite3.connect(file) as db:
        db.execute("UPDATE book SET content = ?", (b"\x93\x02\x03\x04",))
    month.restart()
    assert (tmp_path / "forecasts.db.unreadable").exists()


def test_without_a_directory_to_write_to_forecasts_go_unscored_with_a_line_an_hour(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    month = Month(tmp_path / "file" / "state")
    for _ in range(4):
        month.hours(1)
        month.clock.advance(-HOUR + 900)
    assert month.failures == 1
    month.hours(3)
    assert month.failures == 4
    assert len(caplog.records) == 4
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert month.keeper.report == Report()
    (tmp_path / "file").unlink()
    assert month.hours(1).pending[DAY].count == 2


@pytest.mark.integration
@pytest.mark.parametrize("kind", ["tmpfs", "btrfs"])
def test_a_full_disk_costs_an_hour_s_scores_and_the_next_hour_goes_on(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    with tmpfs(tmp_path / "small", 512) if kind == "tmpfs" else btrfs() as small:
        month = Month(small)
        month.hours(5)
        before = month.keeper.report
        filled = subprocess.run(["dd", "if=/dev/zero", f"of={small / 'ballast'}"], capture_output=True, check=False)
        assert b"No space left" in filled.stderr
        # The file has some room inside; for so many series it must grow.
        month.idle = 100
        assert month.hours(1) == before
        assert "full" in caplog.records[0].message
        (small / "ballast").unlink()
        report = month.hours(30)
        assert month.failures == len(caplog.records) == 1
        assert report.scores[DAY].scored > 0
        month.keeper.close()


def test_forecasts_of_a_horizon_that_is_shorter_than_an_hour_are_kept_hourly_and_scored_in_time(tmp_path: pathlib.Path) -> None:
    keeper = Scorekeeper(tmp_path)
    keeper.open(START)
    for minute in range(70):
        keeper.follow(turn(START + 60 * minute, Life(), horizons=(600.0,), window=HOUR))
        if minute < 10:
            assert keeper.report.scores[600.0].scored == 0
    assert keeper.report.scores[600.0].scored == 1
    assert keeper.report.pending[600.0].count == 1

