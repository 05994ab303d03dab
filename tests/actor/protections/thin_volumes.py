"""Protection `lvm-thin` on real thin volumes: run in the tests' virtual machine, by tests/integration/test_lvm_thin.py."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from actor import deeds
from actor.model import Restored, Unprotectable
from actor.playbook import PROTECTIONS
from tests import real
from tests.actor.cases import case
from tests.actor.protections.scenes import Scene, through_json
from tests.actor.protections.scenes import lvm_thin as scene_of
from tests.support import playbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Case
    from tests.support import Host

THIN = PROTECTIONS["lvm-thin"]
NAME = "homeostat-service-restart-i1"
Thin = tuple[str, pathlib.Path]


@pytest.fixture
def scene(host: Host, thin: Thin) -> Scene:
    return scene_of(host, thin)


def of(host: Host, volume: str) -> Case:
    return case(host, "web", services={"web": {"volume": volume}})


def report(volume: str, fields: str) -> list[str]:
    argv = ["lvs", "--noheadings", "--separator", " ", "--options", fields, volume]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()


def lvm(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


def sealed(scene: Scene) -> dict[str, object]:
    record = through_json(THIN.protect(scene.case))
    scene.act()
    return through_json(THIN.seal(scene.case, record))


def test_the_snapshot_is_read_only_bears_our_tag_and_rests_until_it_is_needed(scene: Scene, thin: Thin) -> None:
    record = sealed(scene)
    attributes, tags, origin = report(f"{real.THIN_GROUP}/{NAME}", "lv_attr,lv_tags,origin")
    assert (attributes[1], attributes[4], attributes[9]) == ("r", "-", "k")
    assert (tags, f"{real.THIN_GROUP}/{origin}") == ("homeostat", thin[0])
    THIN.roll_back(scene.case, record)
    assert report(f"{real.THIN_GROUP}/{NAME}", "lv_attr")[0][4] == "-"
    assert NAME not in pathlib.Path("/proc/mounts").read_text()


def test_the_word_snapshot_is_given_by_what_the_data_lies_on(scene: Scene) -> None:
    assert deeds.protect(scene.case, playbook("service-restart"))["protection"] == "lvm-thin"


def test_a_pool_that_is_nearly_full_refuses_before_anything_is_done(host: Host) -> None:
    lvm("lvcreate", "--type", "thin-pool", "--size", "64m", "--name", "small", str(real.THIN_GROUP))
    try:
        with real.thin_volume("filling", pool="small", size_mib=96) as (volume, place):
            told = THIN.obstacle(of(host, volume))
            assert told is None
            with (place / "ballast").open("wb") as file:
                while told is None:
                    file.write(bytes(4 * 1024**2))
                    os.fsync(file.fileno())
                    told = THIN.obstacle(of(host, volume))
            assert told.startswith(f"the pool small of {volume} has ")
            with pytest.raises(Unprotectable, match="less than"):
                THIN.protect(of(host, volume))
            assert THIN.kept(of(host, volume).config) == ()
    finally:
        lvm("lvremove", "--yes", f"{real.THIN_GROUP}/small")


def test_what_is_no_thin_volume_or_none_at_all_cannot_be_protected(host: Host) -> None:
    lvm("lvcreate", "--size", "4m", "--name", "thick", str(real.THIN_GROUP))
    try:
        for name in ("thick", "absent"):
            assert THIN.obstacle(of(host, f"{real.THIN_GROUP}/{name}")) == f"{real.THIN_GROUP}/{name} is no thin volume"
    finally:
        lvm("lvremove", "--yes", f"{real.THIN_GROUP}/thick")
    assert "cannot be looked at" in str(THIN.obstacle(of(host, "absent/data")))


def test_no_snapshot_pins_the_actors_own_state(host: Host, thin: Thin) -> None:
    about = case(host, "web", services={"web": {"volume": thin[0]}}, actor={"state_directory": str(thin[1] / "state")})
    assert THIN.obstacle(about) == f"{thin[1]} holds the actor's own state, which no snapshot may pin"


@pytest.mark.parametrize("tag", ["other", "homeostat"])
def test_what_a_person_made_is_never_listed_nor_discarded(scene: Scene, tag: str) -> None:
    record = through_json(THIN.protect(scene.case))
    THIN.discard(record)
    # Our name, but no snapshot of this volume, or not our tag.
    made = ["--snapshot", str(record["volume"])] if tag == "other" else ["--thin", f"{real.THIN_GROUP}/pool", "--virtualsize", "4m"]
    lvm("lvcreate", "--addtag", tag, "--name", NAME, *made)
    try:
        assert THIN.kept(scene.case.config) == ()
        with pytest.raises(ValueError, match="no snapshot that we took of it"):
            THIN.discard(record)
        assert THIN.protect(scene.case)["snapshot"] == f"{NAME}.2"
        assert report(f"{real.THIN_GROUP}/{NAME}", "lv_tags") == [tag]
    finally:
        lvm("lvremove", "--yes", f"{real.THIN_GROUP}/{NAME}")


def test_a_volume_that_is_mounted_elsewhere_since_is_left_alone(scene: Scene) -> None:
    record = sealed(scene)
    with pytest.raises(FileNotFoundError, match="no longer mounted at"):
        THIN.roll_back(scene.case, {**record, "place": str(pathlib.Path("/srv"))})


def test_nothing_is_put_back_under_a_running_service(scene: Scene, host: Host) -> None:
    record = sealed(scene)
    after = scene.content()
    (host.service / "down").unlink()
    assert "in use; its old state is in" in THIN.roll_back(scene.case, record).conflicts[0]
    assert scene.content() == after


def test_without_a_seal_nothing_is_reverted_and_everything_named(scene: Scene) -> None:
    record = through_json(THIN.protect(scene.case))
    scene.act()
    after = scene.content()
    restored = THIN.roll_back(scene.case, record)
    assert (restored.restored, scene.content()) == (0, after)
    assert any(f"{scene.root}/changed" in told for told in restored.conflicts)


def test_a_process_that_is_killed_while_it_protects_leaves_what_is_listed_and_the_next_takes_its_own(scene: Scene) -> None:
    before = scene.content()
    for number, milliseconds in enumerate((20, 100, 250, 500), start=1):
        killed_after(milliseconds, lambda: THIN.protect(scene.case))
        assert len(THIN.kept(scene.case.config)) <= number
    record = sealed(scene)
    assert record["snapshot"] in {kept.name for kept in THIN.kept(scene.case.config)}
    THIN.roll_back(scene.case, record)
    assert scene.content() == before


def test_a_process_that_is_killed_while_it_undoes_is_finished_by_the_next(scene: Scene) -> None:
    before = scene.content()
    record = sealed(scene)
    for milliseconds in (150, 250, 300, 350, 400, 500, 650):
        killed_after(milliseconds, lambda: THIN.roll_back(scene.case, record))
    assert THIN.roll_back(scene.case, record).conflicts == ()
    assert scene.content() == before
    assert THIN.roll_back(scene.case, record) == Restored()
    THIN.discard(record)
    assert THIN.kept(scene.case.config) == ()


def killed_after(milliseconds: int, deed: Callable[[], object]) -> None:
    """Do it in a process of its own, which SIGKILL ends so soon."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            deed()
        os._exit(0)
    time.sleep(milliseconds / 1000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
