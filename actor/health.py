"""How the actor is and what its host answers: what only the actor can know, told to who examines the chain."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from actor.feasibility import known_protections
from actor.model import StepFailed
from actor.world import case_of
from homeostat import __version__
from homeostat.doctor.told import Health, HostHealth
from homeostat.in_time import ask_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.world import World

_HOST_SECONDS = 5.0
_AT_ONCE = 8
_EXECUTOR = "executor"


def health_of(world: World, port: int) -> Health:
    """Tell how the actor that listens on `port` is, without asking its host anything that could wait."""
    return Health(
        host=world.config.host,
        port=port,
        version=__version__,
        now=world.clock.now(),
        ready=world.ready.is_set(),
        journal_writable=world.journal.writable,
        shortage=world.journal.shortage(),
        state_directory=world.config.actor.state_directory,
        protections=known_protections(world),
    )


def ask_host(world: World) -> HostHealth:
    """Ask what runs each service whether it knows it, and root's executor for a sign of life; who is late is told as such."""
    asking = next((playbook for playbook in world.playbooks.values() if playbook.file.acts_on == "service"), None)
    questions: dict[str, Callable[[], str | None]] = {}
    if world.config.actor.executor_directory is not None:
        questions[_EXECUTOR] = functools.partial(_trouble, lambda: world.hands.kept(world.config))
    if asking is not None:
        for name in world.config.services:
            questions[f"service {name}"] = functools.partial(_trouble, functools.partial(world.hands.show, case_of(world, asking, name, "health")))
    answers = {name: str(answer) if isinstance(answer, Exception) else answer for name, answer in ask_all(questions, _HOST_SECONDS, _AT_ONCE, world.clock).items()}
    executor = answers.pop(_EXECUTOR, None)
    return HostHealth({name.removeprefix("service "): trouble for name, trouble in answers.items()}, executor)


def _trouble(ask: Callable[[], object]) -> str | None:
    """Return in words why there is no answer, None when there is one."""
    try:
        ask()
    except (StepFailed, OSError) as failure:
        return str(failure)
    return None
