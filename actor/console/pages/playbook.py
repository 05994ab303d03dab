"""`/playbooks/NAME`: one playbook: its steps, protection and verification in words, how far it is trusted, and its last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Refused
from actor.console.page import Page, show
from actor.console.standing import cells_of, standing_of
from actor.insights import insights
from actor.journal import incidents, ledger
from actor.learn import success_ratio
from actor.meaning import protection_in_words, step_in_words, verification_in_words
from actor.ranking import ranking
from homeostat.config import Duration
from homeostat.config.writing import written

if TYPE_CHECKING:
    import flask

    from actor.playbook import Playbook
    from actor.service import Service
    from actor.world import World

_LAST = 10


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/playbooks/<name>", endpoint="playbook")
    def look(name: str) -> flask.Response:
        world = service.world
        playbook = world.playbooks.get(name)
        if playbook is None:
            raise Refused(f"there is no playbook of that name; known: {', '.join(sorted(world.playbooks))}", 404)
        return show(
            "playbook",
            playbook=playbook,
            file=playbook.file,
            standing=standing_of(world, playbook),
            cells=cells_of(world, playbook),
            floors=world.config.autonomy,
            places=_places(world, playbook),
            steps=[(planned.kind, step_in_words(planned.kind), written(planned.options)) for planned in playbook.steps],
            protection=list(protection_in_words(playbook)),
            verification=list(verification_in_words(playbook)),
            cooldown=_cooldown(world, playbook),
            records=[(target, record, success_ratio(record.successes, record.trials)) for target, record in ledger.records(world.journal) if record.action == name],
            sentences=[sentence for sentence in insights(world.journal) if sentence.startswith(f"{name} at ")],
            runs=incidents.runs_of(world.journal, name, _LAST),
        )


def _places(world: World, playbook: Playbook) -> list[tuple[str, int | None, int]]:
    """Return for each problem that it answers its place among those that do (None: not ranked), and how many there are."""
    ranked = ranking(world.journal, world.config, world.playbooks)
    places = []
    for problem in playbook.file.answers:
        names = [other.name for other in ranked.get(problem, [])]
        places.append((problem, names.index(playbook.name) + 1 if playbook.name in names else None, len(names)))
    return places


def _cooldown(world: World, playbook: Playbook) -> Duration:
    """Return how long it rests at a target after it ran there: by your word, its own, or that of its class."""
    override = world.config.autonomy.actions.get(playbook.name)
    if override is not None and override.cooldown is not None:
        return override.cooldown
    if playbook.file.cooldown is not None:
        return playbook.file.cooldown
    rests: Duration = getattr(world.config.limits.cooldowns, playbook.file.action_class, Duration(0))
    return rests


PAGE = Page(add=_add)
