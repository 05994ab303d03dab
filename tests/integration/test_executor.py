"""On a real systemd the actor has no root: it writes what it wants, and systemd starts root's half, which looks for itself."""

from __future__ import annotations

import os
import pathlib
import pwd
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from actor import unit
from actor.execution import fenced
from actor.executor import intents
from actor.executor.client import remote_hands
from actor.executor.intents import Answer, Intent
from actor.model import Case, StepFailed
from actor.playbook import load_playbooks
from homeostat.clock import SystemClock
from homeostat.config import Config, load
from tests.integration.stack import ROOT
from tests.integration.test_managers import never, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.config.catalogue import Service
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

USER = "homeostat"
CONFIG = "/etc/homeostat/homeostat.yml"
SETTINGS = """\
host: here
autonomy: {mode: active}
services:
  steady: {manager: systemd, unit: steady.service, memory_limit: 200MB}
  level: {manager: systemd, unit: level.service}
  quiet: {manager: systemd, unit: quiet.service}
  still: {manager: systemd, unit: still.service}
security:
  intake_token_files: [/etc/homeostat/intake.token]
  operator_token_files: [/etc/homeostat/operator.token]
actor: {executor_directory: /var/lib/homeostat-executor}
"""
PROGRAM = """\
[Service]
Environment=PYTHONPATH=/homeostat:/site-packages PYTHONDONTWRITEBYTECODE=1
ExecStart=
ExecStart=/usr/bin/python3 -m {module} --config.file={config}
"""
# Root restarts each once within the hour, so each test has a service of its own.
INCIDENTS = {"steady": "feed0002", "level": "feed0003", "quiet": "feed0005", "still": "feed0006"}
MOST_EXPOSED = {"homeostat-actor.service": 1.5, "homeostat-executor.service": 8.0}


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Iterator[Machine]:
    """Install what deploy/ ships as the README says, with this checkout as its program."""
    for name in ("homeostat-actor.service", "homeostat-executor.path", "homeostat-executor.service"):
        machine.write(f"/etc/systemd/system/{name}", ROOT.joinpath("deploy", name).read_text())
    for module in ("actor", "actor.executor"):
        name = f"homeostat-{module.rpartition('.')[2]}"
        machine.write(f"/etc/systemd/system/{name}.service.d/checkout.conf", PROGRAM.format(module=module, config=CONFIG))
    machine.write("/usr/lib/sysusers.d/homeostat.conf", ROOT.joinpath("deploy/homeostat.sysusers").read_text())
    machine.run("systemd-sysusers")
    machine.write(CONFIG, SETTINGS)
    for name, letter in (("intake", "1"), ("operator", "2")):
        machine.write(f"/etc/homeostat/{name}.token", f"{letter}f8e02c7b6a59d341\n")
        machine.run("chown", f"root:{USER}", f"/etc/homeostat/{name}.token")
        machine.run("chmod", "640", f"/etc/homeostat/{name}.token")
    for name in INCIDENTS:
        started(machine, name, "ExecStart=/bin/sleep infinity")
    machine.run("systemctl", "start", "homeostat-actor.service")
    yield machine
    machine.run("systemctl", "stop", "homeostat-actor.service", "homeostat-executor.path", "homeostat-executor.service")


# What runs inside the machine, by name.


def as_actor(function: Callable[..., Any], *arguments: object) -> Any:
    """Run a function as the actor's user."""
    user = pwd.getpwnam(USER)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return function(*arguments)


def _case(name: str) -> Case:
    config = load(pathlib.Path(CONFIG), Config)
    return Case(INCIDENTS[name], "service-restart", name, config, config.services[name], None, None, time.time(), never)


def restart_through_root(name: str) -> dict[str, Any]:
    case, playbook = _case(name), load_playbooks(None)["service-restart"]
    hands = remote_hands(case.config.actor, SystemClock(), lambda: None)
    (command,) = hands.plan(case, playbook).commands
    record = hands.protect(case, playbook)
    result = hands.perform(case, fenced(command))
    hands.keep(case, hands.seal(case, record))
    hands.release(case, (command,))
    return result


def forge(argv: list[str]) -> str:
    """Have root do something of our own, in the words of a command that it did plan."""
    case, playbook = _case("steady"), load_playbooks(None)["service-restart"]
    hands = remote_hands(case.config.actor, SystemClock(), lambda: None)
    (command,) = hands.plan(case, playbook).commands
    command.arguments["argv"] = argv
    try:
        hands.perform(case, fenced(command))
    except StepFailed as failure:
        return str(failure)
    return "it was done"


