"""The exporter is not root, and sees through root's door what only root may see; nobody else does, and the door bears whatever is said to it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import machine as machines
from tests.integration.conftest import CONTAINERS_CONF, IMAGE
from tests.integration.test_install import IMPORTED, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

CONFIG = """\
host: nas
services:
  box: {manager: podman, unit: box}
  plain: {manager: systemd, unit: plain.service}
exporter:
  forecast: false
  observers:
    services: {every: 5s}
    drift: {every: 5s}
    deployments: {every: 5s}
"""
UNITS = ("homeostat-exporter.service", "homeostat-observer.socket", "homeostat-observer@.service")
OBSERVATIONS = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9921/api/v1/observations', timeout=5).read().decode())"
# Says something at the door as some user, and prints what comes back, how long it took, or what stood in the way.
SAY = """\
import json, socket, sys, time
said, began = json.loads(sys.argv[1]), time.monotonic()
try:
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(30)
        door.connect("/run/homeostat-observer.sock")
        if said is not None:
            door.sendall(said.encode() * int(sys.argv[2]))
        answer = b""
        while chunk := door.recv(65536):
            answer += chunk
    told = answer.decode()
except OSError as error:
    told = type(error).__name__
print(json.dumps([told, time.monotonic() - began]))
"""


# Stands in the place of what looks, and prints what it could do.
PROBE = """\
import json, pathlib, socket, sys
sys.stdin.readline()
done = []
for folder in ("/etc", "/usr", "/var/log", "/var/lib", "/root", "/home", "/opt", "/run"):
    try:
        pathlib.Path(folder, "written").touch()
        done.append(folder)
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", 9921), 2)
    done.append("network")
except OSError:
    pass
