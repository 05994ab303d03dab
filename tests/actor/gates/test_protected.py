"""Gate `protected`: never itself, its supervisor, the monitoring, remote access, the bus or the network."""

from __future__ import annotations

import pytest

from tests.actor.gates.situations import DISK, ask, config, incident, situation

VITAL = [
    "homeostat-actor.service", "homeostat", "prometheus.service", "prometheus-node-exporter", "prometheus-alertmanager.service", "alertmanager",
    "node_exporter", "ssh", "ssh.service", "sshd.service", "ssh.socket", "ssh@1.service", "dbus.service", "dbus-broker.service", "systemd-journald.service",
    "systemd-networkd.service", "init.scope", "-.slice", "-.mount", "getty@tty1.service", "polkit.service", "NetworkManager.service", "networking.service",
    "wpa_supplicant@wlan0.service", "nftables.service", "wg-quick@wg0.service", "tailscaled.service", "user@1000.service", "homeostat.slice",
]  # fmt: skip


def called(unit: str, target: str = "web") -> tuple[str, str]:
    # The configuration takes nothing but services from systemd; a container may have any name.
    manager = "systemd" if unit.endswith(".service") else "podman"
    settings = config(services={target: {"manager": manager, "unit": unit}})
    return ask("protected", situation(incident(target=target), settings))


@pytest.mark.parametrize("unit", VITAL)
def test_a_vital_unit_is_refused_whatever_the_catalogue_calls_it(unit: str) -> None:
    answer, reason = called(unit)
    assert (answer, reason) == ("refuse", f"{unit!r} is never touched: it keeps the host reachable, watched or alive")


@pytest.mark.parametrize("target", ["sshd", "prometheus", "homeostat-actor"])
def test_a_vital_name_is_refused_whatever_unit_stands_behind_it(target: str) -> None:
    assert called("harmless.service", target)[0] == "refuse"


@pytest.mark.parametrize("unit", ["web.service", "jellyfin.service", "grafana-server.service", "my-ssh-tunnel.service", "initialise.service"])
def test_other_units_are_allowed(unit: str) -> None:
    assert called(unit) == ("allow", "nothing vital is touched")


def test_a_cleanup_is_refused_where_a_rule_lies_in_the_actors_own_state() -> None:
    rules = {"cleanup": {"greedy": {"directory": "/var/lib/homeostat/old", "pattern": "*.db", "older_than": "1h"}}}
    assert ask("protected", situation(incident(DISK), config(**rules))) == ("refuse", "cleanup rule 'greedy' covers the actor's own state")


def test_a_cleanup_elsewhere_is_allowed() -> None:
    assert ask("protected", situation(incident(DISK)))[0] == "allow"
