"""The logs observer by its cases in logs.yaml: lines in, problems and samples out; and what it remembers."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec
import pytest
import yaml

from exporter.logbook.journal import Line
from exporter.logbook.tally import Cell, counted, risk
from exporter.observation import Looking, Sight
from exporter.observers.logs import OBSERVER, Facts, Memory
from homeostat.config import Config, Duration, loads

NOW = 1_780_000_000.0
HOUR, DAY = 3600, 86400
CONFIG = loads(
    "host: h1\nservices: {web: {manager: systemd, unit: web.service}, dns: {manager: podman, unit: pihole}, mail: {manager: systemd-user, user: ada, unit: mail.service}}",
    Config,
    "case.yml",
)
CASES = yaml.safe_load(pathlib.Path(__file__).with_name("logs.yaml").read_text())


def lines(*written: dict[str, Any], at: float = NOW - 60) -> tuple[Line, ...]:
    return tuple(Line(at=at, **{key: value for key, value in each.items() if key != "times"}) for each in written for _ in range(each.get("times", 1)))


def memory(watched_seconds: float = 7 * DAY, *cells: Cell) -> Memory:
    return Memory(watched_since=NOW - watched_seconds, read_to=NOW - 60, cells=cells)


def look(facts: Facts, remembered: Memory | None, now: float = NOW, config: Config = CONFIG) -> Sight:
    return OBSERVER.read(facts, Looking(config, now, remembered))


def usual(pattern: str, component: str, in_hour: int) -> Cell:
    hour = int(NOW // HOUR)
    return Cell(pattern=pattern, component=component, total=167 * in_hour, hours={hour - ago: in_hour for ago in range(1, 168)})


def samples(sight: Sight) -> dict[str, float]:
    return {f"{each.name}{{{','.join(each.labels.values())}}}": each.value for each in sight.metrics}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_lines_become_problems_and_samples(case: dict[str, Any]) -> None:
    known = [usual(**case["usual"])] if "usual" in case else []
    sight = look(Facts(lines=lines(*case["lines"])), memory(Duration.parse(case.get("watched", "7d")), *known))
    told = [{"target": each.target, "severity": each.severity, "words": each.words} for each in sorted(sight.troubles, key=lambda each: each.target)]
    assert told == case["troubles"]
    assert all((each.problem, each.resource) == ("log_errors", "log") for each in sight.troubles)
    assert {name: pytest.approx(value, abs=0.02) for name, value in case.get("samples", {}).items()}.items() <= samples(sight).items()
    if "events" in case:
        assert [{"target": each.target, "kind": each.kind} for each in sight.events] == case["events"]


def test_the_risk_is_logistic_in_the_hourly_frequency_against_its_norm() -> None:
    assert risk(10, 10) == pytest.approx(0.5)
    assert risk(20, 10) == pytest.approx(1 / (1 + 2.718281828 ** (-0.4 * 10)))
    assert risk(1, 0) == pytest.approx(1 / (1 + 2.718281828**-4))
    assert risk(0, 1e9) < 0.02
    assert risk(1e9, 0) == pytest.approx(1.0)


def test_a_burst_lasts_an_hour_and_is_told_as_an_event_for_a_day() -> None:
    first = look(Facts(lines=lines({"unit": "web.service", "message": "upstream timed out", "times": 12})), memory())
    assert [each.target for each in first.troubles] == ["web"]
    later = look(Facts(), first.memory, NOW + 50 * 60)
    assert [each.target for each in later.troubles] == ["web"]
    over = look(Facts(), later.memory, NOW + 70 * 60)
    assert over.troubles == ()
    assert [(each.kind, each.at) for each in over.events] == [("errors", first.events[0].at)]
    assert look(Facts(), over.memory, NOW + 26 * HOUR).events == ()


def test_counts_survive_a_restart_and_a_counter_never_falls() -> None:
    first = look(Facts(lines=lines({"unit": "web.service", "message": "upstream timed out", "times": 3}), unread=2), memory())
    kept = msgspec.json.decode(msgspec.json.encode(first.memory), type=Memory)
    second = look(Facts(lines=lines({"unit": "web.service", "message": "upstream timed out"}, at=NOW + 30)), kept, NOW + 60)
    assert samples(second)["log_errors_total{timeout,web}"] == 4
    assert samples(second)["log_lines_total{}"] == 4
    assert samples(second)["log_lines_unread_total{}"] == 2


def test_what_is_remembered_is_bounded_however_many_units_err() -> None:
    many = [{"unit": f"{letter}{other}.service", "message": "upstream timed out"} for letter in "abcdefghijklmnopqrstuvwxyz" for other in "abcdefghij"]
    remembered = memory()
    for day in range(9):
        sight = look(Facts(lines=lines(*many, at=NOW + day * DAY)), remembered, NOW + day * DAY + 60)
        remembered = sight.memory
        assert len({cell.component for cell in remembered.cells}) <= 61
        assert len(msgspec.json.encode(remembered)) < 400_000
    assert any(cell.component == "other" for cell in remembered.cells)
    assert look(Facts(), remembered, NOW + 30 * DAY).memory.cells == ()


def test_what_logs_under_a_name_that_no_page_can_show_is_told_without_that() -> None:
    sight = look(Facts(lines=lines({"identifier": "a\n\x1b]b\u202e", "message": "timed out"})), memory())
    assert sight.memory.cells[0].component == "a??]b?"


def test_a_look_that_is_behind_remembers_how_far_it_read() -> None:
    behind = look(Facts(lines=lines({"message": "all is well"}, at=NOW - 300), cursor="c1", more=True), memory())
    assert (behind.memory.read_to, behind.memory.cursor) == (NOW - 300, "c1")
    assert look(Facts(), behind.memory).memory.read_to == NOW
    assert look(Facts(), behind.memory).memory.cursor == "c1"


def test_a_line_from_the_future_counts_as_now_and_an_old_one_for_its_week_only() -> None:
    future, old = look(Facts(lines=lines({"message": "timed out"}, at=NOW + DAY)), memory()), look(Facts(lines=lines({"message": "timed out"}, at=NOW - DAY)), memory())
    assert future.memory.cells[0].in_hour == 1
    assert (old.memory.cells[0].in_hour, sum(old.memory.cells[0].hours.values())) == (0, 1)


def test_a_burst_is_over_and_what_is_usual_is_learnt_anew_where_the_clock_was_set_back() -> None:
    ahead = NOW + 30 * DAY
    burst = look(Facts(lines=lines({"unit": "web.service", "message": "upstream timed out", "times": 12}, at=ahead - 60)), memory(), ahead)
    assert burst.troubles
    back = look(Facts(), burst.memory)
    assert (back.troubles, back.memory.cells) == ((), ())
    started = look(Facts(), Memory(watched_since=ahead, read_to=ahead))
    assert started.memory.watched_since == NOW


def test_ten_thousand_hits_are_counted_in_no_time() -> None:
    cells = counted((), [], NOW)
    sight = look(Facts(lines=lines({"unit": "web.service", "message": "upstream timed out", "times": 10_000})), memory())
    assert cells == ()
    assert samples(sight)["log_errors_total{timeout,web}"] == 10_000
