"""What the README says to install is installed word by word in a fresh Debian, and runs there with the rights that it has."""

from __future__ import annotations

import re
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration import machine as machines
from tests.integration.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

SECTION = re.search(r"^## Install .*?(?=^## )", ROOT.joinpath("README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
CONFIG = "/etc/homeostat/homeostat.yml"
UNITS = ("homeostat-exporter.service", "homeostat-executor.path", "homeostat-actor.service")
PORTS = (9921, 9922)
# The machine has no network: this checkout stands for the environment that pip would make, and Python for openssl.
PROGRAM = '#!/bin/sh\nexec /usr/bin/python3 -m {module} "$@"\n'
IMPORTED = ("/usr/lib/python3/dist-packages/checkout.pth", "/homeostat\n/site-packages\n")
PROGRAMS = {
    "/opt/homeostat/bin/homeostat": PROGRAM.format(module="homeostat.cli"),
    "/opt/homeostat/bin/homeostat-actor": PROGRAM.format(module="actor"),
    "/opt/homeostat/bin/homeostat-executor": PROGRAM.format(module="actor.executor"),
    "/opt/homeostat/bin/homeostat-exporter": PROGRAM.format(module="exporter"),
    "/opt/homeostat/bin/homeostat-observer": PROGRAM.format(module="exporter.observer_root"),
    "/usr/bin/openssl": "#!/bin/sh\nexec /usr/bin/python3 -c 'import secrets; print(secrets.token_hex(32))'\n",
}
ASK = """\
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print(error)
"""


def found(pattern: str) -> str:
    """Return the one group of `pattern` in the README's section on installing, without its indentation."""
    assert SECTION is not None
    match = re.search(pattern, SECTION.group(), re.MULTILINE | re.DOTALL)
    assert match is not None, pattern
    return textwrap.dedent(match.group(1))


def shell(machine: Machine, command: str) -> str:
    return machine.run("/bin/sh", "-ec", f"cd /homeostat; {command}")


def answers(machine: Machine, path: str) -> list[str]:
    return [machine.run("python3", "-c", ASK, f"http://127.0.0.1:{port}{path}").strip() for port in PORTS]


def wait_until_up(machine: Machine) -> None:
    ends = time.monotonic() + 90
    while (told := answers(machine, "/-/healthy")) != ["200", "200"]:
        assert time.monotonic() < ends, (told, machine.run("journalctl", "--no-pager", "--lines=30", *(f"--unit={unit}" for unit in UNITS)))
        time.sleep(0.2)


@pytest.fixture(scope="module")
def installed() -> Iterator[Machine]:
    """Follow the README in a machine that has Prometheus' group and no more of it."""
    obstacle = machines.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with machines.booted() as machine:
        machine.run("groupadd", "--system", "prometheus")
        machine.write(*IMPORTED)
        for path, text in PROGRAMS.items():
            machine.write(path, text)
            machine.run("chmod", "755", path)
        environment, *commands = found(r"^```sh\n(.*?)^```").splitlines()
        assert environment.startswith("python3 -m venv /opt/homeostat ")
        for command in commands:
            shell(machine, command)
        machine.write(CONFIG, found(r"^ *```yaml\n(.*?)^ *```"))
        assert "is valid" in machine.run("/opt/homeostat/bin/homeostat", "check-config", CONFIG)
        shell(machine, found(r"^\d\. `(install [^`]*systemctl enable [^`]*)`"))
        wait_until_up(machine)
        yield machine


def test_every_unit_of_the_readme_runs_and_none_has_failed(installed: Machine) -> None:
    assert installed.run("systemctl", "is-active", *UNITS).split() == ["active"] * 3
    assert installed.run("systemctl", "list-units", "--failed", "--no-legend", "--plain", "homeostat*").strip() == ""


def test_the_hardened_actor_asks_at_its_console_who_it_is(installed: Machine) -> None:
    page = installed.run("python3", "-c", "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9922/', timeout=5).read().decode())")
    assert "<h1>Log in</h1>" in page


def test_alertmanager_reads_what_it_delivers_with_and_no_more(installed: Machine) -> None:
    as_alertmanager = ("setpriv", "--reuid=65534", "--regid=prometheus", "--clear-groups", "cat")
    assert len(installed.run(*as_alertmanager, "/etc/homeostat/intake.token").strip()) == 64
    assert "Permission denied" in installed.run(*as_alertmanager, "/etc/homeostat/operator.token", check=False)


def test_both_daemons_read_a_token_that_both_need(installed: Machine) -> None:
    shell(installed, found(r"`(openssl [^`]*-g homeostat-daemons [^`]*)`"))
    shell(installed, f"sed -i 's|^security:|&\\n  metrics_token_files: [/etc/homeostat/metrics.token]|' {CONFIG}")
    installed.run("systemctl", "restart", "homeostat-exporter", "homeostat-actor")
    wait_until_up(installed)
    assert answers(installed, "/metrics") == ["401", "401"]
    shell(installed, found(r"`(install [^`]*-g prometheus [^`]*)`"))
    as_prometheus = ("setpriv", "--reuid=65534", "--regid=prometheus", "--clear-groups", "cat")
    assert len(installed.run(*as_prometheus, "/etc/prometheus/homeostat.token").strip()) == 64
    assert "Permission denied" in installed.run(*as_prometheus, "/etc/homeostat/metrics.token", check=False)


def test_the_exporter_may_not_read_what_an_operator_says_yes_with(installed: Machine) -> None:
    shown = installed.run("systemctl", "show", "--property=MainPID", "--value", "homeostat-exporter")
    status = installed.run("cat", f"/proc/{shown.strip()}/status")
    user, group = (re.findall(rf"^{of}:\s+(\d+)", status, re.MULTILINE)[0] for of in ("Uid", "Gid"))
    groups = ",".join(re.findall(r"^Groups:(.*)", status, re.MULTILINE)[0].split())
    as_exporter = ("setpriv", f"--reuid={user}", f"--regid={group}", f"--groups={groups}", "cat")
    installed.run(*as_exporter, CONFIG)
    for name in ("operator", "intake"):
        assert "Permission denied" in installed.run(*as_exporter, f"/etc/homeostat/{name}.token", check=False)


def test_daemons_whose_configuration_is_broken_come_back_by_themselves_once_it_is_mended(installed: Machine) -> None:
    daemons = ("homeostat-exporter", "homeostat-actor")
    installed.run("cp", CONFIG, f"{CONFIG}.good")
    shell(installed, f"echo 'autonomi: {{}}' >>{CONFIG}")
    installed.run("systemctl", "restart", *daemons, check=False)
    restarts = wait_for_restarts(installed, daemons, 2)
    assert all(installed.run("systemctl", "show", "--property=ActiveState", "--value", daemon).strip() in {"activating", "active"} for daemon in daemons), restarts
    told = installed.run("journalctl", "--no-pager", "--unit=homeostat-actor", "--lines=20")
    assert "did you mean 'autonomy'?" in told
    installed.run("mv", f"{CONFIG}.good", CONFIG)
    wait_until_up(installed)


def wait_for_restarts(machine: Machine, units: tuple[str, ...], least: int) -> list[int]:
    ends = time.monotonic() + 120
    while min(counted := [int(machine.run("systemctl", "show", "--property=NRestarts", "--value", unit)) for unit in units]) < least:
        assert time.monotonic() < ends, counted
        time.sleep(0.5)
    return counted
