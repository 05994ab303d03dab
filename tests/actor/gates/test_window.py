"""Gate `window`: nothing outside the maintenance windows."""

from __future__ import annotations

from actor.situation import GATES
from tests.actor.gates.situations import NOW, ask, config, incident, situation

# NOW is Tuesday 2023-11-14 22:13:20 UTC.
TONIGHT = {"times": [{"start_time": "22:00", "end_time": "23:00"}]}
LATER = {"times": [{"start_time": "23:30", "end_time": "24:00"}]}
SUNDAYS = {"weekdays": ["sunday"]}
BYGONE = {"years": [2020]}


def under(*windows: object, severity: str = "warning", **limits: object) -> tuple[str, str]:
    return ask("window", situation(incident(severity=severity), config(windows=list(windows), limits=limits)))


def test_without_windows_any_time_will_do() -> None:
    assert ask("window", situation()) == ("allow", "no maintenance window is configured: any time will do")


def test_inside_one_of_them_it_goes_on() -> None:
    assert under(SUNDAYS, TONIGHT) == ("allow", "a maintenance window is open")


def test_outside_it_waits_for_the_next_opening() -> None:
    verdict = GATES["window"].ask(situation(settings=config(windows=[SUNDAYS, LATER])))
    assert (verdict.answer, verdict.reason) == ("defer", "no maintenance window is open; the next opens at 2023-11-14T23:30:00Z")
    assert verdict.until == NOW - 13 * 60 - 20 + 90 * 60


def test_a_zone_of_its_own_is_heeded() -> None:
    assert under({**TONIGHT, "location": "Europe/Berlin"})[1] == "no maintenance window is open; the next opens at 2023-11-15T21:00:00Z"


def test_a_window_that_never_opens_is_a_no_for_good() -> None:
    assert under(BYGONE) == ("refuse", "no maintenance window is open, and none opens within a year")


def test_what_is_critical_passes_only_where_the_configuration_says_so() -> None:
    assert under(SUNDAYS, severity="critical")[0] == "defer"
    assert under(SUNDAYS, severity="critical", critical_passes=["quiet-time"])[0] == "defer"
    assert under(SUNDAYS, severity="warning", critical_passes=["window"])[0] == "defer"
    assert under(SUNDAYS, severity="critical", critical_passes=["window"])[0] == "allow"
