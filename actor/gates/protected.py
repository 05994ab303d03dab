"""Never itself, its supervisor, the monitoring, remote access, the bus or the network, whatever the configuration says."""

from __future__ import annotations

import fnmatch
import pathlib
from typing import TYPE_CHECKING

from actor.model import Gate, Situation, Verdict

if TYPE_CHECKING:
    from actor.model import Case
    from homeostat.config import Config
    from homeostat.config.catalogue import Service

NEVER = (
    "homeostat*", "prometheus*", "alertmanager*", "node-exporter*", "node_exporter*", "ssh", "sshd", "ssh@*", "sshd@*", "dropbear*", "dbus*", "systemd-*", "init",
    "-", "getty*", "polkit*", "NetworkManager*", "networking", "network", "ifup@*", "wpa_supplicant*", "dhcpcd*", "dhclient*", "iwd", "connman*",
    "firewalld", "nftables", "iptables*", "wg-quick@*", "tailscaled", "user@*",
)  # fmt: skip
_SUFFIXES = (".service", ".socket", ".scope", ".slice", ".target", ".mount")


def _ask(situation: Situation) -> Verdict:
    names = _names(situation.incident.target, situation.service)
    touched = vital(situation)
    if touched is not None:
        return Verdict("refuse", touched, {"names": sorted(names)})
    return Verdict("allow", "nothing vital is touched", {"names": sorted(names)})


def vital(about: Situation | Case) -> str | None:
    """Say in words what acting on this target would touch that must never be touched, or None."""
    target = about.incident.target if isinstance(about, Situation) else about.target
    if about.filesystem is None:
        name = next((name for name in sorted(_names(target, about.service)) if _is_vital(name)), None)
        return f"{name!r} is never touched: it keeps the host reachable, watched or alive" if name is not None else None
    overlap = _state_below_a_rule(about.config)
    return f"cleanup rule {overlap!r} covers the actor's own state" if overlap is not None else None


def _names(target: str, service: Service | None) -> set[str]:
    names = {target}
    if service is not None:
        names |= {service.unit} if service.unit is not None else set()
        # The words of the owner's own command too: `systemctl restart sshd` is no way around this gate.
        names |= {word for word in service.commands.restart if not word.startswith(("/", "-"))} if service.commands else set()
    return names


def _is_vital(name: str) -> bool:
    return any(fnmatch.fnmatchcase(_bare(name), pattern) for pattern in NEVER)


def _bare(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


def _state_below_a_rule(config: Config) -> str | None:
    own = [pathlib.PurePosixPath(directory) for directory in (config.actor.state_directory, config.actor.root_directory)]
    rules = config.cleanup.items()
    return next((name for name, rule in rules if any(pathlib.PurePosixPath(rule.directory).is_relative_to(place) for place in own)), None)


GATE = Gate(order=20, ask=_ask)
