"""Protection `quarantine`: what it needs, and what it leaves behind."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from actor.model import Restored, StepFailed
from actor.playbook import PROTECTIONS, STEPS
from actor.steps.quarantine_files import Options
from tests.actor.cases import case
from tests.real import mounted

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from tests.support import Host

QUARANTINE = PROTECTIONS["quarantine"]


def moved(host: Host) -> dict[str, object]:
    about, step = case(host, "disk"), STEPS["quarantine-files"]
    record = QUARANTINE.protect(about)
    for command in step.plan(step.gather(about, Options()), Options()):
        step.perform(about, command)
    return record


def part(host: Host) -> pathlib.Path:
    return host.disk / ".homeostat-quarantine" / "homeostat-disk-cleanup-i1"


def test_its_place_is_for_root_only(host: Host) -> None:
    host.log("a.log.1")
    moved(host)
    assert part(host).parent.stat().st_mode & 0o777 == 0o700


def test_it_takes_no_room_before_something_is_moved_for_the_file_system_may_be_full(host: Host) -> None:
    QUARANTINE.protect(case(host, "disk"))
    assert not part(host).parent.exists()


@pytest.mark.parametrize("spoil", [lambda place: os.chown(place, 1234, -1), lambda place: place.chmod(0o777)], ids=["owned", "writable"])
def test_a_place_that_somebody_else_could_change_protects_nothing(host: Host, spoil: Callable[[pathlib.Path], None]) -> None:
    place = part(host).parent
    place.mkdir(mode=0o700)
    assert QUARANTINE.obstacle(case(host, "disk")) is None
    spoil(place)
    assert QUARANTINE.obstacle(case(host, "disk")) == f"{place} is no folder of ours alone"
    place.rmdir()
    place.symlink_to(host.logs)
    assert QUARANTINE.obstacle(case(host, "disk")) == f"{place} is no folder of ours alone"


def usurp(host: Host) -> pathlib.Path:
    """Do what the owner of the file system's root can: take our folder away, and lay one of his own with a file in it."""
    place = part(host).parent
    if place.exists():
        place.rename(host.disk / "taken-away")
    theirs = part(host) / "1" / "old-logs" / "planted.log.1"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("by the owner")
    os.utime(theirs, (0, 0))
    os.chown(place, 1234, 1234)
    return theirs


def test_nothing_is_moved_into_a_folder_that_somebody_laid_in_ours_place(host: Host) -> None:
    host.log("a.log.1")
    QUARANTINE.protect(case(host, "disk"))
    usurp(host)
    step = STEPS["quarantine-files"]
    (command,) = step.plan(step.gather(case(host, "disk"), Options()), Options())
    with pytest.raises(StepFailed, match="no folder of ours alone"):
        step.perform(case(host, "disk"), command)
    assert (host.logs / "a.log.1").exists()


def test_what_somebody_laid_in_ours_place_comes_to_no_place_and_is_not_deleted(host: Host) -> None:
    host.log("a.log.1")
    record = moved(host)
    theirs = usurp(host)
    for verb in (QUARANTINE.roll_back, QUARANTINE.rehearse, QUARANTINE.keep):
        with pytest.raises(PermissionError, match="no folder of ours alone"):
            verb(case(host, "disk"), record)
    with pytest.raises(PermissionError, match="no folder of ours alone"):
        QUARANTINE.discard(record)
    assert QUARANTINE.kept(case(host, "disk").config) == ()
    assert (theirs.read_text(), list(host.logs.iterdir())) == ("by the owner", [])


def test_what_a_rule_within_another_rules_folder_moved_is_found_again(host: Host) -> None:
    host.log("deep/a.log.1")
    within = {"within": {"directory": str(host.logs / "deep"), "pattern": "*.log.*", "older_than": "1h"}}
    about, step = case(host, "disk", cleanup=within), STEPS["quarantine-files"]
    record = QUARANTINE.protect(about)
    for command in step.plan(step.gather(about, Options(rules=("within",))), Options()):
        step.perform(about, command)
    with QUARANTINE.locate(record, str(host.logs / "deep" / "a.log.1")) as (folder, path):
        assert os.stat(path, dir_fd=folder).st_size == 64 * 1024


def test_where_a_link_has_come_into_the_way_a_rehearsal_tells_what_an_undo_does(host: Host) -> None:
    host.log("deep/a.log.1")
    record = moved(host)
    (host.logs / "deep").rmdir()
    (host.logs / "deep").symlink_to(host.folder)
    told = QUARANTINE.rehearse(case(host, "disk"), record)
    assert told == QUARANTINE.roll_back(case(host, "disk"), record) == Restored(conflicts=(f"{host.logs}/deep/a.log.1",))


def test_an_emptied_part_is_removed(host: Host) -> None:
    host.log("a.log.1")
    QUARANTINE.roll_back(case(host, "disk"), moved(host))
    assert not part(host).exists()


def test_what_could_not_go_back_stays_in_the_quarantine(host: Host) -> None:
    host.log("a.log.1")
    record = moved(host)
    host.log("a.log.1", size_kib=1)
    QUARANTINE.roll_back(case(host, "disk"), record)
    assert (part(host) / "1" / "old-logs" / "a.log.1").stat().st_size == 64 * 1024


def test_keeping_leaves_what_waits_and_removes_an_empty_part(host: Host) -> None:
    host.log("a.log.1")
    record = moved(host)
    QUARANTINE.keep(case(host, "disk"), record)
    assert part(host).exists()
    QUARANTINE.roll_back(case(host, "disk"), record)
    QUARANTINE.keep(case(host, "disk"), QUARANTINE.protect(case(host, "disk")))
    assert not part(host).exists()


def test_after_a_purge_there_is_nothing_to_put_back(host: Host) -> None:
    host.log("a.log.1")
    record = moved(host)
    shutil.rmtree(part(host))
    assert QUARANTINE.roll_back(case(host, "disk"), record) == Restored()


def test_a_folder_that_is_gone_is_no_quiet_success(host: Host) -> None:
    host.log("a.log.1")
    record = moved(host)
    shutil.rmtree(host.logs)
    with pytest.raises(FileNotFoundError):
        QUARANTINE.roll_back(case(host, "disk"), record)
    assert (part(host) / "1" / "old-logs" / "a.log.1").exists()


def test_a_target_that_is_a_service_cannot_be_protected_by_it(host: Host) -> None:
    assert QUARANTINE.obstacle(case(host, "web")) == "the target is no file system"


def test_a_root_behind_a_symlink_cannot_be_protected(host: Host) -> None:
    host.disk.rename(host.folder / "real")
    host.disk.symlink_to(host.folder / "real")
    assert str(QUARANTINE.obstacle(case(host, "disk"))).startswith(f"{host.disk} cannot be opened")


@pytest.mark.integration
def test_a_file_system_that_is_read_only_cannot_be_protected(host: Host, tmp_path: pathlib.Path) -> None:
    with mounted(tmp_path / "ro", "-t", "tmpfs", "-o", "ro", "tmpfs") as place:
        about = case(host, "ro", filesystems={"ro": {"path": str(place)}})
        assert QUARANTINE.obstacle(about) == f"{place} is read-only"
