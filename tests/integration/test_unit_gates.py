"""What the gates see of real units: edits that a restart would deploy, starts that are counted, names behind names."""

from __future__ import annotations

import pathlib
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, incidents
from actor.model import Decided, EpisodeKey
from actor.playbook import load_playbooks
from actor.situation import ask_gates, observe
from actor.world import StopSwitch, World
from homeostat.clock import SystemClock
from homeostat.config import Config, Size
from homeostat.config.autonomy import Autonomy
from homeostat.config.catalogue import Service
from tests.integration.conftest import KEEPER, OF_KEEPER
from tests.support import FakeAlertmanager, FakePrometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

KEY = EpisodeKey("here", "memory_leak", "it", "memory")
SLEEP = "ExecStart=/bin/sleep infinity"
UNITS = "/etc/systemd/system"


def asked(service: Service) -> dict[str, tuple[str, str]]:
    """Ask every gate about a restart of `service`, in the machine, and return what each answers and why."""
    with tempfile.TemporaryDirectory() as folder:
        prometheus = FakePrometheus(SystemClock())
        prometheus.decide(KEY, "service-restart", "auto-execute", 0.95)
        world = World(
            config=Config(host=KEY.host, services={"it": service}, autonomy=Autonomy(mode="active", level="aggressive")),
            playbooks=load_playbooks(None),
            journal=Journal(pathlib.Path(folder), Size(4096)),
            clock=SystemClock(),
            prometheus=prometheus,
            alertmanager=FakeAlertmanager(),
            stop=StopSwitch(folder),
        )
        decided = Decided(key=KEY, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.95)
        with world.journal.transaction() as db:
            incidents.open_incident(db, "one", decided, (world.clock.now(), world.clock.now()))
        incident = incidents.find(world.journal, "one")
        assert incident is not None
        return {name: (verdict.answer, verdict.reason) for name, verdict in ask_gates(observe(world, incident)).items()}


def gate(machine: Machine, name: str, unit: str) -> tuple[str, str]:
    return machine.call(asked, Service(manager="systemd", unit=unit))[name]


def started(machine: Machine, name: str, *lines: str, unit: str = "") -> str:
    """Write a unit and start it; return its name."""
    machine.write(f"{UNITS}/{name}.service", "\n".join(["[Unit]", unit, "[Service]", *lines, ""]))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", name)
    return f"{name}.service"


def test_a_unit_that_runs_as_it_is_written_is_allowed_by_every_gate(machine: Machine) -> None:
    said = machine.call(asked, Service(manager="systemd", unit=started(machine, "gates-well", SLEEP)))
    assert {name: answer for name, answer in said.items() if answer[0] != "allow"} == {}


class TestDrifted:
    def test_an_edited_unit_is_not_restarted_before_nor_after_its_reload_until_a_person_deploys_it(self, machine: Machine) -> None:
        unit = started(machine, "gates-edited", SLEEP)
        machine.write(f"{UNITS}/{unit}", f"[Service]\n{SLEEP}\nNice=5\n")
        assert gate(machine, "drifted", unit) == ("refuse", "its unit was edited since it was loaded: a restart would deploy that")
        machine.run("systemctl", "daemon-reload")
        assert gate(machine, "drifted", unit) == ("refuse", f"{UNITS}/{unit} is newer than what runs: a restart would deploy that")
        machine.run("systemctl", "restart", unit)
        assert gate(machine, "drifted", unit) == ("allow", "it runs what is declared")

    def test_a_new_drop_in_is_an_edit(self, machine: Machine) -> None:
        unit = started(machine, "gates-dropped", SLEEP)
        machine.write(f"{UNITS}/{unit}.d/more.conf", "[Service]\nNice=5\n")
        machine.run("systemctl", "daemon-reload")
        assert gate(machine, "drifted", unit) == ("refuse", f"{UNITS}/{unit}.d/more.conf is newer than what runs: a restart would deploy that")

    def test_a_file_that_came_with_an_old_time_as_packages_bring_them_is_an_edit(self, machine: Machine) -> None:
        unit = started(machine, "gates-packaged", SLEEP)
        machine.write(f"{UNITS}/{unit}", f"[Service]\n{SLEEP}\nNice=5\n")
        machine.run("touch", "--date=2020-01-01", f"{UNITS}/{unit}")
        machine.run("systemctl", "daemon-reload")
        assert gate(machine, "drifted", unit)[0] == "refuse"

    def test_what_set_property_has_put_into_force_is_no_edit(self, machine: Machine) -> None:
        unit = started(machine, "gates-set", SLEEP)
        machine.run("systemctl", "set-property", "--runtime", unit, "CPUWeight=50")
        assert "system.control" in machine.run("systemctl", "show", "--property=DropInPaths", unit)
        assert gate(machine, "drifted", unit) == ("allow", "it runs what is declared")

    def test_a_unit_that_a_generator_wrote_is_judged_by_its_source(self, machine: Machine) -> None:
        script = "#!/bin/sh\nprintf '[Unit]\\nSourcePath=/etc/gates-made.source\\n[Service]\\nExecStart=/bin/sleep infinity\\n' >$1/gates-made.service\n"
        machine.write("/etc/gates-made.source", "one\n")
        machine.write("/etc/systemd/system-generators/gates", script)
        machine.run("chmod", "755", "/etc/systemd/system-generators/gates")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "gates-made")
        machine.run("systemctl", "daemon-reload")
        assert gate(machine, "drifted", "gates-made.service") == ("allow", "it runs what is declared")
        machine.write("/etc/gates-made.source", "two\n")
        machine.run("systemctl", "daemon-reload")
        assert gate(machine, "drifted", "gates-made.service")[1] == "/etc/gates-made.source is newer than what runs: a restart would deploy that"
        machine.run("rm", "/etc/systemd/system-generators/gates")


