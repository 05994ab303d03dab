"""A step's program in a transient unit of a real systemd: it starts at most once, outlives the actor, and nothing of it escapes."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from actor import execution
from actor.model import Case, Command
from homeostat.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Effect
    from homeostat.shell import Completed
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

INCIDENT = "feed0001"
SLEEPER = ("/bin/sleep", "777")
# A child in a session of its own, which its parent does not wait for.
ESCAPE = "setsid sh -c 'sleep 776' & sleep 776"


@dataclasses.dataclass(frozen=True)
class Stops:
    """Says stop once that many seconds have passed since it was first asked."""

    after_seconds: float

    def __call__(self) -> bool:
        return time.monotonic() > _first_asked(time.monotonic()) + self.after_seconds


def _first_asked(now: float, asked: list[float] = []) -> float:  # noqa: B006 - one process, one answer
    asked.append(now)
    return asked[0]


def never() -> bool:
    return False


def case(stopped: Callable[[], bool] = never) -> Case:
    return Case(INCIDENT, "service-restart", "it", Config(), None, None, None, 0.0, stopped)


def begun(machine: Machine) -> Command:
    return machine.call(execution.fenced, Command(step="restart-service", summary="restart it", arguments={}, expected="a change", oracle="its unit"))


def run(machine: Machine, command: Command, *argv: str, seconds: float = 60, stopped: Callable[[], bool] = never) -> Completed:
    return machine.call(execution.run, case(stopped), command, argv, seconds)


def fate(machine: Machine, command: Command) -> Effect | None:
    return machine.call(execution.fate, case(), command)


def release(machine: Machine, command: Command) -> None:
    machine.call(execution.release, case(), (command,))


def units(machine: Machine, command: Command) -> str:
    return machine.run("systemctl", "list-units", "--all", "--no-legend", f"homeostat-{INCIDENT}-{command.token}*", check=False)


def alive(machine: Machine, words: str) -> bool:
    return machine.run("pgrep", "--full", "--exact", words, check=False).strip() != ""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def start_and_kill_the_actor(machine: Machine, command: Command, *argv: str, seconds: float = 60) -> None:
    """Begin a program as an actor that is killed at once, with everything in its own process group."""
    machine.call(_start_alone, command, argv, seconds)


def _start_alone(command: Command, argv: tuple[str, ...], seconds: float) -> None:
    child = os.fork()
    if child == 0:
        execution.run(case(), command, argv, seconds)
        os._exit(0)
    while execution._show(execution._name(case(), command)) is None:
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_it_runs_and_tells_its_output_and_its_result(machine: Machine) -> None:
    command = begun(machine)
    completed = run(machine, command, "/bin/sh", "-c", "echo heard; echo said >&2; exit 3")
    assert (completed.status, completed.cut) == (3, None)
    assert sorted(completed.output.split()) == ["heard", "said"]
    assert fate(machine, command) == "partial"
    release(machine, command)
    assert units(machine, command) == ""
    assert "failed" not in machine.run("systemctl", "list-units", "--failed", "--no-legend", f"homeostat-{INCIDENT}-*", check=False)


def test_what_ended_well_is_known_until_it_is_released(machine: Machine) -> None:
    command = begun(machine)
    assert run(machine, command, "/bin/true").ok
    assert fate(machine, command) == "done"
    release(machine, command)
    assert units(machine, command) == ""


@pytest.mark.parametrize("word", ["$HOME", "${PATH}", "$$", "%n %%", "a b", "*", "; id", "\\x41", '"', "'", "@x", "-n", "\n", "é"])
def test_every_word_arrives_as_it_is(machine: Machine, word: str) -> None:
    command = begun(machine)
    completed = run(machine, command, "/usr/bin/python3", "-c", "import sys; print(ascii(sys.argv[1]))", word)
    assert completed.output.strip() == ascii(word)
    release(machine, command)


def test_a_program_with_one_token_starts_once(machine: Machine) -> None:
    command = begun(machine)
    assert run(machine, command, "/bin/sh", "-c", "echo x >>/run/times").ok
    run(machine, command, "/bin/sh", "-c", "echo x >>/run/times")
    assert machine.run("cat", "/run/times").split() == ["x"]
    release(machine, command)


def test_it_goes_on_when_the_actor_is_killed_and_the_next_one_learns_its_end(machine: Machine) -> None:
    command = begun(machine)
    start_and_kill_the_actor(machine, command, "/bin/sh", "-c", "until [ -e /run/go-on ]; do sleep 0.1; done; touch /run/finished")
    assert fate(machine, command) == "running"
    machine.write("/run/go-on", "")
    wait_until(lambda: fate(machine, command) == "done")
    assert machine.run("ls", "/run/finished").strip() == "/run/finished"
    release(machine, command)


def test_what_never_started_can_start_no_more_once_that_was_said(machine: Machine) -> None:
    command = begun(machine)
    assert fate(machine, command) == "none"
    late = run(machine, command, "/bin/touch", "/run/too-late")
    assert not late.ok
    assert machine.run("ls", "/run/too-late", check=False).startswith("ls: cannot access")
    assert fate(machine, command) == "none"
    release(machine, command)
    assert units(machine, command) == ""


def test_the_deadline_ends_everything_that_it_started_even_in_another_session(machine: Machine) -> None:
    command = begun(machine)
    completed = run(machine, command, "/bin/sh", "-c", ESCAPE, seconds=1)
    assert completed.cut == "ended at its deadline of 1 s"
    wait_until(lambda: not alive(machine, "sleep 776"))
    release(machine, command)
    assert units(machine, command) == ""


def test_the_deadline_holds_when_the_actor_is_gone(machine: Machine) -> None:
    command = begun(machine)
    start_and_kill_the_actor(machine, command, "/bin/sh", "-c", ESCAPE, seconds=6)
    assert alive(machine, "sleep 776")
    wait_until(lambda: not alive(machine, "sleep 776"))
    assert fate(machine, command) == "partial"
    release(machine, command)


def test_a_stop_ends_everything_within_a_second(machine: Machine) -> None:
    command = begun(machine)
    began = time.monotonic()
    completed = run(machine, command, "/bin/sh", "-c", ESCAPE, seconds=60, stopped=Stops(0.5))
    assert completed.cut == "ended by the stop or its incident's deadline"
    assert not alive(machine, "sleep 776")
    assert time.monotonic() - began < 40
    assert units(machine, command) == ""


def test_a_service_that_it_started_outlives_it(machine: Machine) -> None:
    command = begun(machine)
    assert run(machine, command, "/bin/sh", "-c", "setsid sleep 777 >/dev/null 2>&1 </dev/null &").ok
    release(machine, command)
    assert alive(machine, "sleep 777")
    machine.run("pkill", "--full", "--exact", "sleep 777")


def test_what_still_runs_when_its_incident_is_closed_is_ended(machine: Machine) -> None:
    command = begun(machine)
    start_and_kill_the_actor(machine, command, *SLEEPER)
    release(machine, command)
    wait_until(lambda: not alive(machine, "/bin/sleep 777"))
    assert units(machine, command) == ""


def test_a_unit_of_another_boot_tells_nothing(machine: Machine) -> None:
    assert fate(machine, msgspec.structs.replace(begun(machine), boot_id="another")) is None