def attempt(path: str) -> str:
    """Try to write below `path`, to read it, and to make the file there."""
    told = []
    for mode in ("r", "a"):
        try:
            with pathlib.Path(path).open(mode):
                told.append(mode)
        except OSError as error:
            told.append(type(error).__name__)
    return " ".join(told)


def ask_raw(target: str) -> Answer:
    clock, name = SystemClock(), "00112233445566aa"
    intent = Intent(
        id=name, deed="show", incident_id="feed0004", action="service-restart", target=target, arguments=(), written_at=clock.now(), uptime_seconds=clock.monotonic()
    )  # fmt: skip
    intents.write("/var/lib/homeostat/intents", name, intent)
    path = pathlib.Path("/var/lib/homeostat-executor/answers", f"{name}.json")
    while not path.exists():
        time.sleep(0.05)
    answer = intents.msgspec.json.decode(path.read_bytes(), type=Answer)
    intents.remove("/var/lib/homeostat/intents", name)
    return answer


def test_a_restart_is_done_by_root_for_an_actor_that_is_not(installed: Machine) -> None:
    service: Service = started(installed, "steady", "ExecStart=/bin/sleep infinity")
    before = installed.call(unit.show, service).invocation
    result = installed.call(as_actor, restart_through_root, "steady")
    assert result["status"] == 0
    assert installed.call(unit.show, service).invocation not in {"", before}


def test_the_executor_is_gone_again_when_nothing_more_comes(installed: Machine) -> None:
    installed.call(as_actor, restart_through_root, "level")
    deadline = time.monotonic() + 90
    while installed.run("systemctl", "show", "--property=ActiveState", "--value", "homeostat-executor.service").strip() != "inactive":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert installed.run("systemctl", "show", "--property=Result", "--value", "homeostat-executor.service").strip() == "success"


@pytest.mark.parametrize(
    "argv",
    [
        ("systemctl", "--no-ask-password", "restart", "steady.service"),
        ("systemctl", "--no-ask-password", "start", "homeostat-executor.service"),
        ("systemctl", "--no-ask-password", "stop", "homeostat-executor.path"),
        ("systemd-run", "--no-ask-password", "/bin/touch", "/run/own"),
        ("systemctl", "--no-ask-password", "edit", "--runtime", "--full", "steady.service"),
    ],
)
def test_the_process_without_root_cannot_start_or_stop_or_change_a_unit(installed: Machine, argv: tuple[str, ...]) -> None:
    code = installed.run("/bin/sh", "-c", 'runuser -u homeostat -- "$@"; echo "exit $?"', "sh", *argv)
    assert not code.rstrip().endswith("exit 0"), code
    assert installed.run("ls", "/run/own", check=False).startswith("ls: cannot access")


def test_a_command_that_root_did_not_plan_is_not_done(installed: Machine) -> None:
    told = installed.call(as_actor, forge, ["/bin/touch", "/run/forged"])
    assert told == "this is no command that root has planned for this incident; nothing was done"
    assert installed.run("ls", "/run/forged", check=False).startswith("ls: cannot access")


def test_a_unit_outside_the_catalogue_is_not_even_shown(installed: Machine) -> None:
    answer = installed.call(as_actor, ask_raw, "dbus")
    assert (answer.said, answer.reason) == ("failed", "'dbus' is not in the catalogue of services")


def test_what_root_remembers_and_the_stop_are_out_of_the_actors_reach(installed: Machine) -> None:
    installed.call(as_actor, restart_through_root, "quiet")
    installed.write("/var/lib/homeostat-executor/stop", "by ada: enough")
    try:
        for path, expected in (
            ("/var/lib/homeostat-executor/held/feed0005.json", "PermissionError PermissionError"),
            ("/var/lib/homeostat-executor/answers/new.json", "FileNotFoundError PermissionError"),
            ("/var/lib/homeostat-executor/stop", "r PermissionError"),
            (CONFIG, "r PermissionError"),
        ):
            assert installed.call(as_actor, attempt, path) == expected, path
        with pytest.raises(StepFailed, match="stopped: by ada: enough"):
            installed.call(as_actor, restart_through_root, "quiet")
    finally:
        installed.run("rm", "/var/lib/homeostat-executor/stop")


def test_the_hardened_actor_serves_and_keeps_its_journal(installed: Machine) -> None:
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9922/-/healthy').read().decode())"
    assert installed.run("python3", "-c", ask).strip() == "Healthy."
    owner = installed.run("stat", "--format=%U %a", "/var/lib/homeostat/journal.db").strip()
    assert owner == f"{USER} 600"


@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_a_unit_is_no_more_exposed_than_it_must_be(installed: Machine, name: str) -> None:
    told = installed.run("systemd-analyze", "security", "--no-pager", name)
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert exposure is not None
    assert float(exposure.group(1)) <= MOST_EXPOSED[name], told