print(json.dumps(done))
"""


def observed(machine: Machine, name: str) -> dict[str, Any]:
    told = machine.run("python3", "-c", OBSERVATIONS, check=False)
    # It does not listen yet, or has not looked yet.
    seen: dict[str, Any] = json.loads(told)["observers"].get(name, {}) if told.startswith("{") else {}
    return seen


def wait_for_a_look(machine: Machine, name: str) -> dict[str, Any]:
    ends = time.monotonic() + 90
    while (seen := observed(machine, name)).get("looked_at") is None:
        assert time.monotonic() < ends, (seen, machine.run("journalctl", "--no-pager", "--lines=40"))
        time.sleep(0.5)
    return seen


def say(machine: Machine, what: str | None, times: int = 1, user: str = "root", group: str = "homeostat-observers") -> tuple[str, float]:
    as_user = ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
    told, seconds = json.loads(machine.run(*as_user, "python3", "-c", SAY, json.dumps(what), str(times)))
    return told, seconds


@pytest.fixture(scope="module")
def installed() -> Iterator[Machine]:
    obstacle = machines.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with machines.booted() as machine:
        machine.write(*IMPORTED)
        for name, module in (("exporter", "exporter"), ("observer", "exporter.observer_root")):
            machine.write(f"/opt/homeostat/bin/homeostat-{name}", PROGRAM.format(module=module))
            machine.run("chmod", "755", f"/opt/homeostat/bin/homeostat-{name}")
        machine.run("install", "-D", "-m", "644", "/homeostat/deploy/homeostat.sysusers", "/etc/sysusers.d/homeostat.conf")
        machine.run("systemd-sysusers")
        machine.write("/etc/homeostat/homeostat.yml", CONFIG)
        machine.write("/etc/containers/containers.conf", CONTAINERS_CONF)
        machine.write("/etc/systemd/system/plain.service", "[Service]\nExecStart=/bin/sleep infinity\n")
        machine.run("/bin/sh", "-c", IMAGE)
        machine.run("podman", "run", "--detach", "--name=box", "--network=none", "--env=KEY=hunter2", "--stop-signal=KILL", "box", "/bin/sleep", "infinity")
        machine.run("install", "-m", "644", *(f"/homeostat/deploy/{unit}" for unit in UNITS), "/etc/systemd/system/")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "plain.service", "homeostat-exporter.service")
        yield machine


@pytest.mark.parametrize("name", ["services", "drift", "deployments"])
def test_an_exporter_without_root_sees_roots_containers(installed: Machine, name: str) -> None:
    seen = wait_for_a_look(installed, name)
    assert seen["reason"] is None
    told = {metric["labels"].get("target"): metric["value"] for metric in seen["metrics"]}
    assert "box" in told, seen
    status = installed.run("systemctl", "show", "--property=MainPID", "--value", "homeostat-exporter").strip()
    assert "Uid:\t0" not in installed.run("cat", f"/proc/{status}/status")


def test_what_runs_is_told_as_it_is(installed: Machine) -> None:
    told = {(metric["name"], metric["labels"].get("target")): metric["value"] for metric in wait_for_a_look(installed, "services")["metrics"] if "state" not in metric["labels"]}
    assert (told[("service_up", "box")], told[("service_up", "plain")]) == (1, 1)
    assert told[("service_memory_bytes", "plain")] > 0


def test_a_password_in_a_containers_environment_does_not_pass_the_door(installed: Machine) -> None:
    told, _ = say(installed, "drift\n")
    assert json.loads(told)["facts"]["units"]["box"]["container"]["environment"]["KEY"][0].startswith("#")
    assert "hunter2" not in told


@pytest.mark.parametrize("word", ["pressure", "logs", "services x", "SERVICES", "../services", "", "x" * 60])
def test_a_word_that_is_no_observers_id_gets_no_look(installed: Machine, word: str) -> None:
    told, _ = say(installed, f"{word}\n")
    assert set(json.loads(told)) == {"facts", "reason"}
    assert json.loads(told)["facts"] is None


def test_a_megabyte_is_not_heard_out_and_silence_not_waited_for(installed: Machine) -> None:
    told, seconds = say(installed, "x", times=1_000_000)
    assert "no observer" in told or told in {"BrokenPipeError", "ConnectionResetError"}
    assert seconds < 30
    told, seconds = say(installed, None)
    assert told == ""
    assert seconds < 60
    # It still answers those who ask rightly.
    assert json.loads(say(installed, "services\n")[0])["facts"] is not None


def test_who_is_not_in_the_group_is_not_heard(installed: Machine) -> None:
    assert say(installed, "services\n", user="65534", group="65534")[0] == "PermissionError"


def test_what_looks_as_root_reaches_no_network_and_writes_nowhere(installed: Machine) -> None:
    installed.write("/srv/probe", PROBE)
    drop_in = "/etc/systemd/system/homeostat-observer@.service.d/probe.conf"
    installed.write(drop_in, "[Service]\nExecStart=\nExecStart=/usr/bin/python3 /srv/probe\nStandardOutput=socket\n")
    installed.run("systemctl", "daemon-reload")
    try:
        assert json.loads(say(installed, "services\n")[0]) == []
    finally:
        installed.run("rm", drop_in)
        installed.run("systemctl", "daemon-reload")


def test_root_looks_by_no_configuration_that_another_could_have_written(installed: Machine) -> None:
    installed.run("chmod", "666", "/etc/homeostat/homeostat.yml")
    try:
        assert "must belong to root and be writable by nobody else" in json.loads(say(installed, "services\n")[0])["reason"]
    finally:
        installed.run("chmod", "644", "/etc/homeostat/homeostat.yml")


def test_without_the_door_the_exporter_says_what_to_start(installed: Machine) -> None:
    installed.run("systemctl", "stop", "homeostat-observer.socket")
    try:
        ends = time.monotonic() + 90
        # A look that was under way ends in another way.
        while "is not there" not in (reason := observed(installed, "services").get("reason") or ""):
            assert time.monotonic() < ends
            time.sleep(0.5)
        assert reason == "only root sees this, and /run/homeostat-observer.sock is not there; start homeostat-observer.socket"
    finally:
        installed.run("systemctl", "start", "homeostat-observer.socket")
