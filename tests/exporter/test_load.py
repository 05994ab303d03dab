"""How busy a service is by hour of the week, and when it is quiet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.load import (
    Loads,
    Profile,
    Window,
    expected,
    hour_label,
    next_quiet,
    quietest_of_each_day,
    refresh,
    samples,
    windows,
)
from homeostat.config import Config, loads
from homeostat.config.targets import Traffic
from homeostat.prometheus import Series
from homeostat.time_intervals import local_time
from tests.exporter.fakes import NOW, FakePrometheus

if TYPE_CHECKING:
    from homeostat.time_intervals import TimeInterval

HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
MONDAY = 1_700_438_400.0  # 2023-11-20 00:00 UTC
WEEKS = np.arange(MONDAY, MONDAY + 3 * WEEK, 900.0)
CONFIG = """
host: own
exporter:
  traffic:
    - {service: jellyfin, query: sessions, length: 1h}
    - {service: immich, query: requests, host: nas}
"""


def hour_of_day(timestamps: Any) -> Any:
    return timestamps // HOUR % 24


def profile(ratios: Any, **changes: Any) -> Profile:
    return Profile(Traffic(service="web", query="x", **changes), "box", np.broadcast_to(np.asarray(ratios, dtype=float), 168).copy())


def only(text: str) -> tuple[TimeInterval, ...]:
    return loads(f"windows: {text}", Config, "case.yml").windows


NIGHTLY = profile(np.tile(np.where(np.arange(24) < 6, 0.1, 0.9), 7))
KNOWN = Loads((NIGHTLY,), (), {("box", "web"): MONDAY})


def test_each_hour_is_the_median_of_its_weeks_as_a_ratio_to_the_busiest() -> None:
    traffic = 10.0 + 30.0 * (hour_of_day(WEEKS) == 20)
    traffic[WEEKS < MONDAY + DAY] *= 1000.0  # one Monday of three was extraordinary
    ratios = expected(WEEKS, traffic, "UTC")
    assert ratios.shape == (168,)
    assert ratios.reshape(7, 24)[:, 20].tolist() == [1.0] * 7
    assert set(np.delete(ratios.reshape(7, 24), 20, axis=1).ravel()) == {0.25}


def test_hours_are_those_of_the_services_own_time_zone() -> None:
    busy = (WEEKS - MONDAY) % WEEK == 4 * HOUR
    ratios = expected(WEEKS, busy.astype(float), "Asia/Kathmandu")
    assert [hour_label(int(hour)) for hour in np.flatnonzero(ratios == 0)[:1]] == ["Mon 00"]
    assert hour_label(9) == "Mon 09"
    later = expected(WEEKS + 8 * HOUR, (hour_of_day(WEEKS) == 4).astype(float), "America/New_York")
    assert np.flatnonzero(later.reshape(7, 24)[2] == 1).tolist() == [7]


def test_an_hour_of_which_nothing_is_known_has_no_ratio() -> None:
    ratios = expected(np.array([MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR]), np.array([5.0, math.nan, -1.0]), "UTC")
    assert ratios[0] == 1.0
    assert np.isnan(ratios[1:]).all()


def test_without_any_traffic_every_hour_is_quiet() -> None:
    assert expected(WEEKS, np.zeros(WEEKS.size), "UTC").tolist() == [0.0] * 168
    assert np.isnan(expected(np.empty(0), np.empty(0), "UTC")).all()


def test_the_hours_of_a_week_have_names_in_order() -> None:
    assert (hour_label(0), hour_label(23), hour_label(24), hour_label(167)) == ("Mon 00", "Mon 23", "Tue 00", "Sun 23")


def test_the_next_quiet_window_lies_in_the_coming_night() -> None:
    noon = MONDAY + 12 * HOUR
    found = next_quiet(windows(NIGHTLY, (), (noon, noon + WEEK), HOUR))
    assert found == Window(0.1, MONDAY + DAY, MONDAY + DAY + HOUR)


def test_the_coming_night_is_not_passed_over_for_one_that_is_a_little_quieter() -> None:
    ratios = np.tile(np.where(np.arange(24) < 6, 0.25, 0.9), 7)
    ratios[72:78] = 0.1  # Thursday's
    found = next_quiet(windows(profile(ratios), (), (MONDAY + 12 * HOUR, MONDAY + WEEK), HOUR))
    assert found == Window(0.25, MONDAY + DAY, MONDAY + DAY + HOUR)
    ratios[72:78] = 0.05
    found = next_quiet(windows(profile(ratios), (), (MONDAY + 12 * HOUR, MONDAY + WEEK), HOUR))
    assert found == Window(0.05, MONDAY + 3 * DAY, MONDAY + 3 * DAY + HOUR)


def test_it_is_now_where_now_is_quiet_from_the_next_minute_on() -> None:
    found = next_quiet(windows(NIGHTLY, (), (MONDAY + 100, MONDAY + WEEK), HOUR))
    assert found == Window(0.1, MONDAY + 120, MONDAY + 120 + HOUR)


def test_it_lies_inside_the_allowed_times_however_busy_they_are() -> None:
    allowed = only('[{times: [{start_time: "12:10", end_time: "13:00"}], weekdays: [saturday]}]')
    found = windows(NIGHTLY, allowed, (MONDAY, MONDAY + WEEK), 1800)
    assert [(window.start - MONDAY - 5 * DAY) / 60 for window in found] == [730.0, 735.0, 750.0]
    assert next_quiet(found) == Window(0.9, MONDAY + 5 * DAY + 730 * 60, MONDAY + 5 * DAY + 760 * 60)


def test_a_window_that_fits_into_no_allowed_time_is_none() -> None:
    allowed = only('[{times: [{start_time: "12:10", end_time: "13:00"}]}]')
    assert windows(NIGHTLY, allowed, (MONDAY, MONDAY + WEEK), HOUR) == []
    assert next_quiet([]) is None


def test_a_window_over_an_hour_of_which_nothing_is_known_is_none() -> None:
    unknown = np.full(168, 0.5)
    unknown[1] = math.nan
    starts = [window.start - MONDAY for window in windows(profile(unknown), (), (MONDAY, MONDAY + 4 * HOUR), 1800)]
    assert starts == [0.0, 900.0, 1800.0, *(2.0 * HOUR + 900 * step for step in range(7))]


def test_of_each_day_the_quietest_is_listed_and_the_quietest_day_first() -> None:
    ratios = np.tile(np.where(np.arange(24) < 6, 0.2, 0.9), 7)
    ratios[24 + 3 : 24 + 5] = 0.1
    listed = quietest_of_each_day(windows(profile(ratios), (), (MONDAY, MONDAY + 3 * DAY), HOUR), "UTC")
    assert listed == [
        Window(0.1, MONDAY + DAY + 3 * HOUR, MONDAY + DAY + 4 * HOUR),
        Window(0.2, MONDAY, MONDAY + HOUR),
        Window(0.2, MONDAY + 2 * DAY, MONDAY + 2 * DAY + HOUR),
    ]


def hour_of_week(moment: float, zone: str) -> int:
    local = local_time(moment, zone)
    return local.weekday() * 24 + local.hour


@given(
    st.lists(st.floats(0, 1), min_size=168, max_size=168),
    st.integers(0, WEEK),
    st.integers(60, 3 * DAY),
    st.sampled_from([900, 1800, HOUR, 5000]),
    st.sampled_from(["UTC", "Asia/Kathmandu", "Europe/Berlin"]),
)
@settings(max_examples=40, deadline=None)
def test_every_window_lies_in_the_span_and_is_as_busy_as_its_hours(ratios: list[float], after: int, span: int, length: int, zone: str) -> None:
    start = MONDAY + after
    found = windows(profile(ratios, timezone=zone), (), (start, start + span), length)
    assert all(start <= window.start and window.end <= start + span and window.end - window.start == length for window in found)
    assert all(min(ratios) - 1e-4 <= window.load_ratio <= max(ratios) + 1e-4 for window in found)
    for window in found[:4]:
        hours = [hour_of_week(moment, zone) for moment in np.arange(window.start, window.end, 20)]
        assert window.load_ratio == pytest.approx(np.mean(np.array(ratios)[hours]), abs=1e-4)
    assert (next_quiet(found) is None) == (not found)
    if quiet := next_quiet(found):
        assert quiet in found
        assert not [window for window in found if window.start < quiet.start and window.load_ratio < quiet.load_ratio]


@pytest.fixture
def prometheus() -> FakePrometheus:
    fake = FakePrometheus()
    times = np.arange(NOW - 2 * WEEK, NOW, 900.0)
    traffic = np.where(hour_of_day(times) < 6, 1.0, 10.0)
    fake.ranges["sum(sessions)"] = [Series({}, tuple(times.tolist()), tuple(traffic.tolist()))]
    return fake


def test_what_is_exposed_of_a_service_is_its_week_and_its_next_quiet_window(prometheus: FakePrometheus) -> None:
    config = loads(CONFIG, Config, "case.yml")
    exposed = list(samples(refresh(prometheus, config, Loads(), NOW)))
    assert len(exposed) == 169
    assert ("expected_load_ratio", {"host": "own", "target": "jellyfin", "hour": "Sun 05"}, 0.1) in exposed
    midnight = NOW // DAY * DAY + DAY
    assert exposed[-1] == ("quiet_window_start_timestamp_seconds", {"host": "own", "target": "jellyfin"}, midnight)


def test_the_past_is_read_once_an_hour_and_the_quiet_window_moves_on_with_each_cycle(prometheus: FakePrometheus) -> None:
    config = loads(CONFIG, Config, "case.yml")
    first = refresh(prometheus, config, Loads(), NOW)
    later = refresh(prometheus, config, first, NOW + 1800)
    assert later.profiles[0] is first.profiles[0]
    assert prometheus.asked.count("sum(sessions)") == 1
    midnight = NOW // DAY * DAY + DAY
    night = refresh(prometheus, config, later, midnight + HOUR)
    assert prometheus.asked.count("sum(sessions)") == 2
    assert night.quiet_from == {("own", "jellyfin"): midnight + HOUR}


def test_what_prometheus_does_not_answer_stays_as_it_was(prometheus: FakePrometheus) -> None:
    config = loads(CONFIG, Config, "case.yml")
    first = refresh(prometheus, config, Loads(), NOW)
    prometheus.down = True
    kept = refresh(prometheus, config, first, NOW + 2 * HOUR).profiles
    assert kept[0].ratios is first.profiles[0].ratios
    assert list(samples(refresh(prometheus, config, Loads(), NOW))) == []


def test_what_prometheus_did_not_answer_is_asked_again_in_ten_minutes(prometheus: FakePrometheus) -> None:
    config = loads(CONFIG, Config, "case.yml")
    prometheus.down = True
    failed = refresh(prometheus, config, Loads(), NOW)
    prometheus.down = False
    waiting = refresh(prometheus, config, failed, NOW + 590)
    assert prometheus.asked.count("sum(sessions)") == 1
    assert list(samples(refresh(prometheus, config, waiting, NOW + 600)))


def test_a_service_without_any_traffic_series_has_no_quiet_window_until_it_has_one(prometheus: FakePrometheus) -> None:
    config, traffic = loads(CONFIG, Config, "case.yml"), dict(prometheus.ranges)
    prometheus.ranges.clear()
    unknown = refresh(prometheus, config, Loads(), NOW)
    assert list(samples(unknown)) == []
    prometheus.ranges = traffic
    assert list(samples(refresh(prometheus, config, unknown, NOW + 5)))


def test_another_query_is_another_profile(prometheus: FakePrometheus) -> None:
    first = refresh(prometheus, loads(CONFIG, Config, "case.yml"), Loads(), NOW)
    changed = loads(CONFIG.replace("query: sessions", "query: other"), Config, "case.yml")
    assert refresh(prometheus, changed, first, NOW).quiet_from == {}
