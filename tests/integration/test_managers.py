"""Services that a real systemd, a user's systemd and podman run are shown, restarted and verified as the actor does it."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from actor import unit
from actor.journal import Journal, incidents
from actor.model import Case, Command, Decided, EpisodeKey, StepFailed
from actor.pipeline import act
from actor.playbook import load_playbooks
from actor.steps.restart_service import STEP, Options
from actor.work import Work
from actor.world import StopSwitch, World, case_of
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, Duration, Size, loads
from homeostat.config.autonomy import ActionOverride, Autonomy
from homeostat.config.catalogue import Service
from tests.integration.conftest import KEEPER, OF_KEEPER
from tests.support import FakeAlertmanager, FakePrometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

# 5 MB every 0.1 s up to 150 MB: what it holds tells how long it runs.
# It has leaked for long when the test looks at it first, and not yet after its restart.
LEAK = """
import pathlib, time
mark = pathlib.Path("/srv/leaked")
held = b"x" * (1 if mark.exists() else 150_000_000)
mark.touch()
time.sleep(999)
"""


# What runs inside the machine, by name.


def never() -> bool:
    return False


@dataclasses.dataclass
class Deed:
    """How an action ended and what the journal holds of it: each phase's failure, None where it went well."""

    outcome: str
    reason: str
    phases: dict[str, str | None]


def do_it(service: Service, settle_seconds: float, watch_seconds: float = 0.0) -> Deed:
    """Let the actor restart a service; its journal is real, Prometheus only decides, and nothing is silenced."""
    with tempfile.TemporaryDirectory() as folder:
        key = EpisodeKey("here", "memory_leak", "it", "memory")
        world = _world(service, (settle_seconds, watch_seconds), folder, key)
        decided = Decided(
            key=key, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.9
        )
        with world.journal.transaction() as db:
            incidents.open_incident(db, "one", decided, (world.clock.now(), world.clock.now()))
        incident = incidents.find(world.journal, "one")
        assert incident is not None
        playbook = world.playbooks["service-restart"]
        outcome, reason = act(Work(world, incident, playbook, case_of(world, playbook, "it", "one")))
        phases = {row["phase"]: row["failure"] for row in incidents.phases_of(world.journal, "one")}
        return Deed(outcome, reason, phases)


def _world(service: Service, seconds: tuple[float, float], folder: str, key: EpisodeKey) -> World:
    override = ActionOverride(settle=Duration(seconds[0]), watch=Duration(seconds[1]))
    autonomy = Autonomy(mode="active", level="aggressive", actions={"service-restart": override})
    prometheus = FakePrometheus(SystemClock())
    prometheus.decide(key, "service-restart", "auto-execute", 0.95)
    config = Config(host=key.host, services={"it": service}, autonomy=autonomy)
    return World(
        config=config,
        playbooks=load_playbooks(None),
        journal=Journal(pathlib.Path(folder), Size(4096)),
        clock=SystemClock(),
        prometheus=prometheus,
        alertmanager=FakeAlertmanager(),
        stop=StopSwitch(folder),
    )


# What the tests ask of the machine.


def case(service: Service) -> Case:
    config = Config(services={"it": service})
    return Case("one", "service-restart", "it", config, service, None, None, 0.0, never)


def command(machine: Machine, service: Service) -> Command:
    (planned,) = STEP.plan(machine.call(STEP.gather, case(service), Options()), Options())
    return planned


def restart(machine: Machine, service: Service) -> None:
    machine.call(STEP.perform, case(service), command(machine, service))


def started(machine: Machine, name: str, *lines: str, restart_timeout: float = 90) -> Service:
    """Write a unit of the system, start it, and return it as the catalogue would name it."""
    machine.write(f"/etc/systemd/system/{name}.service", "\n".join(["[Service]", *lines, ""]))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", name)
    return system_unit(f"{name}.service", restart_timeout)


def system_unit(name: str, restart_timeout: float = 90) -> Service:
    return Service(
        manager="systemd", unit=name, memory_limit=Size(200_000_000), restart_timeout=Duration(restart_timeout)
    )


def of_the_system(machine: Machine) -> Service:
    return started(machine, "steady", "ExecStart=/bin/sleep infinity")


def of_a_user(machine: Machine) -> Service:
    machine.write("/etc/systemd/user/steady.service", "[Service]\nExecStart=/bin/sleep infinity\n")
    machine.run(*OF_KEEPER, "daemon-reload")
    machine.run(*OF_KEEPER, "start", "steady.service")
    return Service(manager="systemd-user", unit="steady.service", user=KEEPER)


def container(machine: Machine, name: str, *options: str, restart_timeout: float = 90) -> Service:
    machine.run("podman", "run", "--detach", f"--name={name}", "--network=none", *options, "box", "/bin/sleep", "999")
    return Service(manager="podman", unit=name, restart_timeout=Duration(restart_timeout))


def of_podman(machine: Machine) -> Service:
    return container(machine, "steady", "--stop-signal=KILL")


