"""Units of a user, containers of podman 4 and services without systemd are seen as they are; and no user has root read what is not theirs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from homeostat.config.catalogue import Service, ServiceCommands
from homeostat.units import states
from homeostat.units.differences import as_started, differences
from homeostat.units.look import look
from tests.integration.conftest import KEEPER, OF_KEEPER
from tests.integration.stack import wait_for

if TYPE_CHECKING:
    from homeostat.units.facts import Look
    from homeostat.units.states import States
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

OWN = f"/home/{KEEPER}/.config/systemd/user"


# What runs inside the machine, by name.


def look_at(services: dict[str, Service]) -> Look:
    return look(services)


def states_of(services: dict[str, Service]) -> States:
    return states.look(services)


# What the tests ask of it.


def of_keeper(machine: Machine, name: str, text: str) -> Service:
    """Write a unit of a user's own, start it, and return it as the catalogue would name it."""
    machine.write(f"{OWN}/{name}", text)
    machine.run("chown", "-R", KEEPER, f"/home/{KEEPER}")
    machine.run(*OF_KEEPER, "daemon-reload")
    machine.run(*OF_KEEPER, "start", name)
    return Service(manager="systemd-user", unit=name, user=KEEPER)


def test_a_users_unit_and_its_drift_are_seen(machine: Machine) -> None:
    services = {"theirs": of_keeper(machine, "seen.service", "[Service]\nExecStart=/bin/sleep infinity\nEnvironment=AT=%h\n")}
    state = machine.call(states_of, services).services["theirs"]
    assert (state.state, state.result) == ("active", "success")
    assert (state.memory_bytes or 0) > 0
    former = as_started(machine.call(look_at, services).units["theirs"])
    assert former is not None
    machine.write(f"{OWN}/seen.service.d/10.conf", "[Service]\nUMask=0077\n")
    assert [each.words for each in differences(machine.call(look_at, services).units["theirs"], former)] == ["UMask 0077 in the file, none in what runs"]
    machine.run(*OF_KEEPER, "stop", "seen.service")
    assert machine.call(states_of, services).services["theirs"].state == "inactive"


def test_a_stop_of_a_users_enabled_unit_is_told_from_its_own_end_and_from_a_start_that_could_not_be(machine: Machine) -> None:
    text = "[Service]\nExecStart=/bin/sleep {}\n[Install]\nWantedBy=default.target\n"
    services = {name: of_keeper(machine, f"{name}.service", text.format(seconds)) for name, seconds in (("stopped", 999), ("itself", 1))}
    machine.run(*OF_KEEPER, "enable", "stopped.service", "itself.service")
    machine.run(*OF_KEEPER, "restart", "itself.service")
    machine.run(*OF_KEEPER, "stop", "stopped.service")
    machine.write(f"{OWN}/fails.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n")
    machine.write(f"{OWN}/unstarted.service", f"[Unit]\nRequires=fails.service\nAfter=fails.service\n{text.format(999)}")
    machine.run(*OF_KEEPER, "daemon-reload")
    machine.run(*OF_KEEPER, "enable", "--now", "unstarted.service", check=False)
    services["unstarted"] = Service(manager="systemd-user", unit="unstarted.service", user=KEEPER)
    wait_for("its own end", lambda: machine.run(*OF_KEEPER, "is-active", "itself.service", check=False).strip() == "inactive")
    told = machine.call(states_of, services).services
    assert {name: (state.state, state.wanted, state.ended) for name, state in told.items()} == {name: ("inactive", True, name) for name in services}


def test_a_unit_is_seen_by_each_of_its_names_and_a_name_that_is_none_hides_no_other(machine: Machine) -> None:
    machine.write("/etc/systemd/system/known.service", "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nAlias=alias.service\n")
    machine.run("systemctl", "enable", "--now", "known.service")
    names = ("alias", "no@", "known")
    told = machine.call(states_of, {name: Service(manager="systemd", unit=f"{name}.service") for name in names})
    assert {name: state.state for name, state in told.services.items()} == {"alias": "active", "known": "active"}
    assert "no@.service is neither a valid invocation ID nor unit name" in told.unseen["no@"]


def test_root_reads_nothing_for_a_user_that_they_could_not_read(machine: Machine) -> None:
    machine.write("/etc/secret.service", "[Service]\nExecStart=/bin/true\nUser=hunter2\n")
    machine.run("chmod", "600", "/etc/secret.service")
    machine.run("/bin/sh", "-ec", f"mkdir -p {OWN}; ln -sf /etc/secret.service {OWN}/link.service; mkfifo {OWN}/pipe.service; chown -R {KEEPER} /home/{KEEPER}")
    services = {name: Service(manager="systemd-user", unit=f"{name}.service", user=KEEPER) for name in ("link", "pipe")}
    began = time.monotonic()
    seen = machine.call(look_at, services)
    assert time.monotonic() - began < 60
    assert {unit.declared == {} for unit in seen.units.values()} == {True}
    assert "hunter2" not in str(seen)


@pytest.mark.parametrize(("check", "health"), [('["/bin/sleep", "0"]', "healthy"), ('["/bin/sleep", "x"]', "unhealthy")])
def test_the_health_of_a_container_stands_beside_its_state(machine: Machine, check: str, health: str) -> None:
    name = f"with-{health}"
    machine.run("podman", "run", "--detach", f"--name={name}", "--network=none", "--stop-signal=KILL", f"--health-cmd={check}", "--health-retries=1", "box", "/bin/sleep", "999")
    machine.run("podman", "healthcheck", "run", name, check=False)
    state = machine.call(states_of, {"box": Service(manager="podman", unit=name)}).services["box"]
    assert (state.state, state.health) == ("active", health)
    machine.run("podman", "stop", name)
    assert machine.call(states_of, {"box": Service(manager="podman", unit=name)}).services["box"].state == "inactive"


def test_a_container_that_died_of_itself_failed(machine: Machine) -> None:
    machine.run("podman", "run", "--name=dead", "--network=none", "box", "/bin/sleep", "x", check=False)
    state = machine.call(states_of, {"box": Service(manager="podman", unit="dead")}).services["box"]
    assert (state.state, state.result) == ("failed", "exit code 1")


def test_a_service_without_systemd_tells_of_itself_unless_another_could_have_written_its_program(machine: Machine) -> None:
    machine.write("/srv/show", "#!/bin/sh\necho ActiveState=active; echo InvocationID=one; echo NRestarts=3\n")
    machine.run("chmod", "755", "/srv/show")
    commands = ServiceCommands(show=("/srv/show",), restart=("/bin/true",))
    services = {"own": Service(manager="command", commands=commands)}
    state = machine.call(states_of, services).services["own"]
    assert (state.state, state.invocation, state.restarts) == ("active", "one", 3)
    machine.run("chmod", "777", "/srv/show")
    assert machine.call(states_of, services).unseen == {"own": "/srv/show must belong to root and be writable by nobody else"}
    assert machine.call(look_at, services).units == {}
