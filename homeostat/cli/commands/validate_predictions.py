"""`homeostat validate-predictions`: how good the forecasts of the past were, and what they taught."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.desk import table, with_doors

if TYPE_CHECKING:
    from homeostat.doors import Doors


_COLUMNS = ("horizon", "scored", "Brier score", "expected", "happened", "covered", "time error", "pending")


@click.command("validate-predictions")
@click.option("--json", "as_json", is_flag=True, help="What the exporter's API answers.")
@with_doors
def validate_predictions(doors: Doors, as_json: bool) -> None:
    """Hold past forecasts against what happened.

    The Brier score is the probabilities' mean squared error: 0 is perfect, and lower is better. What was expected and what
    happened should agree, nine in ten should be covered by their interval, and the time error is that of the median forecast.
    """
    answer = doors.exporter.get("accuracy")
    if as_json:
        click.echo(json.dumps(answer))
        return
    if not answer["horizons"]:
        click.echo("Nothing was kept yet. The exporter keeps a forecast of each series every hour, and scores it when its horizon is over.")
        return
    table(_COLUMNS, (_row(horizon, score) for horizon, score in answer["horizons"].items()))
    _tell_voids(answer["voids"])
    if answer["problems"]:
        table(("problem", "recalibration", "evidence", "acted on"), (_learned(name, found) for name, found in answer["problems"].items()))


def _row(horizon: str, score: dict[str, Any]) -> tuple[object, ...]:
    brier = "" if score["brier"] is None else f"{score['brier']:.3f}"
    ratios = (_ratio(score[part]) for part in ("expected", "crossed", "coverage"))
    return (horizon, score["scored"], brier, *ratios, _time_error(score), score["pending"])


def _time_error(score: dict[str, Any]) -> str:
    """Return the median time error; where something crossed and there is none, most were said never to."""
    return "never foreseen" if score["crossed"] and score["time_error"] is None else _ratio(score["time_error"])


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _tell_voids(voids: dict[str, int]) -> None:
    words = {"acted": "acted on before", "moved": "given another limit", "unobserved": "not observed"}
    told = [f"{count} {words.get(reason, reason)}" for reason, count in voids.items() if count]
    if told:
        click.echo(f"not scored, as their targets were: {', '.join(told)}")


def _learned(problem: str, found: dict[str, float]) -> tuple[str, str, str, str]:
    return problem, f"{found['shift']:+.2f} logit", f"{found['evidence']:.1f} independent forecasts", f"{found['acted']:.1f}"


COMMAND = validate_predictions
