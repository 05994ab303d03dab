"""Where units live: the system's systemd, or a user's, with the folders and the programs that belong to it."""

from __future__ import annotations

import dataclasses
import pathlib
import pwd
from typing import TYPE_CHECKING

from homeostat.units.command_lines import specifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeostat.config.catalogue import Argv, Service

SYSTEMCTL = "/usr/bin/systemctl"
PODMAN = ("/usr/bin/podman", "--log-level=error")


class Unreachable(Exception):  # noqa: N818 - an outcome, like all of ours
    """A manager that cannot be asked; the message says in one line why, and what helps."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """One systemd: what stands before a command so that it speaks to this one, whose it is, and where its quadlets lie."""

    prefix: Argv
    systemctl: Argv
    generator: Argv
    quadlets: tuple[str, ...]
    user: tuple[str, int] = ("root", 0)
    home: str | None = None

    @property
    def podman(self) -> Argv:
        """The start of a podman command here."""
        return (*self.prefix, *PODMAN)

    def specifiers(self, unit: str) -> dict[str, str]:
        """Return what systemd's specifiers mean in a unit of this place."""
        return specifiers(unit, self.home, self.user)


SYSTEM = Place(
    prefix=(),
    systemctl=(SYSTEMCTL,),
    generator=("/usr/lib/systemd/system-generators/podman-system-generator", "--dryrun"),
    quadlets=("/run/containers/systemd", "/etc/containers/systemd", "/usr/share/containers/systemd"),
)


def by_user(services: Mapping[str, Service]) -> dict[str | None, dict[str, Service]]:
    """Return services by whose they are, None for the system; those of `manager: command` have no place."""
    found: dict[str | None, dict[str, Service]] = {}
    for name, service in services.items():
        if service.manager != "command":
            found.setdefault(service.user if service.manager == "systemd-user" else None, {})[name] = service
    return found


def place_for(user: str | None) -> Place:
    """Return the system's place, or a user's. Raises Unreachable."""
    return SYSTEM if user is None else of_user(user)


def of_user(name: str) -> Place:
    """Return the place of a user's units; the user needs linger, or there is no manager to ask. Raises Unreachable."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Unreachable(f"there is no user {name!r} on this host") from None
    runtime = f"/run/user/{entry.pw_uid}"
    if not pathlib.Path(runtime, "systemd").exists():
        raise Unreachable(f"no systemd runs for {name!r}; start one with: loginctl enable-linger {name}")
    prefix = ("/usr/sbin/runuser", "-u", name, "--", "/usr/bin/env", f"XDG_RUNTIME_DIR={runtime}", f"HOME={entry.pw_dir}")
    return Place(
        prefix=prefix,
        systemctl=(*prefix, SYSTEMCTL, "--user"),
        generator=(*prefix, "/usr/lib/systemd/user-generators/podman-user-generator", "--user", "--dryrun"),
        quadlets=(f"{entry.pw_dir}/.config/containers/systemd", f"{runtime}/containers/systemd", f"/etc/containers/systemd/users/{entry.pw_uid}",
                  "/etc/containers/systemd/users"),
        user=(name, entry.pw_uid),
        home=entry.pw_dir,
    )  # fmt: skip
