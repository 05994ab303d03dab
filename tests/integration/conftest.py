"""What the integration tests share: the machine, booted once in a session, and a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.integration import machine as machines
from tests.integration import stack
from tests.integration.browsing import CHROMIUM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.integration.machine import Machine

KEEPER, KEEPER_UID = "keeper", 1500
OF_KEEPER = ("runuser", "-u", KEEPER, "--", "env", f"XDG_RUNTIME_DIR=/run/user/{KEEPER_UID}", "systemctl", "--user")
# Without CAP_SYS_RESOURCE, as in many a CI, crun may raise no limit and load no device filter.
CONTAINERS_CONF = """\
[containers]
cgroups = "disabled"
keyring = false
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
IMAGE = (
    "mkdir -p /srv/image/bin && cp /bin/busybox /srv/image/bin/sleep && tar -C /srv/image -c . | podman import - box"
)


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    obstacle = machines.obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with machines.booted() as machine:
        machine.run("useradd", f"--uid={KEEPER_UID}", KEEPER)
        machine.run("loginctl", "enable-linger", KEEPER)
        machine.write("/etc/containers/containers.conf", CONTAINERS_CONF)
        machine.run("/bin/sh", "-c", IMAGE)
        machine.run("systemctl", "start", f"user@{KEEPER_UID}.service")
        yield machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: make test-packages")
    with sync_playwright() as playwright:
        expect.set_options(timeout=1000 * stack.PATIENCE_SECONDS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
