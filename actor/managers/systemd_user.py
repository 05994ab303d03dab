"""Units of a user's systemd; the user needs linger, or there is no manager to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import systemctl
from actor.kinds import Manager

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service
    from homeostat.units.places import Place


def _place(service: Service) -> Place:
    assert service.user is not None
    return systemctl.place_of(service.user)


def _show(service: Service) -> Argv:
    return (*_place(service).systemctl, *systemctl.show(service))


def _restart(service: Service) -> Argv:
    return (*_place(service).systemctl, *systemctl.restart(service))


def _starts(service: Service, lines: int) -> Argv:
    return systemctl.starts(lines, f"USER_UNIT={service.unit}", f"_UID={_place(service).user[1]}")


MANAGER = Manager(show=_show, restart=_restart, starts=_starts)
