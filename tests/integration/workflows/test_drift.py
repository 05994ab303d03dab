"""Workflow 3: what runs drifts from what is declared; minor drift is reconciled, major is proposed with its difference, and what does not come up goes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

# Containers of one image each: what is tagged anew, or broken, is one's own.
NAMES = ("labelled", "retagged", "broken", "dropped")
QUADLET = "[Container]\nImage=localhost/{name}:latest\nExec=sleep 9999\nNetwork=none\n{more}\n[Service]\nTimeoutStopSec=1\nRestart=no\n"
# A layer with a mark of its own makes another image; without its programs it cannot run.
IMAGE = """\
rm -rf /srv/layers/$1 && mkdir -p /srv/layers && cp -a /srv/image /srv/layers/$1 && echo "$2" >/srv/layers/$1/mark
[ "$2" != broken ] || rm -rf /srv/layers/$1/bin
tar -C /srv/layers/$1 -c . | podman import --quiet - localhost/$1:latest 2>/dev/null
"""


@pytest.fixture(scope="module")
def drifting(home: Home) -> Home:
    """Start the containers, and wait until each is known as a good deployment."""
    for name in NAMES:
        home.shell(IMAGE, name, "first")
        home.quadlet(f"{name}.container", QUADLET.format(name=name, more=""))
        home.later("podman", "image", "rm", "--force", f"localhost/{name}:latest")
    services = {name: {"manager": "systemd", "unit": f"{name}.service"} for name in NAMES}
    # Each look of these asks podman, and nothing else is of interest here.
    slow = {"every": "10s"}
    observers = {"drift": {"every": "2s"}, "services": slow, "deployments": slow, "backups": slow, "logs": slow, "pressure": slow}
    home.configure(services=services, exporter={"observers": observers}, protections={"deployment_good_after": "1s"}, autonomy={"level": "aggressive"})
    home.until("the good deployments to be kept", lambda: len(kept(home)) == len(NAMES))
    home.configure(protections={"deployment_good_after": "1h"})
    return home


def kept(home: Home) -> list[str]:
    return home.run("sh", "-c", "ls /var/lib/homeostat/deployments 2>/dev/null", check=False).split()


def container(home: Home, name: str) -> dict[str, Any]:
    """Return what podman tells of the container of a quadlet."""
    found: list[dict[str, Any]] = json.loads(home.run("sh", "-c", f"podman container inspect systemd-{name} 2>/dev/null"))
    return found[0]


def image_id(home: Home, name: str) -> str:
    return home.run("sh", "-c", f"podman image inspect --format '{{{{.Id}}}}' localhost/{name}:latest 2>/dev/null").strip()


def approve(home: Home, story: dict[str, Any]) -> None:
    """Say yes, again where Prometheus was late with its word for a moment."""
    home.until("the yes to be taken", lambda: home.cli("approve", story["id"], "--yes")[0] == 0)


def test_another_label_is_minor_and_is_reconciled_after_a_word_and_a_grace(drifting: Home) -> None:
    home = drifting
    home.write("/etc/containers/systemd/labelled.container", QUADLET.format(name="labelled", more="Label=tier=front"))
    story = home.incident("config_drift_minor", "labelled", "succeeded")
    assert story["decision"] == "notify-execute", story
    assert home.until("it to be told before", lambda: home.told("HomeostatAnnouncement", "labelled"))
    assert container(home, "labelled")["Config"]["Labels"]["tier"] == "front"
    plan = next(phase["result"] for phase in story["phases"] if phase["phase"] == "plan")
    assert "+Label=tier=front" in plan["commands"][0]["difference"]
    home.until("the drift to be gone", lambda: not home.query('homeostat_problem_confidence_ratio{target="labelled"}'))


def test_another_image_of_that_name_is_proposed_with_the_difference_reconciled_on_a_yes_and_undone_on_a_word(drifting: Home) -> None:
    home, before = drifting, image_id(drifting, "retagged")
    home.shell(IMAGE, "retagged", "second")
    home.run("podman", "image", "prune", "--force")
    after = image_id(home, "retagged")
    story = home.incident("config_drift_major", "retagged", "proposed")
    assert container(home, "retagged")["Image"] == before
    proposed = home.said("proposals")
    assert f"-{before}" in proposed
    assert f"+{after}" in proposed
    approve(home, story)
    assert home.incident("config_drift_major", "retagged", "succeeded")["id"] == story["id"]
    assert container(home, "retagged")["Image"] == after

    assert "would go back" in home.said("undo", story["id"], "--dry-run")
    home.said("undo", story["id"])
    assert container(home, "retagged")["Image"] == before
    assert image_id(home, "retagged") == before


def test_a_drop_in_that_podman_cannot_read_is_refused_with_its_line_before_anything_is_done(drifting: Home) -> None:
    home, before = drifting, container(drifting, "dropped")["Id"]
    home.write("/etc/containers/systemd/dropped.container.d/10-own.conf", "[Container]\nLabel=tier=front\nMemroy=1g\n")
    home.later("rm", "-rf", "/etc/containers/systemd/dropped.container.d")
    story = home.incident("config_drift_major", "dropped", "proposed")
    assert "/dropped.container.d/10-own.conf line 3: unsupported key 'Memroy'" in story["reason"]
    code, said = home.cli("approve", story["id"], "--yes")
    assert (code != 0, "not approved" in said) == (True, True), said
    home.write("/etc/containers/systemd/dropped.container.d/10-own.conf", "[Container]\nLabel=tier=front\n")
    assert container(home, "dropped")["Id"] == before
    story = home.incident("config_drift_minor", "dropped", "succeeded")
    assert container(home, "dropped")["Config"]["Labels"]["tier"] == "front"


def test_an_image_that_cannot_run_is_rolled_back_to_the_one_before_and_its_unit(drifting: Home) -> None:
    home, before = drifting, image_id(drifting, "broken")
    home.shell(IMAGE, "broken", "broken")
    home.write("/etc/containers/systemd/broken.container", QUADLET.format(name="broken", more="Label=tier=front"))
    home.run("podman", "image", "prune", "--force")
    story = home.incident("config_drift_major", "broken", "proposed")
    approve(home, story)
    story = home.incident("config_drift_major", "broken", "rolled_back")
    now = container(home, "broken")
    assert (now["Image"], now["State"]["Running"], now["Config"]["Labels"].get("tier")) == (before, True, None)
    assert image_id(home, "broken") == before
    assert "tier" not in home.run("cat", "/etc/containers/systemd/broken.container")
    written = "declared/copies/etc/containers/systemd/broken.container"
    assert "tier=front" in home.run("cat", f"/var/lib/homeostat/undeployed/homeostat-drift-reconciliation-{story['id']}/{written}")
