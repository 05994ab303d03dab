"""How busy services are by hour of the week, and when they are quiet (SPEC 3.6): from a traffic query of each."""

from __future__ import annotations

import dataclasses
import logging
import math
from typing import TYPE_CHECKING

import numpy as np

from homeostat.prometheus import PrometheusError
from homeostat.time_intervals import local_time, stretches

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from forecasting.model import Array
    from homeostat.config import Config
    from homeostat.config.targets import Traffic
    from homeostat.prometheus import Prometheus
    from homeostat.time_intervals import TimeInterval

log = logging.getLogger(__name__)

WEEK_HOURS = 168
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEK_SECONDS = 7 * 86400
_WEEKS = 4
# Hours begin, in every time zone, at a quarter of an hour.
_QUARTER_SECONDS = 900
_REFRESH_SECONDS = 3600
_RETRY_SECONDS = 600
# A window is quiet up to this share of the way from the quietest to the busiest one of the week.
_QUIET_SHARE = 0.2


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A service's expected load: `ratios` of each hour of the week, from Monday on, to the busiest; NaN where none is known.

    It is read again from `due_at` (Unix seconds) on.
    """

    traffic: Traffic
    host: str
    ratios: Array
    due_at: float = -math.inf


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of time (Unix seconds) with its mean expected load; the least is the quietest, then the earliest."""

    load_ratio: float
    start: float
    end: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Loads:
    """What is known of all services with a traffic query, and the start of each one's next quiet window (Unix seconds).

    `allowed` are the maintenance windows; without any every time is.
    """

    profiles: tuple[Profile, ...] = ()
    allowed: tuple[TimeInterval, ...] = ()
    quiet_from: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)


def hour_label(hour: int) -> str:
    """Write an hour of the week as people say it: `Mon 00` to `Sun 23`."""
    return f"{_DAY_NAMES[hour // 24]} {hour % 24:02}"


def expected(timestamps: Array, traffic: Array, timezone: str) -> Array:
    """Return the 168 ratios: each hour's median over all its samples in all weeks, to that of the busiest hour.

    A median of weeks forgets the one evening of a big download; the ratio to the peak lies between 0 and 1, and means
    the same for each service.
    """
    hours = np.array([_hour_of_week(timestamp, timezone) for timestamp in timestamps.tolist()], dtype=int)
    usable = np.isfinite(traffic) & (traffic >= 0)
    medians = np.full(WEEK_HOURS, math.nan)
    for hour in np.unique(hours[usable]):
        medians[hour] = np.median(traffic[usable & (hours == hour)])
    peak = float(np.nanmax(medians, initial=0.0))
    return medians / peak if peak else medians


