"""What is never touched, whatever the configuration says: itself, its supervisor, the monitoring, remote access, the bus, the network."""

from __future__ import annotations

import fnmatch

NEVER = (
    "*homeostat*", "*prometheus*", "*alertmanager*", "*node-exporter*", "*node_exporter*", "thanos*", "mimir*", "victoriametrics*", "victoria-metrics*",
    "ssh", "sshd", "ssh@*", "sshd@*", "ssh-*", "sshd-*", "dropbear*", "dbus*", "systemd-*", "init", "-", "getty*", "polkit*", "networkmanager*", "networking",
    "network", "network-*", "ifup@*", "netplan*", "wpa_supplicant*", "dhcpcd*", "dhclient*", "iwd", "connman*", "firewalld", "ufw", "nftables", "iptables*",
    "netfilter-persistent", "wg-quick@*", "openvpn*", "tailscaled", "user@*",
)  # fmt: skip
_SUFFIXES = (".service", ".socket", ".scope", ".slice", ".target", ".mount")


def is_vital(name: str) -> bool:
    """Say whether a unit or service of that name is never touched."""
    return any(fnmatch.fnmatchcase(_bare(name), pattern) for pattern in NEVER)


def _bare(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name).lower()
