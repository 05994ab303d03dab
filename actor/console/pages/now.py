"""`/`: how things stand, what holds it back, what waits for a person's word, what will run out next, what is on its way, and what was decided last."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from actor.console.held import Held, held_by_silences, judged_silences
from actor.console.last_told import Wanted, last_told
from actor.console.page import Page, show
from actor.journal import incidents
from actor.routes.status import describe_status
from actor.routes.waiting import waiting
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent
from homeostat.holds import breaker_hold, stop_hold
from homeostat.prometheus import selector
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    import flask

    from actor.model import Incident
    from actor.service import Service
    from actor.world import World
    from homeostat.prometheus import Sample
    from homeostat.silences import Judged

_LAST = 10
_SOONEST = 5
_MOST_WAITING = 5
_PATIENCE_SECONDS = 2.0


class Next(msgspec.Struct, frozen=True):
    """What is expected to reach its limit: at a target, for a problem, in so many seconds, as of a time where that is not now."""

    target: str
    problem: str
    seconds: float
    as_of: float | None = None


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/")
    def now() -> flask.Response:
        world = service.world
        status, judged, told = describe_status(service), judged_silences(world), _asked(world)
        proposed = waiting(service)
        forecast_now = isinstance(told["forecasts"], Silent) or bool(told["forecasts"])
        return show(
            "now",
            status=status,
            scores=[told["health"], told["autonomy"]],
            held=_held(world, status, judged),
            warnings=[warning for one in judged for warning in one.warnings()],
            waiting=[incident for incident in proposed if incident["proposal"]["approved_by"] is None],
            most_waiting=_MOST_WAITING,
            soonest=_soonest(told["forecasts"]) if forecast_now else _last_soonest(world),
            forecast_now=forecast_now,
            on_its_way=_on_its_way(world, [incident for incident in proposed if incident["proposal"]["approved_by"] is not None]),
            last=incidents.page(world.journal, (1, _LAST)).found,
        )


def _asked(world: World) -> dict[str, Any]:
    """Ask Prometheus for what it alone knows, waiting a moment at most; whatever it does not tell is Silent."""
    host = world.config.host
    questions = {
        "health": f"max({selector('homeostat_health_score', host=host)})",
        "autonomy": f"max({selector('homeostat_autonomy_score', host=host)})",
        "forecasts": selector("homeostat_time_to_limit_seconds", bound="median", host=host),
    }
    told = ask({name: functools.partial(world.prometheus.query, promql) for name, promql in questions.items()}, _PATIENCE_SECONDS)
    scores = {name: samples[0].value if not isinstance(samples := told[name], Silent) and samples else None for name in ("health", "autonomy")}
    return {**scores, "forecasts": told["forecasts"]}


def _on_its_way(world: World, approved: list[dict[str, Any]]) -> list[Incident | dict[str, Any]]:
    """Return what runs, what is approved, with its proposal, and what waits for a time; each once."""
    told = {incident["id"] for incident in approved}
    running, scheduled = ([one for one in found if one.id not in told] for found in (incidents.running(world.journal), incidents.scheduled(world.journal)))
    return [*running, *approved, *scheduled]


def _last_soonest(world: World) -> list[Next] | Silent:
    """Return what was forecast last to reach its limit next: Prometheus has no forecast of now."""
    last = last_told(world, Wanted(world.config.host, most=_SOONEST))
    if isinstance(last, Silent):
        return last
    times = [(one, one.time_to_limit_seconds.median) for one in last.forecasts]
    return [Next(one.target, one.problem, seconds, one.as_of) for one, seconds in times if seconds is not None]


def _soonest(samples: list[Sample] | Silent) -> list[Next] | Silent:
    """Return what reaches its limit next, the soonest first; what never does, and a selftest's, is left out."""
    if isinstance(samples, Silent):
        return samples
    real = [sample for sample in samples if sample.labels.get("problem") != SELFTEST and 0 <= sample.value < float("inf")]
    found = [Next(sample.labels.get("target", ""), sample.labels.get("problem", ""), sample.value) for sample in real]
    return sorted(found, key=lambda one: one.seconds)[:_SOONEST]


def _held(world: World, status: dict[str, Any], judged: list[Judged]) -> list[Held]:
    """Return what holds back all that is executed here, or some of it."""
    stopped = [Held(stop_hold(status["stopped"]))] if status["stopped"] else []
    return [*stopped, *(Held(breaker_hold(breaker)) for breaker in status["open_breakers"]), *held_by_silences(world, judged)]


PAGE = Page(add=_add, title="Now", order=10)
