"""Step `image-prune` with a real podman: what has a name, or a container, is never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.model import Case, Command
from actor.steps.image_prune import STEP, Facts, Options
from homeostat.config import Config
from homeostat.config.catalogue import Filesystem

if TYPE_CHECKING:
    from tests.integration.machine import Machine

pytestmark = pytest.mark.integration

STORE = "/var/lib/containers"
# Another file in each, for podman knows an image by its content.
MAKE = 'd=$(mktemp -d) && mkdir "$d/bin" && cp /bin/busybox "$d/bin/sleep" && echo "$1" >"$d/which" && tar -C "$d" -c . | podman import --quiet - && rm -r "$d"'


def never() -> bool:
    return False


def case(place: str = STORE) -> Case:
    filesystem = Filesystem(path=place)
    return Case("one", "disk-cleanup", place, Config(filesystems={place: filesystem}), None, filesystem, place, 0.0, never)


def image(machine: Machine, which: str) -> str:
    """Make an image without a name, and return its id."""
    return machine.run("/bin/sh", "-ec", MAKE, "sh", which).strip().splitlines()[-1].removeprefix("sha256:")


def images(machine: Machine) -> set[str]:
    return {name.removeprefix("sha256:") for name in machine.run("podman", "images", "--all", "--quiet", "--no-trunc").split()}


def planned(machine: Machine) -> Command:
    (command,) = STEP.plan(machine.call(STEP.gather, case(), Options()), Options())
    return command


def test_only_what_dangles_and_no_container_uses_is_deleted(machine: Machine) -> None:
    # What other tests have left in the machine.
    machine.run("podman", "image", "prune", "--force")
    loose, used, kept, named_since = (image(machine, which) for which in ("loose", "used", "kept", "named since"))
    machine.run("podman", "create", "--name=user-of-it", used, "sleep", "1")
    machine.run("podman", "tag", kept, "localhost/homeostat-kept:web-1")
    command = planned(machine)
    assert command.arguments["argv"][5:] == sorted([loose, named_since])
    assert command.frees is not None
    assert command.frees.most_bytes > 2 * 1024**2
    assert machine.call(STEP.oracle, case(), command) == "none"
    machine.run("podman", "tag", named_since, "localhost/somebodys:1")
    assert machine.call(STEP.perform, case(), command)["deleted"] == 1
    assert images(machine) & {loose, used, kept, named_since} == {used, kept, named_since}
    machine.run("podman", "rm", "user-of-it")
    machine.run("podman", "rmi", "--force", used, kept, named_since)


def test_images_that_lie_elsewhere_are_none_of_its_business(machine: Machine) -> None:
    loose = image(machine, "elsewhere")
    assert machine.call(STEP.gather, case("/srv"), Options()) == Facts()
    machine.run("podman", "rmi", loose)


def test_a_podman_that_does_not_answer_is_told_and_the_cleanup_goes_on(machine: Machine) -> None:
    machine.run("mv", "/etc/containers/containers.conf", "/etc/containers/aside")
    machine.write("/etc/containers/containers.conf", "[[[")
    try:
        facts = machine.call(STEP.gather, case(), Options())
    finally:
        machine.run("mv", "/etc/containers/aside", "/etc/containers/containers.conf")
    assert facts.images == ()
    assert "podman does not tell of its images" in facts.left[0]