@pytest.mark.parametrize("make", [of_the_system, of_a_user, of_podman])
def test_a_restart_gives_another_invocation_and_the_oracle_tells_it(
    machine: Machine, make: Callable[[Machine], Service]
) -> None:
    service = make(machine)
    planned, before = command(machine, service), machine.call(unit.show, service)
    assert before.active
    assert before.main_pid > 1
    assert (before.memory_bytes or 0) > 0
    assert planned.arguments["invocation"] == before.invocation != ""
    assert machine.call(STEP.oracle, case(service), planned) == "none"

    machine.call(STEP.perform, case(service), planned)

    # Asked by another process later: what runs it has outlived the command that restarted it.
    after = machine.call(unit.show, service)
    assert after.active
    assert after.invocation not in {"", before.invocation}
    assert after.main_pid not in {0, before.main_pid}
    assert machine.call(STEP.oracle, case(service), planned) == "done"


def test_a_leaking_service_is_restarted_and_its_memory_falls(machine: Machine) -> None:
    machine.write("/srv/leak.py", LEAK)
    service = started(machine, "leaking", "ExecStart=/usr/bin/python3 /srv/leak.py")
    ends = time.monotonic() + 60
    while (before := machine.call(unit.show, service).memory_bytes or 0) < 150_000_000:
        assert time.monotonic() < ends, "it does not leak"
        time.sleep(0.05)
    deed = machine.call(do_it, service, 0.5)
    # Nobody exports in the machine, and unseen by Prometheus nothing is a full success.
    assert (deed.outcome, deed.reason.split(" within")[0]) == ("warned", "Prometheus showed no two new cycles"), deed
    assert (machine.call(unit.show, service).memory_bytes or 0) < before - 20_000_000
    assert set(deed.phases) == {"baseline", "plan", "protect", "recheck", "execute", "seal", "verify", "keep"}
    assert set(deed.phases.values()) == {None}


def test_a_unit_that_does_not_exist_is_refused_before_anything_runs(machine: Machine) -> None:
    deed = machine.call(do_it, system_unit("nowhere.service"), 0.1)
    assert deed.outcome == "failed"
    assert "'nowhere.service' is not-found" in deed.reason
    assert deed.phases == {"baseline": deed.reason}


def test_a_masked_unit_is_refused_before_anything_runs_although_it_runs(machine: Machine) -> None:
    service = started(machine, "hidden", "ExecStart=/bin/sleep infinity")
    machine.run("/bin/sh", "-c", "rm /etc/systemd/system/hidden.service && systemctl mask hidden.service")
    deed = machine.call(do_it, service, 0.1)
    assert deed.outcome == "failed"
    assert "'hidden.service' is masked" in deed.reason
    assert deed.phases == {"baseline": deed.reason}


def test_a_unit_whose_start_fails_is_a_failed_deed_with_systemds_words(machine: Machine) -> None:
    check = "ExecStartPre=/usr/bin/test ! -e /run/broken"
    service = started(machine, "breaking", check, "ExecStart=/bin/sleep infinity")
    machine.write("/run/broken", "")
    deed = machine.call(do_it, service, 0.1)
    assert deed.outcome == "failed"
    assert "Job for breaking.service failed because the control process exited with error code" in deed.reason
    assert "breaking.service failed" in (deed.phases["execute"] or "")
    assert "verify" not in deed.phases


def test_a_unit_at_its_start_limit_is_a_failed_deed_that_says_so(machine: Machine) -> None:
    machine.write("/etc/systemd/system/limited.service.d/limit.conf", "[Unit]\nStartLimitBurst=2\n")
    service = started(machine, "limited", "ExecStart=/bin/sleep infinity")
    restart(machine, service)
    deed = machine.call(do_it, service, 0.1)
    assert deed.outcome == "failed"
    assert "limited.service: exit 1" in deed.reason
    assert "attempted too often" in deed.reason
    assert not machine.call(unit.show, service).active


@pytest.mark.parametrize("again", ["no", "always"])
def test_a_unit_that_dies_half_a_second_after_its_restart_fails_verification(machine: Machine, again: str) -> None:
    name = f"dying-{again}"
    script = f"/bin/sh -c 'test -e /run/{name} && exec sleep 0.5; touch /run/{name}; exec sleep infinity'"
    service = started(machine, name, f"ExecStart={script}", f"Restart={again}", "RestartSec=0")
    deed = machine.call(do_it, service, 2.0)
    assert deed.outcome == "failed", deed
    assert "it did not stay up through the settle window and the watch" in deed.reason
    assert deed.phases["execute"] is None, "systemd itself calls this restart done"


def test_a_unit_that_dies_after_the_settle_window_fails_while_it_is_watched(machine: Machine) -> None:
    script = "/bin/sh -c 'test -e /run/lingering && exec sleep 3; touch /run/lingering; exec sleep infinity'"
    service = started(machine, "lingering", f"ExecStart={script}")
    deed = machine.call(do_it, service, 0.5, 8.0)
    assert deed.outcome == "failed", deed
    assert "it did not stay up" in deed.reason


