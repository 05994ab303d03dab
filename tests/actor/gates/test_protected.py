"""Gate `protected`: never itself, its supervisor, the monitoring, remote access, the bus or the network."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.model import Command, EpisodeKey, Plan
from homeostat.config.catalogue import Service, ServiceCommands
from homeostat.config.vital import NEVER
from tests.actor.gates.situations import DISK, HOST, RUNNING, ask, config, incident, situation

VITAL = [
    "homeostat-actor.service", "homeostat", "prometheus.service", "prometheus-node-exporter", "prometheus-alertmanager.service", "alertmanager",
    "node_exporter", "ssh", "ssh.service", "sshd.service", "ssh.socket", "ssh@1.service", "dbus.service", "dbus-broker.service", "systemd-journald.service",
    "systemd-networkd.service", "init.scope", "-.slice", "-.mount", "getty@tty1.service", "polkit.service", "NetworkManager.service", "networking.service",
    "NETWORKMANAGER.service", "my-prometheus", "lab_alertmanager-1", "victoria-metrics", "ufw.service", "openvpn@home.service", "ssh-agent.service",
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


@pytest.mark.parametrize("unit", ["sshd.service", "prometheus.service", "dbus.socket"])
def test_a_unit_that_has_a_vital_name_too_or_would_restart_a_vital_unit_is_refused(unit: str) -> None:
    state = msgspec.structs.replace(RUNNING, touches=("web.service", unit))
    assert ask("protected", situation(unit_state=state)) == ("refuse", f"{unit!r} is never touched: it keeps the host reachable, watched or alive")


def test_a_host_may_bear_any_name_for_it_is_no_unit() -> None:
    about = incident(EpisodeKey("homeostat-nas", "resource_pressure", "homeostat-nas", "memory"))
    assert ask("protected", situation(about, config(host="homeostat-nas"), unit_state=None)) == ("allow", "nothing vital is touched")


def test_a_plan_that_touches_a_vital_unit_is_refused() -> None:
    limit = Command(step="limit-memory", summary="limit", arguments={"unit": "sshd.service"}, expected="", oracle="")
    plan = Plan(action="resource-pressure", target=HOST, commands=(limit,), confidence=0.8, risk="medium", duration_seconds=1.0)
    assert ask("protected", situation(plan=plan))[0] == "refuse"


BARE = st.sampled_from(sorted({pattern.replace("*", "") for pattern in NEVER} - {"-"}))
ENDINGS = st.sampled_from([".service", ".socket", ".scope", ".slice", ".target", ".mount", ""])


@given(BARE, ENDINGS, st.data(), st.sampled_from(["target", "unit", "touched", "command"]))
def test_a_vital_name_is_refused_in_any_case_with_any_ending_wherever_it_stands(bare: str, ending: str, data: st.DataObject, where: str) -> None:
    name = "".join(letter.upper() if data.draw(st.booleans()) else letter for letter in bare) + ending
    about, service = incident(target=name if where == "target" else "web"), config().services["web"]
    if where == "unit":
        service = Service(manager="podman", unit=name)
    if where == "command":
        service = Service(manager="command", commands=ServiceCommands(show=("/bin/true",), restart=("/usr/bin/systemctl", "restart", name)))
    state = msgspec.structs.replace(RUNNING, touches=(name,) if where == "touched" else ())
    assert ask("protected", situation(about, service=service, unit_state=state))[0] == "refuse"
