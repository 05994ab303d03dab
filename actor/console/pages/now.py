"""`/`: how things stand, what holds it back, what waits for a person's word, what will run out next, what is on its way, and what was decided last."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from actor.console.held import judged_silences
from actor.console.page import Page, show
from actor.journal import incidents
from actor.routes.status import describe_status
from actor.routes.waiting import waiting
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent
from homeostat.holds import Hold, breaker_hold, silence_holds, stop_hold
from homeostat.prometheus import selector
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    import flask

    from actor.service import Service
    from actor.world import World
    from homeostat.prometheus import Sample
    from homeostat.silences import Judged

_LAST = 10
_SOONEST = 5
_MOST_WAITING = 5
_PATIENCE_SECONDS = 2.0


class Next(msgspec.Struct, frozen=True):
    """What is expected to reach its limit: at a target, for a problem, in so many seconds."""

    target: str
    problem: str
    seconds: float


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/")
    def now() -> flask.Response:
        world = service.world
        status, judged, told = describe_status(service), judged_silences(world), _asked(world)
        return show(
            "now",
            status=status,
            scores=[told["health"], told["autonomy"]],
            holds=_holds(status, judged),
            warnings=[warning for one in judged for warning in one.warnings()],
            waiting=waiting(service),
            most_waiting=_MOST_WAITING,
            soonest=told["soonest"],
            running=incidents.running(world.journal),
            scheduled=incidents.scheduled(world.journal),
            last=incidents.page(world.journal, (1, _LAST)).found,
        )


def _asked(world: World) -> dict[str, Any]:
    """Ask Prometheus for what it alone knows, waiting a moment at most; whatever it does not tell is Silent."""
    host = world.config.host
    questions = {
        "health": f"max({selector('homeostat_health_score', host=host)})",
        "autonomy": f"max({selector('homeostat_autonomy_score', host=host)})",
        "soonest": selector("homeostat_time_to_limit_seconds", bound="median", host=host),
    }
    told = ask({name: functools.partial(world.prometheus.query, promql) for name, promql in questions.items()}, _PATIENCE_SECONDS)
    scores = {name: samples[0].value if not isinstance(samples := told[name], Silent) and samples else None for name in ("health", "autonomy")}
    return {**scores, "soonest": told["soonest"] if isinstance(told["soonest"], Silent) else _soonest(told["soonest"])}


def _soonest(samples: list[Sample]) -> list[Next]:
    """Return what reaches its limit next, the soonest first; what never does, and a selftest's, is left out."""
    real = [sample for sample in samples if sample.labels.get("problem") != SELFTEST and 0 <= sample.value < float("inf")]
    found = [Next(sample.labels.get("target", ""), sample.labels.get("problem", ""), sample.value) for sample in real]
    return sorted(found, key=lambda one: one.seconds)[:_SOONEST]


def _holds(status: dict[str, Any], judged: list[Judged]) -> list[Hold]:
    """Return what holds back all that is executed here, or some of it."""
    stopped = [stop_hold(status["stopped"])] if status["stopped"] else []
    return [*stopped, *(breaker_hold(breaker) for breaker in status["open_breakers"]), *silence_holds(judged)]


PAGE = Page(add=_add, title="Now", order=10)
