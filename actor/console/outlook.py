"""What a page shows of a forecast: its picture, and the words for what it expects and for what is decided about it now."""

from __future__ import annotations

import dataclasses
import urllib.parse
from typing import TYPE_CHECKING

from actor.console.rendering import length
from homeostat.amounts import amount
from homeostat.config.section import DAY
from homeostat.explanation.parts import Silent
from homeostat.pictures import fan
from homeostat.pictures.fan import Fan

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from actor.console.expected import Ahead, Expected, Past, Published
    from actor.model import EpisodeKey, Incident
    from homeostat.prometheus import Series

_NAN = float("nan")


@dataclasses.dataclass(frozen=True, slots=True)
class Outlook:
    """One forecast as it is shown; `incident` is the one whose episode goes on, if that is heard of here."""

    expected: Expected
    incident: Incident | None
    picture: Markup
    used: str
    when: str
    interval: str
    chance: str


def outlook(expected: Expected, incident: Incident | None, past: Series | None, now: float, draw: Callable[[Fan], Markup] = fan.draw) -> Outlook:
    """Put together what is shown of a forecast at `now` (Unix seconds)."""
    now = now if expected.as_of is None else expected.as_of
    when, interval, chance = in_time(expected), between(expected), chances(expected)
    used = amount(expected.usage_ratio, "ratio") if expected.usage_ratio is not None else "not known"
    told = ". ".join(filter(None, (f"{used} of what the limit allows is used", f"the limit is reached {when}", interval, chance)))
    picture = draw(_fan((f"{expected.target}: {expected.resource}", told, "now" if expected.as_of is None else "then"), now, (past, expected.fan)))
    return Outlook(expected, incident, picture, used, when, interval, chance)


def in_time(expected: Expected) -> str:
    """Say when the limit is reached; nothing where that is not known."""
    if expected.reason is not None:
        return ""
    median = expected.time_to_limit_seconds.median
    if median == 0:
        return "now" if expected.as_of is None else "already then"
    return "not within what can be foreseen" if median is None else f"in {length(median)}"


def between(expected: Expected) -> str:
    """Say the 90 % interval of when; nothing where that is not known, or the limit is reached."""
    bounds = expected.time_to_limit_seconds
    if expected.reason is not None or bounds.lower is None or bounds.upper == 0:
        return ""
    return f"90 %: {length(bounds.lower)} to {length(bounds.upper) if bounds.upper is not None else 'never'}"


def chances(expected: Expected) -> str:
    """Say how likely the limit is reached within the time for which it would be acted on."""
    return "" if expected.probability is None else f"{expected.probability * 100:.0f} % within {length(expected.action_horizon_seconds)}"


def growth(expected: Expected) -> str:
    """Say by how much it grows towards its limit in a day, with the 90 % interval."""
    bounds = expected.slope_per_second
    if bounds.median is None:
        return "not known"
    lower, median, upper = (amount((value or 0.0) * DAY, expected.unit) for value in (bounds.lower, bounds.median, bounds.upper))
    return f"{median} a day (90 %: {lower} to {upper})"


def as_it_was(key: EpisodeKey, at: float, published: Published) -> Markup | None:
    """Draw what was expected at a moment with what came of it; None where nothing was."""
    ahead = published.ahead_seconds
    if not ahead:
        return None
    past = published.past
    times, used = (past.timestamps, past.values) if past is not None else ((), ())
    lower, median, upper = ([published.edges[bound].get(seconds, _NAN) for seconds in ahead] for bound in ("lower", "median", "upper"))
    title = f"{key.target}: {key.resource}, as it was expected when it was decided"
    described = "How much was used before and after the decision, beside what was expected then with its 90 % band."
    return fan.draw(Fan(title, described, "ratio", at, times, used, [at + seconds for seconds in ahead], lower, median, upper, 1.0, "decided"))


def panel(dashboard: str, host: str, target: str) -> str:
    """Return the address of the dashboard for a target."""
    chosen = urllib.parse.urlencode({"var-host": host, "var-target": target})
    return f"{dashboard}{'&' if '?' in dashboard else '?'}{chosen}"


def series_of(past: Past | Silent, key: EpisodeKey) -> Series | None:
    """Return the past of one, None where it is not known."""
    return None if isinstance(past, Silent) else past.get(key)


def _fan(words: tuple[str, str, str], now: float, lines: tuple[Series | None, Ahead | None]) -> Fan:
    (title, told, now_name), (past, ahead) = words, lines
    times, used = (past.timestamps, past.values) if past is not None else ((), ())
    fan_of_past = Fan(title, told, "ratio", now, times, used, limit=1.0, now_name=now_name)
    if ahead is None:
        return fan_of_past
    lower, median, upper = ([_NAN if value is None else value for value in edge] for edge in (ahead.lower, ahead.median, ahead.upper))
    return dataclasses.replace(fan_of_past, ahead_times=[now + seconds for seconds in ahead.ahead_seconds], lower=lower, median=median, upper=upper)
