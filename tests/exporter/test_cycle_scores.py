"""What a cycle tells the scorekeeper, and what it takes from it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

import exporter.targets
from exporter.cycle import Result, World, run
from exporter.model import Target
from exporter.scorekeeper import Recalibration, Report, Scorekeeper
from forecasting import Question, forecast
from homeostat.config import Config, loads
from homeostat.discovery import discover
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus
from tests.exporter.test_cycle import CONFIG, fill

if TYPE_CHECKING:
    import pathlib

MINUTE, TEN_MINUTES = 60.0, 600.0


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def world(prometheus: FakePrometheus, tmp_path: pathlib.Path) -> World:
    keeper = Scorekeeper(tmp_path / "state")
    keeper.open(NOW)
    targets = discover(exporter.targets, "TARGET", Target)
    return World(loads(CONFIG, Config, "case.yml"), prometheus, FakeClock(), targets, scorekeeper=keeper)


def probability(result: Result, horizon: float = TEN_MINUTES) -> float:
    [prediction] = result.answers["filesystem"].predictions
    return prediction.forecast.probabilities[horizon]


def test_a_forecast_is_kept_and_when_its_time_has_come_scored(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus, until=NOW, start=2000.0)
    first = run(world, Result())
    assert first.scores.pending[MINUTE].count == 1
    said = probability(first, MINUTE)
    world.clock.sleep(70)
    fill(prometheus, until=NOW + 70, start=2000.0)
    second = run(world, first)
    score = second.scores.scores[MINUTE]
    assert score.scored == 1
    assert score.brier == pytest.approx(said**2, abs=1e-6)
    assert second.errors["score"] == 0
    assert second.stage_seconds.keys() == {"fetch", "forecast", "score"}


def test_what_past_forecasts_taught_about_a_problem_is_in_the_terms_of_the_next_ones(
    prometheus: FakePrometheus, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Question] = []
    monkeypatch.setattr("exporter.cycle.forecast", lambda questions: asked.extend(questions) or forecast(questions))
    learned = {"disk_exhaustion": Recalibration(0.7, 100.0, 0.0), "memory_leak": Recalibration(-0.7, 100.0, 0.0)}
    world.scorekeeper.report = Report(recalibrations=learned)
    fill(prometheus)
    prometheus.put("pool", {"instance": "box:1"}, [(NOW - 2 * back, 50.0 + back) for back in range(30, -1, -1)])
    run(world, Result())
    assert sorted(question.terms.recalibration for question in asked) == [0.0, 0.7]


def test_without_its_file_forecasts_go_on_and_the_fault_is_counted(
    prometheus: FakePrometheus, world: World, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "file").touch()
    keeper = Scorekeeper(tmp_path / "file")
    keeper.open(NOW)
    fill(prometheus)
    result = run(dataclasses.replace(world, scorekeeper=keeper), Result())
    assert result.errors["score"] == 1
    assert result.successes
    assert probability(result) > 0


def test_without_a_scorekeeper_nothing_is_kept(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    result = run(dataclasses.replace(world, scorekeeper=None), Result())
    assert (result.scores, result.errors["score"]) == (Report(), 0)
