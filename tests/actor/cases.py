"""The case that a step or a protection works for, on a small real host."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from actor.model import Case
from tests.support import configured

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Command
    from homeostat.config import Config
    from tests.support import Host


def case(host: Host, target: str, *, stopped: Callable[[], bool] = lambda: False, incident_id: str = "i1", **changes: Any) -> Case:
    """Return the case of an incident at a target of the host."""
    config: Config = configured(host.settings(), **changes)
    filesystem, service = config.filesystems.get(target), config.services.get(target)
    return Case(
        incident_id=incident_id,
        action="disk-cleanup" if filesystem else "service-restart",
        target=target,
        config=config,
        service=service,
        filesystem=filesystem,
        root=(filesystem.path or target) if filesystem else None,
        now=host.clock.now(),
        stopped=stopped,
        subvolume=service.subvolume if service else None,
        write_set=service.files if service else (),
    )


def reconfigured(about: Case, host: Host, **changes: Any) -> Case:
    """Return the same case under another configuration."""
    config = configured(host.settings(), **changes)
    return dataclasses.replace(about, config=config, service=config.services.get(about.target))


def argv(command: Command) -> list[str]:
    """Return the argv that a command would start."""
    found: list[str] = command.arguments["argv"]
    return found
