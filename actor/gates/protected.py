"""Never itself, its supervisor, the monitoring, remote access, the bus or the network, whatever the configuration says."""

from __future__ import annotations

import fnmatch
import pathlib

from actor.model import Gate, Situation, Verdict

NEVER = (
    "homeostat*", "prometheus*", "alertmanager*", "node-exporter*", "node_exporter*", "ssh", "sshd", "ssh@*", "sshd@*", "dropbear*", "dbus*", "systemd-*", "init",
    "-", "getty*", "polkit*", "NetworkManager*", "networking", "network", "ifup@*", "wpa_supplicant*", "dhcpcd*", "dhclient*", "iwd", "connman*",
    "firewalld", "nftables", "iptables*", "wg-quick@*", "tailscaled", "user@*",
)  # fmt: skip
_SUFFIXES = (".service", ".socket", ".scope", ".slice", ".target", ".mount")


def _ask(situation: Situation) -> Verdict:
    names = {situation.incident.target}
    if situation.service is not None:
        names |= {situation.service.unit} if situation.service.unit is not None else set()
        # The words of the owner's own command too: `systemctl restart sshd` is no way around this gate.
        names |= {word for word in situation.service.commands.restart if not word.startswith(("/", "-"))} if situation.service.commands else set()
    for name in sorted(names):
        pattern = next((pattern for pattern in NEVER if fnmatch.fnmatchcase(_bare(name), pattern)), None)
        if pattern is not None and situation.filesystem is None:
            return Verdict("refuse", f"{name!r} is never touched: it keeps the host reachable, watched or alive", {"matched": pattern})
    overlap = _state_below_a_rule(situation)
    if overlap is not None:
        return Verdict("refuse", f"cleanup rule {overlap!r} covers the actor's own state", {"rule": overlap})
    return Verdict("allow", "nothing vital is touched", {"names": sorted(names)})


def _bare(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


def _state_below_a_rule(situation: Situation) -> str | None:
    if situation.filesystem is None:
        return None
    state = pathlib.PurePosixPath(situation.config.actor.state_directory)
    rules = situation.config.cleanup.items()
    return next((name for name, rule in rules if pathlib.PurePosixPath(rule.directory).is_relative_to(state)), None)


GATE = Gate(order=20, ask=_ask)
