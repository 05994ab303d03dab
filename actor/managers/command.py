"""Services without systemd: the owner's own programs, which only the owner of this process may have written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Manager
from actor.owned import owned

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service


def _show(service: Service) -> Argv:
    assert service.commands is not None
    return owned(service.commands.show)


def _restart(service: Service) -> Argv:
    assert service.commands is not None
    return owned(service.commands.restart)


MANAGER = Manager(show=_show, restart=_restart)
