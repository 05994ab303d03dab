"""Workflow 8: a stack of podman's quadlets and a unit comes up in phases, and when any of it is not well everything is as before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

FOLDER = "/srv/pool/shop"
UNITS = {"cache.service": "/etc/containers/systemd/cache.container", "queue.service": "/etc/systemd/system/queue.service", "app.service": "/etc/containers/systemd/app.container"}
HEALTH = "/usr/bin/podman, exec, systemd-app, /bin/test, -e, /edition-"


def quadlet(edition: str, image: str = "localhost/box") -> str:
    return f"[Container]\nImage={image}\nExec=/bin/sh -c 'touch /edition-{edition}; exec sleep infinity'\nNetwork=host\nStopSignal=KILL\nLabel=edition={edition}\n"


def write(home: Home, edition: str, health: str | None = None) -> None:
    """Write an edition of the stack: a cache and a queue, and an app that needs both."""
    home.write(f"{FOLDER}/cache.container", quadlet(edition))
    home.write(f"{FOLDER}/queue.service", f"[Service]\nExecStart=/bin/sleep infinity\nEnvironment=EDITION={edition}\n[Install]\nWantedBy=multi-user.target\n")
    home.write(f"{FOLDER}/app.container", quadlet(edition))
    home.write(
        f"{FOLDER}/shop.yml",
        "services:\n"
        "  cache: {files: [cache.container], settle: 300ms}\n"
        "  queue: {files: [queue.service], settle: 300ms}\n"
        f"  app: {{files: [app.container], depends_on: [cache, queue], settle: 300ms, health_timeout: 3s, health: [{health or HEALTH + edition}]}}\n",
    )


def seen(home: Home) -> dict[str, tuple[str, ...]]:
    """Return of each service its file, whether it runs and starts at boot, the image and the edition of its container."""
    return {unit: (_file(home, path), *_state(home, unit), _container(home, unit)) for unit, path in UNITS.items()}


def _file(home: Home, path: str) -> str:
    return home.run("cat", path, check=False) + home.run("stat", "--format=%a %U %Y", path, check=False)


def _state(home: Home, unit: str) -> tuple[str, ...]:
    return tuple(home.run("systemctl", verb, unit, check=False).strip() for verb in ("is-active", "is-enabled"))


def _container(home: Home, unit: str) -> str:
    return home.run("podman", "container", "inspect", '--format={{.Image}} {{index .Config.Labels "edition"}}', f"systemd-{unit.removesuffix('.service')}", check=False)


@pytest.fixture
def deployed(home: Home) -> Home:
    """Return a home in which the first edition runs."""
    for path in UNITS.values():
        home.later("rm", "-f", path)
    home.later("systemctl", "stop", *UNITS)
    home.run("rm", "-rf", "/var/lib/homeostat/deployed")
    write(home, "one")
    code, said = home.cli("deploy", f"{FOLDER}/shop.yml")
    assert code == 0, said
    return home


def test_a_stack_of_quadlets_comes_up_in_phases_and_a_person_takes_the_next_edition_back(deployed: Home) -> None:
    before = seen(deployed)
    assert [state[1] for state in before.values()] == ["active"] * 3
    assert before["queue.service"][2] == "enabled"
    write(deployed, "two")
    shown = deployed.said("deploy", f"{FOLDER}/shop.yml", "--dry-run")
    assert "phase 1: restart cache.service, restart queue.service\n" in shown
    assert "-Label=edition=one\n    +Label=edition=two" in shown
    assert seen(deployed) == before

    said = deployed.said("deploy", f"{FOLDER}/shop.yml")
    assert said.index("phase 1 of 2: cache, queue") < said.index("phase 2 of 2: app") < said.index("all is well")
    after = seen(deployed)
    assert [after[unit][3].split()[1] for unit in ("cache.service", "app.service")] == ["two", "two"]

    shown = deployed.said("deploy", "--undo", said.split()[-1], "--dry-run")
    assert "put back /etc/containers/systemd/app.container\n" in shown
    assert seen(deployed) == after
    assert "all is as it was before" in deployed.said("deploy", "--undo", said.split()[-1])
    assert seen(deployed) == before


def test_when_the_app_is_not_well_everything_is_as_before_with_the_images_that_its_names_meant(deployed: Home) -> None:
    before, image = seen(deployed), deployed.run("podman", "image", "inspect", "--format={{.Id}}", "localhost/box")
    write(deployed, "two", f"{HEALTH}three")
    code, said = deployed.cli("deploy", f"{FOLDER}/shop.yml")
    assert (code, seen(deployed)) == (10, before), said
    assert "app is not well: /usr/bin/podman exec systemd-app /bin/test -e /edition-three: exit 1" in said
    assert deployed.run("podman", "image", "inspect", "--format={{.Id}}", "localhost/box") == image


def test_what_is_killed_half_way_is_taken_back_by_the_next(deployed: Home) -> None:
    before = seen(deployed)
    write(deployed, "two", f"{HEALTH}three")
    deployed.run("sed", "-i", "s/health_timeout: 3s/health_timeout: 10m/", f"{FOLDER}/shop.yml")
    deployed.run("systemd-run", "--unit=killed", "/usr/bin/homeostat", "deploy", f"{FOLDER}/shop.yml")
    deployed.until("the app of the second edition", lambda: "two" in _container(deployed, "app.service"))
    deployed.run("systemctl", "kill", "--signal=KILL", "killed.service")
    deployed.run("systemctl", "reset-failed", "killed.service", check=False)
    time.sleep(0.2)
    assert seen(deployed) != before
    code, said = deployed.cli("deploy", "--recover")
    assert (code, seen(deployed)) == (0, before), said


def test_another_image_under_the_same_name_is_deployed_and_what_ran_is_back_when_it_is_not_well(deployed: Home) -> None:
    before = seen(deployed)
    deployed.shell("tar -C /srv/image -c bin tmp | podman import --message=another - localhost/box:latest")
    deployed.later("podman", "tag", before["app.service"][3].split()[0], "localhost/box:latest")
    write(deployed, "one", f"{HEALTH}three")
    assert "phase 1: restart cache.service\nphase 2: restart app.service\n" in deployed.said("deploy", f"{FOLDER}/shop.yml", "--dry-run")
    code, said = deployed.cli("deploy", f"{FOLDER}/shop.yml")
    assert (code, seen(deployed)) == (10, before), said


REFUSED = {
    "a quadlet that podman cannot read": ("cache.container", "[Container]\nImage=localhost/box\nExecc=/bin/sleep\n", "podman makes no unit of cache.container: "),
    "a unit that systemd cannot read": ("queue.service", "[Service]\nExecStrat=/bin/sleep 1\n", "systemd cannot read it: queue.service:2: Unknown key"),
    "an image that nobody has": ("cache.container", quadlet("two", "localhost/nobody:1"), "localhost/nobody:1"),
    "what keeps the host alive": ("queue.service", "[Unit]\nConflicts=ssh.service\n[Service]\nExecStart=/bin/sleep 1\n", "'ssh.service' is never touched"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_changed(deployed: Home, what: str) -> None:
    name, text, told = REFUSED[what]
    before = seen(deployed)
    write(deployed, "two")
    deployed.write(f"{FOLDER}/{name}", text)
    code, said = deployed.cli("deploy", f"{FOLDER}/shop.yml")
    assert (code, seen(deployed), len(said.splitlines())) == (1, before, 1), said
    assert told in said


def test_an_image_that_is_not_here_is_told_before_anything_is_fetched(deployed: Home) -> None:
    deployed.write(f"{FOLDER}/cache.container", quadlet("one", "localhost/nobody:1"))
    shown = deployed.said("deploy", f"{FOLDER}/shop.yml", "--dry-run")
    assert shown.startswith("first, fetch localhost/nobody:1, which is not here\nphase 1: restart cache.service\n")
    deployed.write(f"{FOLDER}/cache.container", quadlet("two"))
    assert "fetch" not in deployed.said("deploy", f"{FOLDER}/shop.yml", "--dry-run")
