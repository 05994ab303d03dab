"""Units of the system's systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import systemctl
from actor.kinds import Manager

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service

SYSTEMCTL = "/usr/bin/systemctl"


def _show(service: Service) -> Argv:
    return (SYSTEMCTL, *systemctl.show(service))


def _restart(service: Service) -> Argv:
    return (SYSTEMCTL, *systemctl.restart(service))


def _starts(service: Service, lines: int) -> Argv:
    return systemctl.starts(lines, f"UNIT={service.unit}")


MANAGER = Manager(show=_show, restart=_restart, starts=_starts)
