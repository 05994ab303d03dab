"""Units of a user's systemd; the user needs linger, or there is no manager to ask."""

from __future__ import annotations

import pathlib
import pwd
from typing import TYPE_CHECKING

from actor import systemctl
from actor.kinds import Manager
from actor.model import StepFailed

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service


def _uid(service: Service) -> int:
    assert service.user is not None
    try:
        return pwd.getpwnam(service.user).pw_uid
    except KeyError:
        raise StepFailed(f"there is no user {service.user!r} on this host") from None


def _systemctl(service: Service) -> Argv:
    assert service.user is not None
    uid = _uid(service)
    if not pathlib.Path(f"/run/user/{uid}/systemd").exists():
        raise StepFailed(f"no systemd runs for {service.user!r}; start one with: loginctl enable-linger {service.user}")
    runtime = f"XDG_RUNTIME_DIR=/run/user/{uid}"
    return ("/usr/sbin/runuser", "-u", service.user, "--", "/usr/bin/env", runtime, "/usr/bin/systemctl", "--user")


def _show(service: Service) -> Argv:
    return (*_systemctl(service), *systemctl.show(service))


def _restart(service: Service) -> Argv:
    return (*_systemctl(service), *systemctl.restart(service))


def _starts(service: Service, lines: int) -> Argv:
    return systemctl.starts(lines, f"USER_UNIT={service.unit}", f"_UID={_uid(service)}")


MANAGER = Manager(show=_show, restart=_restart, starts=_starts)
