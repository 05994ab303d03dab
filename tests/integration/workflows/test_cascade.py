"""Workflow 6: redis dies and takes others down; it is restarted first, then what needs it and does not come back by itself, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from homeostat import words

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

# A service that listens, notes each of its starts, and dies where what it needs cannot be reached, as many do.
APP = """\
import contextlib, pathlib, socket, sys
name, port, needed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def reached(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0

if name == "probe":
    sys.exit(not reached(port))
with socket.create_server(("127.0.0.1", port), reuse_port=True) as door:
    if needed and not reached(needed):
        sys.exit(f"{name}: what it needs cannot be reached")
    with pathlib.Path("/run/started").open("a") as book:
        book.write(f"{name}\\n")
    door.settimeout(0.2)
    while not needed or reached(needed):
        with contextlib.suppress(TimeoutError):
            door.accept()[0].close()
sys.exit(f"{name}: what it needs is gone")
"""
EXECUTED = "|".join(words.EXECUTED)


def install(home: Home, services: dict[str, tuple[int, str | None, str]]) -> None:
    """Start services, each with its port, what it needs, and how systemd restarts it."""
    home.write("/usr/local/lib/app.py", APP)
    home.run("rm", "-f", "/run/started")
    for name, (port, needed, restart) in services.items():
        needs_port = services[needed][0] if needed else 0
        run = f"ExecStart=/usr/bin/python3 /usr/local/lib/app.py {name} {port} {needs_port}"
        home.unit(f"{name}.service", f"[Unit]\nStartLimitIntervalSec=0\n[Service]\n{run}\nRestart={restart}\nRestartSec=500ms\n")
        home.until(f"{name} to listen", lambda port=port: home.run("/usr/bin/python3", "/usr/local/lib/app.py", "probe", str(port), "0", check=False) == "")
        home.until(f"{name} to be up", lambda name=name: name in started(home))


def catalogued(services: dict[str, tuple[int, str | None, str]]) -> dict[str, Any]:
    return {
        name: {
            "manager": "systemd",
            "unit": f"{name}.service",
            "health": ["/usr/bin/python3", "/usr/local/lib/app.py", "probe", str(port), "0"],
            "depends_on": [needed] if needed else [],
        }
        for name, (port, needed, _) in services.items()
    }


def started(home: Home) -> list[str]:
    """Return the services in the order in which they were started."""
    return home.run("cat", "/run/started", check=False).split()


def seen_down(home: Home) -> set[str]:
    return {one["metric"]["target"] for one in home.query('homeostat_problem_confidence_ratio{problem="service_down"}')}


def active(home: Home, *names: str) -> list[str]:
    return home.run("systemctl", "is-active", *(f"{name}.service" for name in names), check=False).split()


def test_the_dependency_first_then_in_order_what_does_not_come_back_by_itself(home: Home) -> None:
    services = {"redis": (6379, None, "no"), "authelia": (9091, "redis", "no"), "mail": (2525, "redis", "always"), "portal": (8088, "authelia", "no")}
    install(home, services)
    home.configure(
        services=catalogued(services),
        # What dies again and again while it waits for what it needs is no trouble of its own here.
        exporter={"observers": {"services": {"loop_restarts": 1000}}},
        # A restart of one service alone would be quicker than what is told of first.
        autonomy={"actions": {"service-restart": {"requires_confirmation": True}}},
    )
    before = started(home)
    home.run("systemctl", "kill", "--signal=KILL", "redis.service")
    # The observer of services sees those that failed; what systemd starts again and again is not down yet.
    home.until("them to be seen down", lambda: seen_down(home) >= {"redis", "authelia", "portal"})
    # Which cascades there are it asks once a minute, and after a reload.
    home.reload("actor")
    story = home.incident("service_down", "redis", "succeeded", seconds=240)
    assert story["action"] == "service-cascade-restart"
    assert active(home, *services) == ["active"] * 4
    again = started(home)[len(before) :]
    assert [name for name in again if name != "mail"] == ["redis", "authelia", "portal"]
    executed = [phase["result"] for phase in story["phases"] if phase["phase"] == "execute"]
    assert {one["service"]: one["restarted"] for one in executed if "service" in one} == {"authelia": True, "mail": False, "portal": True}
    assert "services-well-ratio went from 0.0000 to 1.0000" in story["reason"]
    assert "the host's health score went from" in story["reason"]
    assert home.until("it to be told before", lambda: home.told("HomeostatAnnouncement", "redis"))
    assert "then, once redis is well, restart authelia if it is not well by then" in str(story)
    # What needs it had problems of its own meanwhile: nothing more was done about them.
    assert home.query(f'homeostat_actions_total{{target=~"authelia|mail|portal", outcome=~"{EXECUTED}"}} > 0') == []


def test_where_a_restart_needs_no_word_before_the_dependency_is_restarted_at_once_and_the_rest_only_if_it_is_still_down(home: Home) -> None:
    services = {"cache": (6380, None, "no"), "shop": (8090, "cache", "always"), "basket": (8091, "cache", "no")}
    install(home, services)
    home.configure(services=catalogued(services), autonomy={"actions": {"service-restart": {"requires_confirmation": False}}})
    before = started(home)
    home.run("systemctl", "kill", "--signal=KILL", "cache.service")
    assert home.incident("service_down", "cache", "succeeded", seconds=240)["action"] == "service-restart"
    home.incident("service_down", "basket", "succeeded", seconds=240)
    again = started(home)[len(before) :]
    assert [name for name in again if name != "shop"] == ["cache", "basket"]
    assert home.query(f'homeostat_actions_total{{target="shop", outcome=~"{EXECUTED}"}} > 0') == []
