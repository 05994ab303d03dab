"""What every protection promises: it restores, twice does no harm, and what a person edited since is left and reported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from actor.disk import files
from actor.model import Restored, Unprotectable
from actor.playbook import PROTECTIONS
from tests import real
from tests.actor.protections.scenes import SCENES, Scene, through_json
from tests.crash import Killed, Reaper, reaping

if TYPE_CHECKING:
    from tests.support import Host

PLACES = {"snapshot": "btrfs", "lvm-thin": "thin", "deployment": "units"}
# Thin volumes exist in the tests' virtual machine only, where tests/integration/test_lvm_thin.py runs this file, and units of
# our own in their container, where test_deployments.py does.
ELSEWHERE = {"lvm-thin": real.THIN_GROUP is not None, "deployment": real.UNITS}
HERE = [name for name in SCENES if ELSEWHERE.get(name, True)]
MARKED = [pytest.param(name, marks=pytest.mark.integration) if name in PLACES else name for name in HERE]
PROTECTING = [param for param in MARKED if param != "none"]
# An owner's own undo keeps nothing: what it puts back, and over what, only that program knows.
KEEPING = [param for param in PROTECTING if param != "command"]


@pytest.fixture
def scene(request: pytest.FixtureRequest, host: Host) -> Scene:
    place = request.getfixturevalue(PLACES[request.param]) if request.param in PLACES else None
    built: Scene = SCENES[request.param](host, place)
    return built


def acted(scene: Scene) -> dict[str, object]:
    record = through_json(scene.protection.protect(scene.case))
    scene.act()
    return through_json(scene.protection.seal(scene.case, record))


def back(scene: Scene, record: dict[str, object]) -> Restored:
    return scene.protection.roll_back(scene.case, record)


def test_every_protection_has_a_scene() -> None:
    assert set(SCENES) == set(PROTECTIONS)


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_where_nothing_stands_in_the_way_there_is_no_obstacle(scene: Scene) -> None:
    assert scene.protection.obstacle(scene.case) is None


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_protecting_changes_nothing_that_it_protects(scene: Scene) -> None:
    before = scene.content()
    scene.protection.protect(scene.case)
    assert scene.content() == before


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_rolling_back_restores_what_was(scene: Scene) -> None:
    before = scene.content()
    record = acted(scene)
    assert (scene.content() == before) == (scene.root is None)
    restored = back(scene, record)
    assert scene.content() == before
    assert restored.conflicts == ()
    assert (restored.restored > 0) == (scene.root is not None)


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_rolling_back_twice_does_no_harm(scene: Scene) -> None:
    before = scene.content()
    record = acted(scene)
    back(scene, record)
    assert back(scene, record).restored == (1 if scene.protection.word == "command" else 0)
    assert scene.content() == before


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_protecting_the_same_incident_twice_does_no_harm(scene: Scene) -> None:
    before = scene.content()
    scene.protection.protect(scene.case)
    back(scene, acted(scene))
    assert scene.content() == before


@pytest.mark.parametrize("scene", [param for param in KEEPING if param != "quarantine"], indirect=True)
def test_a_second_run_of_one_incident_goes_back_to_where_it_began_and_no_further(scene: Scene) -> None:
    acted(scene)
    between = scene.content()
    record = through_json(scene.protection.protect(scene.case))
    scene.edit()
    assert back(scene, through_json(scene.protection.seal(scene.case, record))).conflicts == ()
    assert scene.content() == between


@pytest.mark.parametrize("scene", KEEPING, indirect=True)
def test_what_a_person_edited_since_is_left_and_reported_and_the_rest_goes_back(scene: Scene) -> None:
    before = scene.content()
    record = acted(scene)
    scene.edit()
    edited = scene.content()[scene.edited]
    restored = back(scene, record)
    assert restored.conflicts == (f"{scene.root}/{scene.edited}",)
    assert scene.content() == before | {scene.edited: edited}
    assert back(scene, record) == Restored(restored=0, conflicts=restored.conflicts)


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_keeping_leaves_what_the_action_did(scene: Scene) -> None:
    record = acted(scene)
    after = scene.content()
    scene.protection.keep(scene.case, record)
    scene.protection.keep(scene.case, record)
    assert scene.content() == after


@pytest.mark.parametrize("scene", PROTECTING, indirect=True)
def test_what_stands_in_the_way_is_told_before_and_refused_when_protecting(scene: Scene) -> None:
    assert scene.spoil is not None
    scene.spoil()
    obstacle = scene.protection.obstacle(scene.case)
    assert obstacle is not None
    with pytest.raises(Unprotectable) as told:
        scene.protection.protect(scene.case)
    assert str(told.value) == obstacle


@pytest.mark.parametrize("scene", PROTECTING, indirect=True)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_rollback_that_is_killed_anywhere_is_finished_by_the_next(scene: Scene, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scene.content()
    record = acted(scene)
    for number in range(200):
        try:
            with reaping(monkeypatch, Reaper(number, after=after)):
                back(scene, record)
        except Killed:
            continue
        break
    else:
        pytest.fail("it never came to its end")
    assert scene.content() == before
    assert back(scene, record).conflicts == ()


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_a_rehearsal_tells_what_an_undo_does_and_does_nothing(scene: Scene) -> None:
    record = acted(scene)
    scene.edit()
    after = scene.content()
    told = scene.protection.rehearse(scene.case, record)
    assert scene.content() == after
    assert told == back(scene, record)


@pytest.mark.parametrize("scene", KEEPING, indirect=True)
def test_what_is_kept_bears_action_and_incident_leads_to_the_old_state_and_goes_when_discarded(scene: Scene) -> None:
    assert scene.edited is not None
    before = scene.content()
    record = acted(scene)
    (kept,) = scene.protection.kept(scene.case.config)
    assert kept.name == f"homeostat-{scene.case.action}-i1"
    with scene.protection.locate(through_json(kept.record), f"{scene.root}/{scene.edited}") as (folder, path), files.opened_below(folder, path.parent) as place:
        assert content_of(place, path.name) == before[scene.edited]
    assert 0 < scene.protection.room(record) <= 1
    scene.protection.discard(record)
    assert scene.protection.kept(scene.case.config) == ()
    scene.protection.discard(record)


def content_of(folder: int, name: str) -> bytes:
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:
        return file.read()


@pytest.mark.parametrize("scene", MARKED, indirect=True)
def test_where_nothing_is_kept_nothing_is_listed_and_nothing_can_be_looked_up(scene: Scene) -> None:
    assert scene.protection.kept(scene.case.config) == ()
    record = acted(scene)
    with pytest.raises(FileNotFoundError), scene.protection.locate(record, "/elsewhere/file"):
        pass


@pytest.mark.parametrize("scene", KEEPING, indirect=True)
def test_nothing_of_another_name_is_discarded(scene: Scene) -> None:
    before = scene.content()
    record = acted(scene)
    strange = {name: value.replace("homeostat-", "holiday-") if isinstance(value, str) else value for name, value in record.items()}
    (kept,) = scene.protection.kept(scene.case.config)
    with pytest.raises(ValueError, match="no name of ours"):
        scene.protection.discard(strange)
    assert scene.protection.kept(scene.case.config) == (kept,)
    assert back(scene, record).conflicts == ()
    assert scene.content() == before
