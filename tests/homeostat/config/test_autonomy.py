"""What is in force at a moment: level, budget and thresholds, by the schedule and by the owner's own cells."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.config import Config, ConfigError, in_force, in_force_until, loads
from homeostat.config.thresholds import NEVER
from homeostat.words import DECISIONS, LEVELS, RISKS
from tests.homeostat.test_time_intervals import DAY, HOUR, INTERVALS, MINUTE, MOMENTS, as_alertmanager_says, at


def read(**autonomy: Any) -> Any:
    return loads(yaml.safe_dump({"autonomy": autonomy}), Config, "homeostat.yml").autonomy


WEEKEND = {"name": "weekend", "when": [{"weekdays": ["saturday", "sunday"], "location": "Europe/Berlin"}], "level": "aggressive", "max_actions_per_day": 20}
NIGHT = {"name": "night", "when": [{"times": [{"start_time": "00:00", "end_time": "06:00"}]}], "level": "conservative"}


def test_weekdays_are_conservative_with_five_and_weekends_aggressive_with_twenty() -> None:
    autonomy = read(level="conservative", max_actions_per_day=5, schedule=[WEEKEND])
    friday, saturday = in_force(autonomy, at("2026-01-09 23:59", "Europe/Berlin")), in_force(autonomy, at("2026-01-10 00:00", "Europe/Berlin"))
    assert (friday.level, friday.max_actions_per_day, friday.budget) == ("conservative", 5, "5/1d actions")
    assert (saturday.level, saturday.max_actions_per_day, saturday.budget) == ("aggressive", 20, "20/1d actions of the schedule weekend")
    assert [now.threshold("low", "auto-execute") for now in (friday, saturday)] == [0.95, 0.75]


def test_of_two_entries_the_first_wins_and_a_budget_that_it_does_not_give_is_the_general_one() -> None:
    autonomy = read(max_actions_per_day=7, schedule=[NIGHT, WEEKEND])
    saturday_night = in_force(autonomy, at("2026-01-10 03:00"))
    assert (saturday_night.level, saturday_night.max_actions_per_day) == ("conservative", 7)
    assert in_force(read(schedule=[WEEKEND, NIGHT]), at("2026-01-10 03:00")).level == "aggressive"


@pytest.mark.parametrize(
    ("begins", "ends", "hours"),
    [("2026-03-28", "2026-03-30", 47), ("2026-10-24", "2026-10-26", 49), ("2026-01-10", "2026-01-12", 48)],
)
def test_a_weekend_lasts_from_midnight_to_midnight_on_the_clocks_of_its_zone(begins: str, ends: str, hours: int) -> None:
    autonomy, start, end = read(schedule=[WEEKEND]), at(f"{begins} 00:00", "Europe/Berlin"), at(f"{ends} 00:00", "Europe/Berlin")
    assert end - start == hours * HOUR
    assert [in_force(autonomy, moment).level for moment in (start - 1, start, end - 1, end)] == ["moderate", "aggressive", "aggressive", "moderate"]
    assert (in_force_until(autonomy, start - DAY), in_force_until(autonomy, start)) == (start, end)


def test_without_a_schedule_nothing_changes() -> None:
    assert in_force_until(read(), at("2026-01-10 00:00")) is None


SCHEDULES = st.lists(st.fixed_dictionaries({"when": st.lists(INTERVALS, min_size=1, max_size=2), "level": st.sampled_from(LEVELS)}), max_size=3).map(
    lambda entries: [entry | {"name": str(number)} for number, entry in enumerate(entries)]
)


def stated(schedule: list[dict[str, Any]], moment: float) -> str:
    """Say by brute force which level holds."""
    return next((entry["name"] for entry in schedule if any(as_alertmanager_says(interval, moment) for interval in entry["when"])), "outside")


def name_of(standing: Any) -> str:
    return standing.entry.name if standing.entry is not None else "outside"


@given(SCHEDULES, MOMENTS)
@settings(max_examples=100, deadline=None)
def test_whatever_the_schedule_the_first_entry_whose_time_it_is_is_in_force(schedule: list[dict[str, Any]], moment: int) -> None:
    standing = in_force(read(level="moderate", schedule=schedule), moment)
    assert name_of(standing) == stated(schedule, moment)
    assert standing.level == next((entry["level"] for entry in schedule if entry["name"] == name_of(standing)), "moderate")


@given(SCHEDULES, MOMENTS)
@settings(max_examples=30, deadline=None)
def test_it_is_in_force_until_the_first_moment_at_which_it_is_not(schedule: list[dict[str, Any]], moment: int) -> None:
    moment -= moment % MINUTE
    until = in_force_until(read(schedule=schedule), moment)
    seen = next((later for later in range(moment, moment + 2 * DAY, MINUTE) if stated(schedule, later) != stated(schedule, moment)), None)
    if seen is not None:
        assert until == seen
    elif until is not None:
        assert until >= moment + 2 * DAY
        assert stated(schedule, until) != stated(schedule, until - 1) == stated(schedule, moment)


CELLS = [("low", "auto-execute"), ("low", "notify-execute"), ("medium", "notify-execute"), *((risk, "propose") for risk in RISKS)]
GIVEN = st.dictionaries(st.sampled_from(CELLS), st.sampled_from([0.6, 0.7, 0.8, 0.9, "never"]))


def nested(cells: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    return {risk: {decision: cell for (of, decision), cell in cells.items() if of == risk} for risk in RISKS}


def decided(thresholds: dict[tuple[str, str], float], risk: str, confidence: float) -> int:
    """Return the boldest decision that this confidence exceeds, 0 for auto-execute."""
    return next((rank for rank, decision in enumerate(DECISIONS[:3]) if confidence > thresholds.get((risk, decision), NEVER)), 3)


@given(st.sampled_from(LEVELS), GIVEN, GIVEN)
@settings(max_examples=100, deadline=None)
def test_the_owners_cells_stand_in_place_of_the_levels_or_are_refused_where_more_risk_would_need_less(
    level: str, general: dict[tuple[str, str], Any], own: dict[tuple[str, str], Any]
) -> None:
    entry = WEEKEND | {"level": level, "thresholds": nested(own)}
    bare = in_force(read(level=level), 0.0)
    meant = {cell: bare.threshold(*cell) for cell in itertools.product(RISKS, DECISIONS[:3])} | general | own
    meant = {cell: NEVER if given == "never" else given for cell, given in meant.items()}
    used = [[meant[risk, decision] for decision in DECISIONS[:3] if meant[risk, decision] < NEVER] for risk in RISKS]
    steps = [confidence / 100 for confidence in range(55, 101)]
    monotone = all(
        decided(meant, lower, confidence) <= decided(meant, higher, confidence) for confidence in steps for lower, higher in itertools.pairwise(RISKS)
    )
    try:
        # The base has the entry's level and none of its cells; what contradicts itself there is refused too.
        autonomy = read(level="moderate", schedule=[entry | {"thresholds": nested(general | own)}])
    except ConfigError:
        assert not monotone or any(row != sorted(row, reverse=True) for row in used)
        return
    assert monotone
    assert all(row == sorted(row, reverse=True) for row in used)
    standing = in_force(autonomy, at("2026-01-10 12:00"))
    assert {cell: standing.threshold(*cell) for cell in meant} == meant


def test_a_cell_stands_whichever_level_holds_and_an_entrys_own_before_it() -> None:
    schedule = [WEEKEND, NIGHT | {"thresholds": {"low": {"auto-execute": 0.99}}}]
    autonomy = read(thresholds={"low": {"auto-execute": 0.92}}, schedule=schedule)
    moments = ("2026-01-09 12:00", "2026-01-10 12:00", "2026-01-09 03:00")
    assert [in_force(autonomy, at(moment)).threshold("low", "auto-execute") for moment in moments] == [0.92, 0.92, 0.99]


@pytest.mark.parametrize(("changes", "never"), [({"mode": "interactive"}, DECISIONS[:2]), ({"ceiling": "propose"}, DECISIONS[:2]), ({"ceiling": "alert-only"}, DECISIONS[:3])])
def test_no_cell_makes_executable_what_mode_or_ceiling_forbid(changes: dict[str, Any], never: tuple[str, ...]) -> None:
    thresholds = {"low": {"auto-execute": 0, "notify-execute": 0, "propose": 0}, "medium": {"notify-execute": 0, "propose": 0}}
    autonomy = read(thresholds=thresholds, schedule=[WEEKEND | {"thresholds": thresholds}], **changes)
    for moment in (0.0, at("2026-01-10 12:00")):
        assert {in_force(autonomy, moment).threshold(risk, decision) for risk in RISKS for decision in never} == {NEVER}


def test_medium_and_high_risk_have_no_cell_that_would_let_them_run_unasked() -> None:
    standing = in_force(read(thresholds={"low": {"auto-execute": 0, "notify-execute": 0, "propose": 0}, "medium": {"notify-execute": 0, "propose": 0}}), 0.0)
    assert [standing.threshold(*cell) for cell in (("medium", "auto-execute"), ("high", "auto-execute"), ("high", "notify-execute"))] == [NEVER] * 3


REFUSED = {
    "medium risk unasked": ("{thresholds: {medium: {auto-execute: 0.9}}}", "autonomy.thresholds.medium.auto-execute: unknown key; did you mean 'notify-execute'?"),
    "high risk by itself": ("{thresholds: {high: {notify-execute: 0.9}}}", "autonomy.thresholds.high.notify-execute: unknown key; known here: propose"),
    "a threshold above 1": ("{thresholds: {low: {auto-execute: 1.2}}}", "autonomy.thresholds.low.auto-execute: Expected `float` <= 1.0"),
    "a threshold that is no number": ("{thresholds: {low: {auto-execute: nevr}}}", "autonomy.thresholds.low.auto-execute: Invalid enum value 'nevr'; write one of never, or a number"),
    "medium before low": (
        "{thresholds: {medium: {notify-execute: 0.75}}}",
        "autonomy: thresholds: notify-execute above 0.75 for medium risk, but above 0.8 for low risk; what is allowed to medium risk must be allowed to low",
    ),
    "medium where low is never": (
        "{level: conservative, thresholds: {medium: {notify-execute: 0.9}}}",
        "autonomy: thresholds: notify-execute above 0.9 for medium risk, but above 0.95 for low risk; what is allowed to medium risk must be allowed to low",
    ),
    "less for more": (
        "{thresholds: {low: {auto-execute: 0.78}}}",
        "autonomy: thresholds: low risk: auto-execute above 0.78 is below notify-execute above 0.8; what is done with less asking must not need less confidence",
    ),
    "less for more at the weekend only": (
        "{thresholds: {low: {notify-execute: 0.85}, medium: {notify-execute: 0.85}}, schedule: [{name: weekend, when: [{weekdays: [sunday]}], level: aggressive}]}",
        "autonomy: schedule weekend: low risk: auto-execute above 0.75 is below notify-execute above 0.85;",
    ),
    "weights": ("{weights: {prediction: 0.4}}", "autonomy.weights: the weights add up to 1.1; they must add up to 1"),
    "an entry without a time": ("{schedule: [{name: x, when: [], level: moderate}]}", "autonomy.schedule[0]: when must name a time; without one this never holds"),
    "an entry without a level": ("{schedule: [{name: x, when: [{}]}]}", "autonomy.schedule[0]: missing key 'level'"),
    "an entry without a name": ("{schedule: [{name: ' ', when: [{}], level: moderate}]}", "autonomy.schedule[0]: an entry of the schedule needs a name"),
    "two of one name": (
        "{schedule: [{name: x, when: [{}], level: moderate}, {name: x, when: [{}], level: moderate}]}",
        "autonomy: schedule: two entries have the name 'x'",
    ),
    "an entry in no zone": ("{schedule: [{name: x, when: [{location: Berlin}], level: moderate}]}", "autonomy.schedule[0].when[0]: 'Berlin' is no time zone"),
    "no actions at all": ("{schedule: [{name: x, when: [{}], level: moderate, max_actions_per_day: 0}]}", "autonomy.schedule[0].max_actions_per_day: Expected `int` >= 1"),
    "a mode": ("{schedule: [{name: x, when: [{}], level: moderate, mode: active}]}", "autonomy.schedule[0].mode: unknown key"),
    "preferred twice": ("{preferences: {disk_exhaustion: [a, a]}}", "autonomy: preferences: disk_exhaustion names an action twice"),
    "an override above 1": ("{actions: {disk-cleanup: {min_confidence: 1.1}}}", "autonomy.actions.disk-cleanup.min_confidence: Expected `float` <= 1.0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fault_says_where_what_and_what_would_be_right(name: str) -> None:
    text, told = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        loads(f"host: h1\nautonomy: {text}", Config, "homeostat.yml")
    assert str(error.value).startswith(f"homeostat.yml:2: {told}")
    assert len(str(error.value).splitlines()) == 1
