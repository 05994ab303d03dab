"""A forecast as a fan: what was, the expected course with its 90 % band, the limit, and now."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from homeostat.pictures import svg
from homeostat.pictures.frame import SIZE, Frame, bare, framed, rows, times
from homeostat.pictures.scales import around, moments, real

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

_SMALL = (180, 56)


@dataclasses.dataclass(frozen=True, slots=True)
class Fan:
    """What is drawn: Unix seconds and values of one unit (`ratio`, `bytes`, `seconds`, or any other), each line as long as its times."""

    title: str
    described: str
    unit: str
    now: float
    past_times: Sequence[float] = ()
    past: Sequence[float] = ()
    ahead_times: Sequence[float] = ()
    lower: Sequence[float] = ()
    median: Sequence[float] = ()
    upper: Sequence[float] = ()
    limit: float | None = None
    now_name: str = "now"

    @property
    def limits(self) -> list[float]:
        """The limit, if there is one that can be drawn."""
        return [] if self.limit is None else real([self.limit])


def draw(fan: Fan) -> Markup:
    """Draw the fan with its axes."""
    ranges = _ranges(fan)
    if ranges is None:
        return svg.empty(fan.title)
    frame = framed(*ranges)
    return svg.picture((fan.title, fan.described), SIZE, [*rows(frame, fan.unit), *times(frame), *_lines(fan, frame), *_names(fan, frame)])


def draw_small(fan: Fan) -> Markup:
    """Draw the fan as small as a row of a table, with nothing written in it."""
    ranges = _ranges(fan)
    if ranges is None:
        return svg.empty(fan.title, _SMALL, "plot plot-small")
    return svg.picture((fan.title, fan.described), _SMALL, _lines(fan, bare(*ranges, _SMALL)), "plot plot-small")


def _ranges(fan: Fan) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the range of times and of values; a band far beyond everything else is cut off, for it would flatten the rest."""
    drawn = real((*fan.past, *fan.median))
    core = around([*drawn, *fan.limits])
    if core is None or not drawn or not real([fan.now]):
        return None
    room = core[1] - core[0]
    edges = [value for value in real((*fan.lower, *fan.upper)) if core[0] - room <= value <= core[1] + room]
    time, values = moments((fan.now, *fan.past_times, *fan.ahead_times)), around([*core, *edges])
    return None if time is None or values is None else (time, values)


def _lines(fan: Fan, frame: Frame) -> Iterator[Markup]:
    yield svg.area(frame.points(fan.ahead_times, fan.lower), frame.points(fan.ahead_times, fan.upper), "plot-band")
    for limit in fan.limits:
        y = frame.upwards.at(limit)
        yield svg.line((frame.across.start, y), (frame.across.end, y), "plot-limit")
    now = frame.across.at(fan.now)
    yield svg.line((now, frame.upwards.end), (now, frame.upwards.start), "plot-now")
    yield svg.course(frame.points(fan.past_times, fan.past), "plot-line")
    yield svg.course(frame.points(fan.ahead_times, fan.median), "plot-median")


def _names(fan: Fan, frame: Frame) -> Iterator[Markup]:
    now = frame.across.at(fan.now)
    late = now > (frame.across.start + frame.across.end) / 2
    yield svg.text(fan.now_name, (now - 4 if late else now + 4, frame.upwards.end - 4), "end" if late else "start")
    for limit in fan.limits:
        y = frame.upwards.at(limit)
        yield svg.text("limit", (frame.across.start + 6, y - 5), kind="plot-text plot-limit-name")
