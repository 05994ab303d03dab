"""Never itself, its supervisor, the monitoring, remote access, the bus or the network, whatever the configuration says."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.config.vital import is_vital, names_of

if TYPE_CHECKING:
    from actor.model import Case
    from homeostat.config import Config
    from homeostat.config.catalogue import Service


def _ask(situation: Situation) -> Verdict:
    names = _touched(situation)
    touched = vital(situation)
    if situation.playbook is not None and situation.playbook.only_reads:
        return Verdict("allow", "it only reads: nothing is touched", {"names": sorted(names)})
    if touched is not None:
        return Verdict("refuse", touched, {"names": sorted(names)})
    return Verdict("allow", "nothing vital is touched", {"names": sorted(names)})


def vital(about: Situation | Case) -> str | None:
    """Say in words what acting on this target would touch that must never be touched, or None."""
    if about.filesystem is None:
        name = next((name for name in sorted(_touched(about)) if is_vital(name)), None)
        return f"{name!r} is never touched: it keeps the host reachable, watched or alive" if name is not None else None
    overlap = _state_below_a_rule(about.config)
    return f"cleanup rule {overlap!r} covers the actor's own state" if overlap is not None else None


def _touched(about: Situation | Case) -> set[str]:
    if not isinstance(about, Situation):
        return _names(about.config, about.target, about.service)
    # All the unit's names, whatever systemd would restart along with it, and what else a plan is about to touch.
    touches = about.unit_state.touches if about.unit_state is not None else ()
    planned = {command.arguments["unit"] for command in about.plan.commands if "unit" in command.arguments} if about.plan is not None else set()
    return _names(about.config, about.incident.target, about.service) | set(touches) | planned


def _names(config: Config, target: str, service: Service | None) -> set[str]:
    # A host may bear any name: it is no unit.
    names = {target} if service is not None or target != config.host else set()
    return names | (names_of(service) if service is not None else set())


def _state_below_a_rule(config: Config) -> str | None:
    own = [pathlib.PurePosixPath(directory) for directory in (config.actor.state_directory, config.actor.root_directory)]
    rules = config.cleanup.items()
    return next((name for name, rule in rules if any(pathlib.PurePosixPath(rule.directory).is_relative_to(place) for place in own)), None)


GATE = Gate(order=20, ask=_ask)
