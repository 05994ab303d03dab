"""Which snapshots stay: a simulated year against an oracle of its own, and what holds for every series there could be."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.backups.coverage import cover, ratio
from homeostat.backups.rotation import judge
from homeostat.backups.snapshots import Snapshot
from tests.homeostat.backups.facts import BERLIN, DAY, HOUR, backup, berlin, taken

if TYPE_CHECKING:
    from homeostat.config.backups import Backup

HOURLY = backup(max_age="2h")


def rotated(rule: Backup, snapshots: list[Snapshot], now: float, needed: dict[int, str] | None = None) -> list[Snapshot]:
    return [judged.snapshot for judged in judge(rule, snapshots, now, needed or {}) if judged.stays]


def reasons(rule: Backup, snapshots: list[Snapshot], now: float, needed: dict[int, str] | None = None) -> list[tuple[bool, str]]:
    return [(judged.stays, judged.why) for judged in judge(rule, snapshots, now, needed or {})]


def right_set(times: list[float], now: float) -> set[float]:
    """Say what is to stay by the words of the rule alone, of everything that was ever taken."""
    firsts: dict[str, float] = {}
    for at in sorted(times):
        local = datetime.datetime.fromtimestamp(at, BERLIN)
        for name in ("%Y-%j", "%G week %V", "%Y month %m"):
            firsts.setdefault(local.strftime(name), at)
    until = {"week": 182 * DAY, "month": float("inf")}
    stays = {at for name, at in firsts.items() if now - at < until.get(name.split()[1] if " " in name else "", 30 * DAY)}
    return stays | {at for at in times if now - at < 7 * DAY} | set(sorted(times)[-3:])


@pytest.mark.parametrize("end", [(2026, 11, 10), (2026, 4, 10)], ids=["a day of 25 hours", "a day of 23 hours"])
def test_a_year_hour_by_hour_ends_with_exactly_the_right_set(end: tuple[int, int, int]) -> None:
    last = int(berlin(*end))
    times, left = list(range(last - 365 * DAY, last + 1, HOUR)), list[Snapshot]()
    for number, at in enumerate(times):
        left.append(taken(number, at))
        # The rotation comes when the disk is short: at no fixed hour, sometimes twice in a row.
        if number % 37 in {0, 11, 12} or at == last:
            left = rotated(HOURLY, left, at)
    assert {snapshot.at for snapshot in left} == right_set([float(at) for at in times], last)
    days = {datetime.datetime.fromtimestamp(at, BERLIN).date() for at in (snapshot.at for snapshot in left)}
    assert all(datetime.date(*end) - datetime.timedelta(days=age) in days for age in range(30))
    assert 7 * 24 + 22 + 20 <= len(left) <= 7 * 24 + 23 + 22 + 12


def test_the_first_of_a_day_of_25_hours_is_one_although_its_clocks_show_two_oclock_twice() -> None:
    now = berlin(2026, 11, 10, 12)
    series = [taken(number, now - number * HOUR) for number in range(30 * 24)]
    stay = [snapshot.at for snapshot in rotated(HOURLY, series, now) if snapshot.at < now - 7 * DAY]
    assert [at for at in stay if berlin(2026, 10, 25) <= at < berlin(2026, 10, 26)] == [berlin(2026, 10, 25)]
    assert berlin(2026, 10, 26) - berlin(2026, 10, 25) == 25 * HOUR


def series(draw: st.DrawFn) -> list[Snapshot]:
    gaps = draw(st.lists(st.one_of(st.integers(1, 3 * HOUR), st.integers(HOUR, 40 * DAY)), max_size=60))
    at, found = float(berlin(2026, 11, 10)), list[Snapshot]()
    for number, gap in enumerate(gaps):
        at -= gap
        found.append(taken(1000 - number, at, complete=draw(st.integers(0, 9)) > 0, nested=draw(st.integers(0, 19)) == 0))
    return found


SERIES = st.composite(series)()
MOMENTS = st.integers(-400 * DAY, 400 * DAY).map(lambda seconds: berlin(2026, 11, 10) + seconds)
RULES = st.builds(
    lambda count, dailies, more, monthlies: backup(
        least_count=count, keep={"all": "3d", "dailies": f"{dailies}d", "weeklies": f"{dailies + more}d", "monthlies": f"{dailies + more + monthlies}d" if monthlies else None}
    ),
    st.integers(1, 6), st.integers(3, 40), st.integers(0, 100), st.integers(0, 300),
)  # fmt: skip
THOROUGH = settings(max_examples=80, deadline=None)


@given(RULES, SERIES, MOMENTS)
@THOROUGH
def test_the_newest_stays_and_never_fewer_than_the_least(rule: Backup, found: list[Snapshot], now: float) -> None:
    left = rotated(rule, found, now)
    past = [snapshot for snapshot in found if snapshot.complete and snapshot.at <= now]
    newest = sorted(past, key=lambda snapshot: snapshot.at)[-rule.least_count :]
    assert all(snapshot in left for snapshot in newest)
    assert all(snapshot in left for snapshot in found if not snapshot.complete or snapshot.at > now or snapshot.nested)


@given(RULES, SERIES, MOMENTS)
@THOROUGH
def test_a_second_rotation_finds_nothing(rule: Backup, found: list[Snapshot], now: float) -> None:
    left = rotated(rule, found, now)
    assert rotated(rule, left, now) == left


@given(RULES, SERIES, MOMENTS)
@THOROUGH
def test_coverage_is_never_lost(rule: Backup, found: list[Snapshot], now: float) -> None:
    left = rotated(rule, found, now)
    assert ratio(rule, cover(rule, left, now)) == ratio(rule, cover(rule, found, now))
    assert [each.age_seconds for each in cover(rule, left, now)] == [each.age_seconds for each in cover(rule, found, now)]


@given(RULES, SERIES, MOMENTS)
@THOROUGH
def test_what_goes_is_older_than_all_that_is_kept_whole(rule: Backup, found: list[Snapshot], now: float) -> None:
    left = rotated(rule, found, now)
    assert all(now - snapshot.at >= rule.keep.all for snapshot in found if snapshot not in left)


@given(RULES, st.lists(st.integers(1, 48), min_size=10, max_size=80), st.integers(1, 30))
@THOROUGH
def test_while_backups_are_made_nothing_that_was_deleted_is_missed_later(rule: Backup, gaps: list[int], more: int) -> None:
    times = [berlin(2026, 10, 1) + HOUR * sum(gaps[:number]) for number in range(len(gaps))]
    found = [taken(number, at) for number, at in enumerate(times)]
    early, later = found[:-more] or found[:1], found
    left = rotated(rule, early, early[-1].at)
    assert {snapshot.number for snapshot in rotated(rule, later, later[-1].at)} & {snapshot.number for snapshot in early} <= {snapshot.number for snapshot in left}


class TestClocks:
    DAILY = tuple(taken(number, berlin(2026, 11, 10, 2) - number * DAY) for number in range(40))

    def test_a_clock_that_jumps_ahead_makes_nothing_old(self) -> None:
        now = berlin(2026, 11, 10, 12)
        left = rotated(backup(), list(self.DAILY), now)
        assert rotated(backup(), left, now + 12 * 365 * DAY) == left

    def test_nor_do_the_first_snapshots_that_are_taken_under_it(self) -> None:
        ahead = berlin(2038, 1, 19)
        wrong = [taken(100 + number, ahead + number * HOUR) for number in range(50)]
        left = rotated(backup(), [*self.DAILY, *wrong], ahead + 50 * HOUR)
        assert left == rotated(backup(), list(self.DAILY), self.DAILY[0].at) + wrong

    def test_a_snapshot_from_the_future_stays_and_is_not_the_newest_that_counts(self) -> None:
        now = berlin(2026, 11, 10, 12)
        ghost = taken(100, berlin(2038, 1, 19))
        assert rotated(backup(), [*self.DAILY, ghost], now) == [*rotated(backup(), list(self.DAILY), now), ghost]
        assert cover(backup(), [ghost], now)[0].age_seconds is None
        assert reasons(backup(), [ghost], now) == [(True, "its time has not come: somebody's clock was, or is, wrong")]

    def test_a_clock_that_falls_back_deletes_nothing(self) -> None:
        assert rotated(backup(), list(self.DAILY), berlin(2020, 1, 1)) == sorted(self.DAILY, key=lambda snapshot: snapshot.at)

    def test_where_backups_stopped_ages_stand_still_and_go_on_once_the_series_does(self) -> None:
        now = berlin(2026, 11, 10, 12)
        left = rotated(backup(), list(self.DAILY), now)
        assert rotated(backup(), left, now + 60 * DAY) == left
        resumed = [taken(200 + number, now + 60 * DAY + number * DAY) for number in range(8)]
        assert len(rotated(backup(), [*left, *resumed[:7]], resumed[6].at)) == len(left) + 7
        assert len(rotated(backup(), [*left, *resumed], resumed[7].at)) < len(left)


def test_each_says_why_it_stays_or_goes() -> None:
    now = berlin(2026, 11, 10, 12)
    ages = {1: 400, 2: 399, 3: 100, 4: 99, 5: 20, 6: 19, 7: 5, 8: 1, 9: 0}
    series = [taken(number, now - age * DAY - (HOUR if number != 6 else 0)) for number, age in ages.items()]
    series += [taken(10, series[4].at + 60), taken(11, series[1].at + 60, held="snapper's timeline did not take it"), taken(12, series[2].at + 60, nested=True)]
    told = {judged.snapshot.number: (judged.stays, judged.why) for judged in judge(backup(least_count=2, max_age="60d"), series, now, {4: "it is mounted"})}
    assert told == {
        1: (True, "it is the first of its month"),
        2: (False, "it is 399d old, and an earlier one of its month stays"),
        3: (True, "it is the first of its week"),
        4: (True, "it is mounted"),
        5: (True, "it is the first of its day"),
        6: (True, "it is the first of its day"),
        7: (True, "it is younger than 7d"),
        8: (True, "it is one of the newest 2"),
        9: (True, "it is the newest"),
        10: (False, "it is 20d old, and an earlier one of its day stays"),
        11: (True, "snapper's timeline did not take it"),
        12: (True, "it holds subvolumes of its own"),
    }


def test_what_an_owner_gives_an_end_goes_at_that_age() -> None:
    now = berlin(2026, 11, 10, 12)
    daily = [taken(number, now - number * DAY) for number in range(20)]
    rule = backup(keep={"all": "2d", "dailies": "3d", "weeklies": "5d", "monthlies": "10d"})
    told = {judged.snapshot.number: judged for judged in judge(rule, daily, now, {})}
    assert (told[19].stays, told[19].why) == (False, "it is older than 10d")
    assert [number for number, judged in told.items() if judged.stays][::-1] == [0, 1, 2, 9]


def test_at_exactly_its_age_it_is_no_longer_kept_whole() -> None:
    now = berlin(2026, 11, 10, 12)
    second_of_its_day, a_second_younger = taken(1, now - 7 * DAY), taken(2, now - 7 * DAY + 1)
    others = [taken(0, now - 7 * DAY - HOUR), *(taken(3 + number, now - (6 - number) * DAY) for number in range(7))]
    assert [judged.snapshot.number for judged in judge(backup(), [*others, second_of_its_day, a_second_younger], now, {}) if not judged.stays] == [1]


def test_snapshots_from_the_future_take_no_real_ones_place_among_the_newest() -> None:
    now = berlin(2026, 11, 10, 12)
    real = [taken(1, now - 10 * DAY - HOUR), taken(2, now - 10 * DAY)]
    ghosts = [taken(10 + number, now + (number + 1) * DAY) for number in range(5)]
    assert rotated(backup(least_count=1, max_age="60d"), [*real, *ghosts], now) == [*real, *ghosts]


def test_two_of_one_moment_are_told_apart_by_their_numbers() -> None:
    now = berlin(2026, 11, 10, 12)
    twins = [taken(number, now - 10 * DAY) for number in (2, 1)]
    assert [judged.snapshot.number for judged in judge(backup(least_count=1, max_age="60d"), [*twins, taken(3, now)], now, {}) if judged.stays] == [1, 3]
