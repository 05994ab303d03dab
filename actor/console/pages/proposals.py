"""`/proposals`: what waits for a person's word: the plan, the confidence by its terms, what can be undone, and the forms to answer."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from actor.console.page import Page, show
from actor.routes.waiting import waiting
from homeostat.explanation import facts
from homeostat.explanation.asking import ask
from homeostat.explanation.decision import Terms, terms_of
from homeostat.explanation.facts import Key
from homeostat.explanation.parts import Silent

if TYPE_CHECKING:
    import flask

    from actor.service import Service
    from actor.world import World

_PATIENCE_SECONDS = 2.0
_MOST_EXPLAINED = 20
_MOST_COMMANDS = 5


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/proposals")
    def proposals() -> flask.Response:
        found = sorted(waiting(service), key=lambda proposal: (proposal["proposal"]["approved_by"] is not None, proposal["proposal"]["expires_at"]))
        terms = _terms(service.world, found[:_MOST_EXPLAINED])
        return show("proposals", found=[(proposal, terms.get(proposal["id"])) for proposal in found], most_commands=_MOST_COMMANDS)


def _terms(world: World, found: list[dict[str, Any]]) -> dict[str, Terms | Silent]:
    """Ask Prometheus, for all of them at once, what each confidence is made of at this moment; by incident."""
    told = ask(
        {proposal["id"]: functools.partial(facts.look, world.prometheus, proposal["host"], proposal["target"]) for proposal in found}, _PATIENCE_SECONDS
    )
    return {
        proposal["id"]: answer
        if isinstance(answer := told[proposal["id"]], Silent)
        else terms_of(answer, Key(*(proposal[name] for name in Key._fields)), proposal["action"], proposal["risk"])
        for proposal in found
    }


PAGE = Page(add=_add, title="Proposals", order=20)
