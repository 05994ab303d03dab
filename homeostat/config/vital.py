"""What is never touched, whatever the configuration says: itself, its supervisor, the monitoring, remote access, the bus, the network."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service

NEVER = (
    "*homeostat*", "*prometheus*", "*alertmanager*", "*node-exporter*", "*node_exporter*", "thanos*", "mimir*", "victoriametrics*", "victoria-metrics*",
    "ssh", "sshd", "ssh@*", "sshd@*", "ssh-*", "sshd-*", "dropbear*", "dbus*", "systemd-*", "init", "-", "getty*", "polkit*", "networkmanager*", "networking",
    "network", "network-*", "ifup@*", "netplan*", "wpa_supplicant*", "dhcpcd*", "dhclient*", "iwd", "connman*", "firewalld", "ufw", "nftables", "iptables*",
    "netfilter-persistent", "wg-quick@*", "openvpn*", "tailscaled", "user@*",
)  # fmt: skip
_SUFFIXES = (".service", ".socket", ".scope", ".slice", ".target", ".mount")


def names_of(service: Service) -> set[str]:
    """Return what a service is called by whatever runs it; the words of the owner's own command too: `systemctl restart sshd` is no way around."""
    names = {service.unit} if service.unit is not None else set()
    return names | ({word for word in service.commands.restart if not word.startswith(("/", "-"))} if service.commands else set())


def is_vital(name: str) -> bool:
    """Say whether a unit or service of that name is never touched."""
    return any(fnmatch.fnmatchcase(_bare(name), pattern) for pattern in NEVER)


def _bare(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name).lower()