def test_a_hanging_stop_ends_our_client_and_nobody_can_tell_whether_it_will_start(machine: Machine) -> None:
    stubborn = "/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
    service = started(machine, "stubborn", f"ExecStart={stubborn}", "TimeoutStopSec=infinity", restart_timeout=1)
    planned = command(machine, service)
    begun = time.monotonic()
    with pytest.raises(StepFailed, match=r"systemctl restart .*stubborn.service: ended at its deadline of 1 s"):
        machine.call(STEP.perform, case(service), planned)
    assert time.monotonic() - begun < 60
    assert machine.run("pgrep", "--full", "systemctl restart", check=False) == ""
    assert not machine.call(unit.show, service).active
    assert machine.call(STEP.oracle, case(service), planned) == "unknowable"


def test_a_restart_cancels_no_job_that_somebody_else_has_queued(machine: Machine) -> None:
    stubborn = "/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
    service = started(machine, "leaving", f"ExecStart={stubborn}", "TimeoutStopSec=infinity", restart_timeout=5)
    machine.run("systemctl", "stop", "--no-block", "leaving")
    with pytest.raises(StepFailed, match=r"is destructive.*'stop' job queued"):
        restart(machine, service)
    assert "leaving.service stop" in " ".join(machine.run("systemctl", "list-jobs").split())


def test_of_a_service_that_is_down_nobody_can_tell_whether_it_was_restarted(machine: Machine) -> None:
    service = started(machine, "gone", "ExecStart=/bin/sleep infinity")
    planned = command(machine, service)
    machine.run("systemctl", "stop", "gone")
    assert machine.call(STEP.oracle, case(service), planned) == "unknowable"


def test_an_edited_unit_is_seen_as_one_that_needs_a_reload(machine: Machine) -> None:
    service = started(machine, "edited", "ExecStart=/bin/sleep infinity")
    assert not machine.call(unit.show, service).needs_reload
    machine.write("/etc/systemd/system/edited.service", "[Service]\nExecStart=/bin/sleep 999\n")
    assert machine.call(unit.show, service).needs_reload


def test_a_user_without_a_running_systemd_is_one_clear_failure(machine: Machine) -> None:
    machine.run("useradd", "passerby")
    service = Service(manager="systemd-user", unit="steady.service", user="passerby")
    with pytest.raises(StepFailed, match=r"^no systemd runs for 'passerby'.*loginctl enable-linger passerby"):
        machine.call(unit.show, service)
    unknown = Service(manager="systemd-user", unit="steady.service", user="nobody-here")
    with pytest.raises(StepFailed, match="there is no user 'nobody-here' on this host"):
        machine.call(unit.show, unknown)


def test_a_container_that_does_not_exist_is_one_clear_failure(machine: Machine) -> None:
    with pytest.raises(StepFailed, match="no such container nowhere"):
        machine.call(unit.show, Service(manager="podman", unit="nowhere"))


def test_a_container_is_not_taken_for_another_whose_id_begins_like_its_name(machine: Machine) -> None:
    container(machine, "other", "--stop-signal=KILL")
    beginning = machine.run("podman", "inspect", "--format={{.Id}}", "other")[:4]
    with pytest.raises(StepFailed, match=f"no container has the name '{beginning}'.*'other'"):
        machine.call(unit.show, Service(manager="podman", unit=beginning))


def test_a_container_that_ignores_its_stop_ends_our_client_at_the_deadline(machine: Machine) -> None:
    service = container(machine, "stubborn", restart_timeout=1)
    planned = command(machine, service)
    with pytest.raises(StepFailed, match=r"podman container restart -- stubborn: ended at its deadline of 1 s"):
        machine.call(STEP.perform, case(service), planned)
    assert machine.run("pgrep", "--full", "podman container restart", check=False) == ""
    assert machine.call(STEP.oracle, case(service), planned) == "unknowable"


@pytest.mark.parametrize("name", ["t-*", "t-?.service", "t-[12]", "/t", "two units", "t\\n", "t\\0"])
def test_the_configuration_takes_no_unit_that_could_mean_another_or_several(name: str) -> None:
    with pytest.raises(ConfigError, match="must be one exact name, no pattern"):
        loads(f'services: {{t: {{manager: systemd, unit: "{name}"}}}}', Config, "homeostat.yml")


def test_systemctl_itself_would_restart_all_that_fit_a_pattern(machine: Machine) -> None:
    first = started(machine, "many-1", "ExecStart=/bin/sleep infinity")
    second = started(machine, "many-2", "ExecStart=/bin/sleep infinity")
    before = [machine.call(unit.show, service).invocation for service in (first, second)]
    machine.run("systemctl", "restart", "many-*")
    after = [machine.call(unit.show, service).invocation for service in (first, second)]
    assert not set(before) & set(after)