def windows(profile: Profile, allowed: Sequence[TimeInterval], span: tuple[float, float], length: float) -> list[Window]:
    """Return every window of `length` seconds between the ends of `span`, inside the allowed times, whose load is known.

    They begin at each quarter of an hour, and when an allowed time does. Without allowed times every time is.
    """
    start, end = math.ceil(span[0] / 60) * 60.0, span[1]
    first = int(start // _QUARTER_SECONDS)
    quarters = np.arange(first, int(end // _QUARTER_SECONDS) + 1) * float(_QUARTER_SECONDS)
    loads = profile.ratios[[_hour_of_week(quarter, profile.traffic.timezone) for quarter in quarters.tolist()]]
    open_times = stretches(allowed, start, end) if allowed else [(start, end)]
    starts = [moment for opened, closed in open_times for moment in _starts(opened, closed - length)]
    found = [(moment, _mean(loads, moment - quarters[0], length)) for moment in starts]
    return [Window(round(load, 4), moment, moment + length) for moment, load in found if math.isfinite(load)]


def _mean(loads: Array, start: float, length: float) -> float:
    """Return the mean of the quarters' loads over `length` seconds from `start` on; what is touched in part counts in part."""
    quarters = np.arange(int(start // _QUARTER_SECONDS), math.ceil((start + length) / _QUARTER_SECONDS))
    opened = quarters * float(_QUARTER_SECONDS)
    touched = np.minimum(opened + _QUARTER_SECONDS, start + length) - np.maximum(opened, start)
    return float(loads[quarters] @ touched / length)


def quietest_of_each_day(found: Sequence[Window], timezone: str) -> list[Window]:
    """Return one window for each day, the quietest first."""
    by_day: dict[object, Window] = {}
    for window in found:
        day = local_time(window.start, timezone).date()
        by_day[day] = min(window, by_day.get(day, window))
    return sorted(by_day.values())


def next_quiet(found: Sequence[Window]) -> Window | None:
    """Return the first window that is nearly as quiet as they get."""
    least, most = min(found, default=None), max(found, default=None)
    if least is None or most is None:
        return None
    quiet = least.load_ratio + _QUIET_SHARE * (most.load_ratio - least.load_ratio)
    return min((window for window in found if window.load_ratio <= quiet), key=lambda window: window.start)


def refresh(prometheus: Prometheus, config: Config, last: Loads, now: float) -> Loads:
    """Read again, once an hour after the first hour is known, the last weeks; what is not answered stays as it was for ten minutes."""
    former = {profile.traffic: profile for profile in last.profiles}
    profiles = tuple(_profile(prometheus, config, entry, (former.get(entry), now)) for entry in config.exporter.traffic)
    week = (now, now + _WEEK_SECONDS)
    coming = {profile: next_quiet(windows(profile, config.windows, week, profile.traffic.length)) for profile in profiles}
    quiet_from = {(profile.host, profile.traffic.service): window.start for profile, window in coming.items() if window}
    return Loads(profiles, config.windows, quiet_from)


def _profile(prometheus: Prometheus, config: Config, entry: Traffic, known: tuple[Profile | None, float]) -> Profile:
    former, now = known
    if former and now < former.due_at:
        return former
    try:
        until = math.floor(now)
        total = prometheus.matrix(f"sum({entry.query})", until - _WEEKS * _WEEK_SECONDS, until, _QUARTER_SECONDS)
    except PrometheusError as error:
        log.warning("traffic of %s not read: %s", entry.service, error)
        unknown = Profile(entry, entry.host or config.host, np.full(WEEK_HOURS, math.nan))
        return dataclasses.replace(former or unknown, due_at=now + _RETRY_SECONDS)
    ratios = expected(total.timestamps, total.values, entry.timezone)
    return Profile(entry, entry.host or config.host, ratios, now + _REFRESH_SECONDS if np.isfinite(ratios).any() else now)


def rank(loads: Loads, services: Collection[str], span: tuple[float, float], length: float | None) -> list[dict[str, str | float]]:
    """Return the quietest window of each day of `span` for each of `services`, the quietest first, as the API tells it.

    Without `length` (seconds) each service's own counts.
    """
    chosen = [profile for profile in loads.profiles if profile.traffic.service in services]
    found = [(window, profile) for profile in chosen for window in _of_each_day(loads, profile, span, length)]
    return [_told(window, profile) for window, profile in sorted(found, key=lambda pair: pair[0])]


def _of_each_day(loads: Loads, profile: Profile, span: tuple[float, float], length: float | None) -> list[Window]:
    return quietest_of_each_day(windows(profile, loads.allowed, span, length or profile.traffic.length), profile.traffic.timezone)


def _told(window: Window, profile: Profile) -> dict[str, str | float]:
    names = {"host": profile.host, "target": profile.traffic.service, "timezone": profile.traffic.timezone}
    return {**names, **dataclasses.asdict(window)}


def samples(loads: Loads) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield what SPEC 3.3 exposes of it: metric (without its prefix), labels and value."""
    for profile in loads.profiles:
        labels = {"host": profile.host, "target": profile.traffic.service}
        for hour, ratio in enumerate(profile.ratios.tolist()):
            if not math.isnan(ratio):
                yield "expected_load_ratio", {**labels, "hour": hour_label(hour)}, ratio
    for (host, service), start in loads.quiet_from.items():
        yield "quiet_window_start_timestamp_seconds", {"host": host, "target": service}, start


def _starts(opened: float, latest: float) -> Iterator[float]:
    if opened <= latest:
        yield opened
    following = int(opened // _QUARTER_SECONDS + 1) * _QUARTER_SECONDS
    yield from (float(quarter) for quarter in range(following, math.floor(latest) + 1, _QUARTER_SECONDS))


def _hour_of_week(timestamp: float, timezone: str) -> int:
    moment = local_time(timestamp, timezone)
    return moment.weekday() * 24 + moment.hour
