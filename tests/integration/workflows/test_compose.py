"""Workflow 8 with compose files: one unit each, well when its containers are, and when one is not everything is as before, after a kill too."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

FOLDER = "/srv/pool/stacks"
DEPLOYED = "/etc/containers/compose"
PROJECTS = ("database", "shop")
STACK = """\
services:
  database: {compose: database/compose.yml, settle: 300ms}
  web:
    compose: shop/compose.yml
    depends_on: [database]
    settle: 300ms
    health_timeout: 2s
"""
DATABASE = """\
services:
  store:
    image: localhost/box
    command: [/bin/sh, -c, "trap 'exit 0' TERM; sleep infinity & wait"]
    network_mode: host
    volumes: ["data:/data"]
    labels: {{edition: "{edition}"}}
volumes: {{data: {{}}}}
"""
SHOP = """\
name: shop
services:
  prepare:
    image: ${{IMAGE}}
    command: [/bin/true]
    network_mode: host
  {service}:
    image: ${{IMAGE}}
    command: [/bin/sh, -c, "trap 'exit 0' TERM; cat /conf/page; {does}sleep infinity & wait"]
    network_mode: host
    volumes: ["./conf:/conf"]
    labels: {{edition: "{edition}", word: "${{WORD}}"}}
"""


def write(home: Home, edition: str, service: str = "front", does: str = "") -> None:
    """Write an edition of the stack: a database, and a shop that needs it."""
    home.write(f"{FOLDER}/database/compose.yml", DATABASE.format(edition=edition))
    home.write(f"{FOLDER}/shop/compose.yml", SHOP.format(edition=edition, service=service, does=does))
    home.write(f"{FOLDER}/shop/.env", f"IMAGE=localhost/box\nWORD=secret-{edition}\n", "600")
    home.write(f"{FOLDER}/shop/conf/page", "a page\n")
    home.write(f"{FOLDER}/stack.yml", STACK)


def seen(home: Home) -> dict[str, str]:
    """Return the files of a deployment with mode and time, how the units are, and of each container its state, its image, its edition and its word."""
    units = [f"podman-compose@{project}.service" for project in PROJECTS]
    files = home.shell(f"for f in {DEPLOYED}/* /etc/systemd/system/podman-compose@*; do [ -e $f ] || continue; stat --format='%n %a %U %Y' $f; cat $f; done")
    states = "".join(home.run("systemctl", verb, *units, check=False) for verb in ("is-active", "is-enabled"))
    form = '{{.Name}} {{.State.Status}} {{.Image}} {{index .Config.Labels "edition"}} {{index .Config.Labels "word"}}'
    containers = home.shell(f"podman ps --all --quiet --filter label=io.podman.compose.project | xargs -r podman inspect --format '{form}' | sort")
    return {"files": files, "states": states, "containers": containers, "volumes": home.run("podman", "volume", "ls", "--quiet")}


@pytest.fixture(scope="module", autouse=True)
def _gone_with_the_module(home: Home) -> None:
    for project in PROJECTS:
        home.later("rm", "-f", f"/etc/systemd/system/podman-compose@{project}.service", f"{DEPLOYED}/{project}.yml", f"{DEPLOYED}/{project}.env")
        home.later("systemctl", "disable", "--now", f"podman-compose@{project}.service")


@pytest.fixture
def empty(home: Home) -> Home:
    """Return a home in which none of it runs, and the first edition is written."""
    for project in PROJECTS:
        home.run("systemctl", "disable", "--now", f"podman-compose@{project}.service", check=False)
    home.shell(f"rm -rf /var/lib/homeostat/deployed {DEPLOYED} /etc/systemd/system/podman-compose@* {FOLDER}; systemctl daemon-reload")
    write(home, "one")
    return home


@pytest.fixture
def deployed(home: Home) -> Home:
    """Return a home in which the first edition runs; where a test has left it so, nothing is done."""
    write(home, "one")
    code, said = home.cli("deploy", f"{FOLDER}/stack.yml")
    assert code == 0, said
    return home


def test_compose_files_come_up_one_unit_each_and_a_person_takes_the_first_deployment_back(empty: Home) -> None:
    before = seen(empty)
    shown = empty.said("deploy", f"{FOLDER}/stack.yml", "--dry-run")
    assert "phase 1: start podman-compose@database.service\n  new /etc/containers/compose/database.yml\n" in shown
    assert "secret-one" not in shown
    assert seen(empty) == before

    said = empty.said("deploy", f"{FOLDER}/stack.yml")
    assert said.index("phase 1 of 2: database") < said.index("phase 2 of 2: web") < said.index("all is well")
    after = seen(empty)
    assert after["states"].split() == ["active", "active", "enabled", "enabled"]
    assert [line.split()[:2] for line in after["containers"].splitlines()] == [["database_store_1", "running"], ["shop_front_1", "running"], ["shop_prepare_1", "exited"]]
    assert "secret-one" in after["containers"]
    # What is relative in a compose file is so to the file that the person wrote.
    assert empty.run("podman", "logs", "shop_front_1") == "a page\n"
    assert empty.run("stat", "--format=%a", f"{DEPLOYED}/shop.env") == "600\n"
    assert "nothing was changed" in empty.said("deploy", f"{FOLDER}/stack.yml")
    assert seen(empty) == after

    assert "all is as it was before" in empty.said("deploy", "--undo", said.split()[-1])
    # What a service wrote is never thrown away.
    assert seen(empty) == before | {"volumes": "database_data\n"}


def test_the_next_edition_replaces_the_containers_of_the_last_and_a_person_takes_it_back(deployed: Home) -> None:
    before = seen(deployed)
    write(deployed, "two", service="facade")
    said = deployed.said("deploy", f"{FOLDER}/stack.yml")
    assert [line.split()[0] for line in seen(deployed)["containers"].splitlines()] == ["database_store_1", "shop_facade_1", "shop_prepare_1"]
    assert deployed.said("deploy", "--undo", said.split()[-1])
    assert seen(deployed) == before


def test_a_variable_alone_is_a_change_too(deployed: Home) -> None:
    deployed.write(f"{FOLDER}/shop/.env", "IMAGE=localhost/box\nWORD=secret-two\n")
    shown = deployed.said("deploy", f"{FOLDER}/stack.yml", "--dry-run")
    assert shown == "phase 1: nothing to start\nphase 2: restart podman-compose@shop.service\n  change /etc/containers/compose/shop.env\n"
    assert json.loads(deployed.said("deploy", f"{FOLDER}/stack.yml", "--dry-run", "--json")) == {"plan": shown.splitlines()}
    deployed.said("deploy", f"{FOLDER}/stack.yml")
    assert "secret-two" in seen(deployed)["containers"]


BROKEN = {
    "it ends": ("exit 3; ", "shop_facade_1 ended with exit code 3; see: journalctl --unit=podman-compose@shop.service"),
    "it is unhealthy": ("", "shop_facade_1 is "),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_when_a_container_is_not_well_everything_is_as_before(deployed: Home, broken: str) -> None:
    before = seen(deployed)
    does, told = BROKEN[broken]
    write(deployed, "two", service="facade", does=does)
    if not does:
        deployed.shell(f"sed -i 's|    labels|    healthcheck: {{test: [CMD, /bin/false], interval: 1s, retries: 1}}\\n&|' {FOLDER}/shop/compose.yml")
    code, said = deployed.cli("deploy", f"{FOLDER}/stack.yml")
    assert (code, seen(deployed)) == (10, before), said
    assert f"web is not well: {told}" in said


def test_a_start_that_never_ends_is_ended_and_everything_is_as_before(empty: Home) -> None:
    before = seen(empty)
    empty.shell(f"sed -i 's|    volumes|    depends_on: {{prepare: {{condition: service_healthy}}}}\\n&|' {FOLDER}/shop/compose.yml")
    empty.shell(f"sed -i 's|health_timeout: 2s|start_timeout: 6s|' {FOLDER}/stack.yml")
    code, said = empty.cli("deploy", f"{FOLDER}/stack.yml")
    # Volumes stay, as everywhere.
    assert (code, seen(empty) | {"volumes": before["volumes"]}) == (10, before), said
    assert "web did not start: " in said
    assert "ended at its deadline of 6 s" in said


def test_what_runs_another_image_than_its_name_means_is_brought_up_anew_and_goes_back_with_what_it_ran(deployed: Home) -> None:
    before = seen(deployed)
    image = deployed.run("podman", "container", "inspect", "--format={{.Image}}", "shop_front_1").strip()
    deployed.shell("tar -C /srv/image -c bin tmp | podman import --message=another - localhost/box:latest")
    deployed.later("podman", "tag", image, "localhost/box:latest")
    deployed.shell(f"sed -i 's|health_timeout: 2s|health: [/bin/false]\\n    health_timeout: 1s|' {FOLDER}/stack.yml")
    assert "restart podman-compose@database.service" in deployed.said("deploy", f"{FOLDER}/stack.yml", "--dry-run")
    code, said = deployed.cli("deploy", f"{FOLDER}/stack.yml")
    assert (code, seen(deployed)) == (10, before), said
    assert deployed.run("podman", "image", "inspect", "--format={{.Id}}", "localhost/box:latest").strip() == image


def test_a_container_that_somebody_removed_is_brought_up_again(deployed: Home) -> None:
    before = seen(deployed)
    deployed.run("podman", "rm", "--force", "--time=1", "shop_front_1")
    deployed.said("deploy", f"{FOLDER}/stack.yml")
    assert seen(deployed) == before


def test_killed_at_any_moment_it_is_taken_back(deployed: Home) -> None:
    before, said_of_them = seen(deployed), set()
    write(deployed, "two", service="facade", does="exit 3; ")
    deployed.shell(f"sed -i 's|health_timeout: 2s|health_timeout: 500ms|' {FOLDER}/stack.yml")
    begun = time.monotonic()
    assert deployed.cli("deploy", f"{FOLDER}/stack.yml")[0] == 10
    whole = time.monotonic() - begun
    for quarter in range(1, 4):
        killed = ("/usr/bin/timeout", "--signal=KILL", str(whole * quarter / 4), "/usr/bin/homeostat", "deploy", f"{FOLDER}/stack.yml")
        deployed.machine.enter(killed, b"")
        code, said = deployed.cli("deploy", "--recover")
        assert (code, seen(deployed)) == (0, before), (quarter, said)
        said_of_them.add("was cut off" in said)
    assert True in said_of_them, "it was never killed half-way"


REFUSED = {
    "what podman-compose cannot read": (
        "services: {front: {image: box, networks: [inner]}}\n",
        "stack.yml:4: services.web.compose: podman-compose cannot read /srv/pool/stacks/shop/compose.yml: RuntimeError: missing networks: inner",
    ),
    "a service named twice": (
        "services:\n  front: {image: box}\n  front: {image: box}\n",
        f"{FOLDER}/shop/compose.yml:3: services.front: this key stands here twice; keep one",
    ),
    "an image that nobody has": ("name: shop\nservices: {front: {image: localhost/nobody, network_mode: host}}\n", "localhost/nobody"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_changed(deployed: Home, what: str) -> None:
    text, told = REFUSED[what]
    before = seen(deployed)
    deployed.write(f"{FOLDER}/shop/compose.yml", text)
    code, said = deployed.cli("deploy", f"{FOLDER}/stack.yml")
    assert (code, seen(deployed), len(said.splitlines())) == (1, before, 1), said
    assert told in said


def test_what_somebody_brought_up_by_hand_is_not_taken_over(empty: Home) -> None:
    by_hand = ("podman-compose", "--project-name", "database", "--file", f"{FOLDER}/database/compose.yml")
    empty.run(*by_hand, "up", "--detach")
    before = seen(empty)
    code, said = empty.cli("deploy", f"{FOLDER}/stack.yml")
    empty.run(*by_hand, "down")
    assert (code, "database has containers already that podman-compose@database.service did not bring up; take them down first: " in said) == (1, True), said
    assert "database_store_1 running" in before["containers"]