LIMIT = "StartLimitBurst=5\nStartLimitIntervalSec=1min 30s"
NEAR = ("defer", "another start would come too near its limit of 5 in 90 s")


class TestStartLimit:
    def test_whatever_was_started_by_whomever_the_unit_is_never_restarted_into_its_limit(self, machine: Machine) -> None:
        unit = started(machine, "gates-limited", SLEEP, unit=LIMIT)
        restarts = 0
        while restarts < 10 and gate(machine, "start-limit", unit)[0] == "allow":
            machine.run("systemctl", "restart", unit)
            restarts += 1
        assert restarts == 3
        assert gate(machine, "start-limit", unit) == NEAR
        # One is left for whoever must start it again; only the next would be the one too many.
        machine.run("systemctl", "restart", unit)
        machine.run("systemctl", "restart", unit, check=False)
        assert machine.run("systemctl", "is-active", unit, check=False).strip() == "failed"

    def test_a_unit_that_systemd_itself_restarts_again_and_again_is_left_to_it(self, machine: Machine) -> None:
        script = "/bin/sh -c 'test -e /run/gates-flaps && exec sleep infinity; n=$(cat /run/gates-n); echo $((n+1)) >/run/gates-n; test $n -lt 3 || touch /run/gates-flaps; exit 1'"
        machine.write("/run/gates-n", "0\n")
        unit = started(machine, "gates-flapping", f"ExecStart={script}", "Restart=on-failure", "RestartSec=50ms", unit=LIMIT)
        until(lambda: machine.run("systemctl", "show", "--property=NRestarts,SubState", unit).split() == ["NRestarts=4", "SubState=running"])
        assert gate(machine, "start-limit", unit) == NEAR

    def test_a_unit_whose_time_is_over_is_free_again(self, machine: Machine) -> None:
        unit = started(machine, "gates-rested", SLEEP, unit="StartLimitBurst=2\nStartLimitIntervalSec=3")
        assert gate(machine, "start-limit", unit)[0] == "defer"
        until(lambda: gate(machine, "start-limit", unit)[0] == "allow")
        machine.run("systemctl", "restart", unit)

    def test_a_unit_without_a_limit_has_none(self, machine: Machine) -> None:
        unit = started(machine, "gates-free", SLEEP, unit="StartLimitIntervalSec=0")
        assert gate(machine, "start-limit", unit) == ("allow", "it has no start limit")

    def test_a_users_unit_is_counted_by_the_same_journal(self, machine: Machine) -> None:
        machine.write("/etc/systemd/user/gates-own.service", f"[Unit]\n{LIMIT}\n[Service]\n{SLEEP}\n")
        machine.run(*OF_KEEPER, "daemon-reload")
        service = Service(manager="systemd-user", unit="gates-own.service", user=KEEPER)
        for verb in ("start", "restart", "restart"):
            machine.run(*OF_KEEPER, verb, "gates-own.service")
        assert machine.call(asked, service)["start-limit"] == ("allow", "its start limit is far enough")
        machine.run(*OF_KEEPER, "restart", "gates-own.service")
        assert machine.call(asked, service)["start-limit"] == NEAR


class TestProtected:
    def test_a_unit_by_another_name_is_known_by_all_its_names(self, machine: Machine) -> None:
        machine.write(f"{UNITS}/sshd.service", f"[Service]\n{SLEEP}\n")
        machine.run("ln", "--symbolic", "--force", f"{UNITS}/sshd.service", f"{UNITS}/innocent.service")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "innocent.service")
        assert gate(machine, "protected", "innocent.service") == ("refuse", "'sshd.service' is never touched: it keeps the host reachable, watched or alive")

    def test_a_unit_whose_restart_would_restart_a_vital_one_is_as_vital(self, machine: Machine) -> None:
        base = started(machine, "gates-base", SLEEP)
        machine.write(f"{UNITS}/prometheus.service", f"[Unit]\nRequires={base}\n[Service]\n{SLEEP}\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "prometheus.service")
        assert gate(machine, "protected", base) == ("refuse", "'prometheus.service' is never touched: it keeps the host reachable, watched or alive")


def until(holds: Callable[[], bool], seconds: float = 90) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it did not come to hold"
        time.sleep(0.1)
