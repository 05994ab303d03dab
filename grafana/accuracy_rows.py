"""How good past forecasts were, and what they taught."""

from __future__ import annotations

from typing import Any

from grafana.layout import Row
from grafana.panels import LINES, Panel, Target
from grafana.promql import HOST

_HEIGHT = 7


def forecast_accuracy() -> Row:
    """Hold what was forecast against what happened."""
    return Row("Forecast accuracy", (_brier(), _calibration(), _intervals(), _time_error(), _kept(), _recalibration()))


def _brier() -> Panel:
    return _ratio(
        title="Brier score",
        description="Mean squared error of the probabilities: 0 is perfect, and always saying the base rate p gives p (1 - p). Older forecasts count less.",
        targets=[_by_horizon("brier_score")],
        unit="none",
    )


def _calibration() -> Panel:
    return _ratio(
        title="Expected and happened",
        description="How probable crossings were said to be on average, and how many happened: of a calibrated forecast the two agree.",
        targets=[_by_horizon("expected_crossing_ratio", " expected"), _by_horizon("crossing_ratio", " happened")],
    )


def _intervals() -> Panel:
    return _ratio(
        title="Covered by the 90 % interval",
        description="Share of forecasts whose interval held what happened. Nine in ten is right: more is vague, less is overconfident.",
        targets=[_by_horizon("interval_coverage_ratio")],
    )


def _time_error() -> Panel:
    return _ratio(
        title="Error of the time to the limit",
        description="Median of how far, relative to the time that it took, the forecast was off, where the limit was crossed within the horizon.",
        targets=[_by_horizon("time_error_ratio")],
    )


def _kept() -> Panel:
    return Panel(
        look=LINES,
        title="Kept forecasts",
        description="Forecasts that wait for their horizon to end, and those that were void by reason: acted on, given another limit, not observed.",
        targets=[
            Target(f"sum by (host, horizon) (homeostat_forecast_pending{{{HOST}}})", "{{host}} {{horizon}} pending"),
            Target(f"sum by (host, reason) (homeostat_forecast_void_total{{{HOST}}})", "{{host}} void: {{reason}}"),
        ],
        unit="short",
        width=8,
        height=_HEIGHT,
        least=0,
    )


def _recalibration() -> Panel:
    return Panel(
        look=LINES,
        title="Recalibration",
        description="What is added to the logit of every probability of a problem, as its scored forecasts taught: at most 0.7 either way, "
        "and nothing before there is enough independent evidence.",
        targets=[Target(f"max by (host, problem) (homeostat_forecast_recalibration_logit{{{HOST}}})", "{{host}} {{problem}}")],
        unit="none",
        width=8,
        height=_HEIGHT,
    )


def _by_horizon(metric: str, words: str = "") -> Target:
    return Target(f"max by (host, horizon) (homeostat_forecast_{metric}{{{HOST}}})", f"{{{{host}}}} {{{{horizon}}}}{words}")


def _ratio(**said: Any) -> Panel:
    return Panel(**{"look": LINES, "unit": "percentunit", "width": 8, "height": _HEIGHT, "least": 0, "no_value": "nothing is scored yet", **said})
