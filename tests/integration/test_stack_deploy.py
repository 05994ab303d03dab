"""A stack on a real systemd: up in phases when all is well, and everything as before when not, after a kill too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

PLACE = "/etc/systemd/system"
STATE = "/var/lib/homeostat/deployed"
DEPLOY = ("/usr/bin/python3", "-m", "homeostat.cli", "deploy")
SLEEPS = "[Service]\nExecStart=/bin/sleep infinity\n"
NAMES = ("store", "queue", "front")


@pytest.fixture
def stack(machine: Machine) -> Machine:
    """Three services in two phases: `queue` is new, `store` and `front` run already, in an older edition."""
    clear(machine)
    for name in ("store", "front"):
        machine.write(f"{PLACE}/{name}.service", f"{SLEEPS}# old\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "store.service", "front.service")
    for name in NAMES:
        machine.write(f"/srv/stack/{name}.service", f"{SLEEPS}# new\n")
    written(machine)
    return machine


def clear(machine: Machine) -> None:
    machine.run("systemctl", "stop", *(f"{name}.service" for name in NAMES), check=False)
    machine.run("rm", "-rf", "/srv/stack", STATE, "/run/sick", *(f"{PLACE}/{name}.service" for name in NAMES))
    machine.run("systemctl", "daemon-reload")


def written(machine: Machine, health: str = "/usr/bin/test, '!', -e, /run/sick") -> None:
    machine.write(
        "/srv/stack/shop.yml",
        "services:\n"
        "  store: {files: [store.service], settle: 200ms}\n"
        "  queue: {files: [queue.service], settle: 200ms}\n"
        f"  front: {{files: [front.service], depends_on: [store, queue], settle: 200ms, health_timeout: 1s, health: [{health}]}}\n",
    )


def deploy(machine: Machine, *arguments: str) -> tuple[int, str]:
    ended = machine.enter((*DEPLOY, *arguments), b"")
    return ended.returncode, (ended.stdout + ended.stderr).decode()


def seen(machine: Machine) -> dict[str, tuple[str, str, str]]:
    """Return of each service the content of its unit file, whether it runs, and what systemd believes of its file."""
    shown = {}
    for name in NAMES:
        content = machine.run("cat", f"{PLACE}/{name}.service", check=False)
        state = machine.run("systemctl", "show", "--property=ActiveState,NeedDaemonReload,LoadState", f"{name}.service")
        mode = machine.run("stat", "--format=%a %Y", f"{PLACE}/{name}.service", check=False)
        shown[name] = (content, state, mode)
    return shown


def test_a_stack_comes_up_in_phases_and_a_person_can_take_it_back(stack: Machine) -> None:
    before = seen(stack)
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert code == 0, said
    assert said.index("phase 1 of 2: queue, store") < said.index("phase 2 of 2: front") < said.index("all is well")
    assert {name: (content[-4:], "ActiveState=active" in state) for name, (content, state, _) in seen(stack).items()} == dict.fromkeys(NAMES, ("new\n", True))

    code, said = deploy(stack, "--undo", said.split()[-1])
    assert (code, seen(stack)) == (0, before), said


def test_when_a_service_of_the_second_phase_is_not_well_everything_is_as_before(stack: Machine) -> None:
    before = seen(stack)
    stack.write("/run/sick", "")
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, seen(stack)) == (10, before), said
    assert "front is not well: /usr/bin/test ! -e /run/sick: exit 1" in said
    assert "all is as it was before" in said


def test_a_deployment_that_was_killed_is_taken_back_by_the_next(stack: Machine) -> None:
    before = seen(stack)
    stack.write("/run/sick", "")
    written(stack, "/bin/false")
    stack.run("sed", "-i", "s/health_timeout: 1s/health_timeout: 10m/", "/srv/stack/shop.yml")
    stack.run("systemd-run", "--unit=killed", "--setenv=PYTHONPATH=/homeostat:/site-packages", *DEPLOY, "/srv/stack/shop.yml")
    until = time.monotonic() + 30
    while stack.run("systemctl", "is-active", "front.service").strip() != "active" or seen(stack)["front"] == before["front"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, "another deployment runs on this host" in said) == (1, True), said
    stack.run("systemctl", "kill", "--signal=KILL", "killed.service")
    until = time.monotonic() + 10
    while stack.run("systemctl", "is-active", "killed.service", check=False).strip() == "active":
        assert time.monotonic() < until
    assert seen(stack) != before

    code, said = deploy(stack, "--recover")
    assert (code, seen(stack)) == (0, before), said


def test_killed_at_any_moment_it_is_taken_back(stack: Machine) -> None:
    stack.write("/run/sick", "")
    stack.run("sed", "-i", "s/settle: 200ms/settle: 0s/", "/srv/stack/shop.yml")
    before, outcomes = seen(stack), set()
    for tenths in range(3, 27, 3):
        ended = stack.enter(("/usr/bin/timeout", "--signal=KILL", f"{tenths / 10}", *DEPLOY, "/srv/stack/shop.yml"), b"")
        code, said = deploy(stack, "--recover")
        assert (code, seen(stack)) == (0, before), (tenths, said)
        outcomes.add((ended.returncode, "was cut off" in said))
    assert (-9, True) in outcomes, "it was never killed half-way"


def test_what_somebody_touched_meanwhile_is_left_and_named(stack: Machine) -> None:
    written(stack, f"/bin/sh, -c, 'echo \"# by a person\" >>{PLACE}/queue.service; false'")
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, f"left, for somebody touched it: {PLACE}/queue.service" in said) == (11, True), said
    assert "# by a person" in stack.run("cat", f"{PLACE}/queue.service")
    assert stack.run("cat", f"{PLACE}/front.service").endswith("# old\n")


def test_who_ends_it_has_everything_as_before(stack: Machine) -> None:
    before = seen(stack)
    written(stack, "/bin/false")
    stack.run("sed", "-i", "s/health_timeout: 1s/health_timeout: 10m/", "/srv/stack/shop.yml")
    ended = stack.enter(("/usr/bin/timeout", "--signal=TERM", "--preserve-status", "8", *DEPLOY, "/srv/stack/shop.yml"), b"")
    assert (ended.returncode, seen(stack)) == (10, before), ended.stderr.decode()


def test_a_unit_that_starts_and_dies_half_a_second_later_is_not_well(stack: Machine) -> None:
    before = seen(stack)
    stack.write("/srv/stack/queue.service", "[Service]\nExecStart=/bin/sleep 0.5\nRestart=always\nRestartSec=0\n")
    stack.run("sed", "-i", "s/settle: 200ms/settle: 2s/", "/srv/stack/shop.yml")
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, seen(stack)) == (10, before), said
    # A look may also fall between its end and its next start.
    assert "queue.service ended and was started anew" in said or "queue.service is not up" in said


def test_a_masked_unit_is_refused_before_anything_is_changed(stack: Machine) -> None:
    stack.run("systemctl", "mask", "queue.service")
    before = seen(stack)
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, seen(stack)) == (1, before), said
    stack.run("systemctl", "unmask", "queue.service")


def test_where_there_is_no_quadlet_generator_it_says_so(stack: Machine) -> None:
    stack.write("/srv/stack/cache.container", "[Container]\nImage=localhost/box\n")
    stack.write("/srv/stack/shop.yml", "services: {cache: {files: [cache.container]}}\n")
    code, said = deploy(stack, "/srv/stack/shop.yml")
    assert (code, "podman's quadlet generator is not installed" in said) == (1, True), said
