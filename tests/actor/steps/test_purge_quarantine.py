"""Step `purge-quarantine`: what a rule names, and only from this incident's own quarantine, is deleted; the rest goes back."""

from __future__ import annotations

import dataclasses
import errno
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from actor.model import Case, Command, StepFailed
from actor.playbook import STEPS
from actor.steps.purge_quarantine import Options
from actor.steps.quarantine_files import Options as Moving
from tests.actor.cases import case, reconfigured
from tests.support import KIB, Host

if TYPE_CHECKING:
    import pathlib

STEP, MOVE = STEPS["purge-quarantine"], STEPS["quarantine-files"]


def planned(about: Case) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """Return what moves files aside and what deletes them."""
    moving = MOVE.plan(MOVE.gather(about, Moving()), Moving())
    return moving, STEP.plan(STEP.gather(dataclasses.replace(about, planned=moving), Options()), Options())


def moved(about: Case) -> Command:
    """Move one slice aside and return what deletes it."""
    moving, purging = planned(about)
    for command in moving:
        MOVE.perform(about, command)
    (purge,) = purging
    return purge


def waiting(host: Host, incident_id: str = "i1") -> list[str]:
    place = host.disk / ".homeostat-quarantine" / f"homeostat-disk-cleanup-{incident_id}"
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir() or path.is_symlink())


def aside(host: Host, name: str, incident_id: str = "i1") -> pathlib.Path:
    return host.disk / ".homeostat-quarantine" / f"homeostat-disk-cleanup-{incident_id}" / "1" / "old-logs" / name


def test_what_waits_is_deleted_counted_and_predicted_anew(host: Host) -> None:
    host.log("a.log.1", 16), host.log("deep/b\nc.log.1", 16)
    about = case(host, "disk")
    seen = STEP.perform(about, moved(about))
    assert seen == {"purged": 2, "put_back": [], "predicted": {"least_bytes": 32 * KIB, "most_bytes": 32 * KIB}}
    assert [path for path in host.logs.rglob("*") if path.is_file()] == []
    assert not aside(host, "").parent.exists()


def test_each_slice_is_deleted_by_itself(host: Host) -> None:
    host.log("a.log.1"), host.log("b.log.1")
    about = case(host, "disk", filesystems={"disk": {"free_target": 0.95}})
    moving, purging = planned(about)
    for command in moving:
        MOVE.perform(about, command)
    assert [(command.slice, command.frees.least_bytes) for command in purging] == [(1, 64 * KIB), (2, 64 * KIB)]
    STEP.perform(about, purging[0])
    assert waiting(host) == ["2/old-logs/b.log.1"]


def test_without_anything_moved_aside_nothing_is_planned(host: Host) -> None:
    assert planned(case(host, "disk")) == ((), ())


def test_another_incidents_quarantine_stays(host: Host) -> None:
    host.log("a.log.1", 16)
    moved(case(host, "disk", incident_id="i2"))
    host.log("b.log.1", 16)
    about = case(host, "disk")
    STEP.perform(about, moved(about))
    assert waiting(host, "i2") == ["1/old-logs/a.log.1"]


def test_a_file_that_was_opened_or_written_since_goes_back_untouched(host: Host) -> None:
    with host.log("written.log.1", 4).open("ab") as writer, host.log("held.log.1", 4).open("rb"):
        held = (os.fstat(writer.fileno()).st_ino, (host.logs / "held.log.1").stat().st_ino)
    host.log("goes.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    with aside(host, "held.log.1").open("rb"):
        aside(host, "written.log.1").write_bytes(b"written since")
        seen = STEP.perform(about, purge)
    assert (seen["purged"], sorted(seen["put_back"])) == (1, [str(host.logs / "held.log.1"), str(host.logs / "written.log.1")])
    assert ((host.logs / "written.log.1").stat().st_ino, (host.logs / "held.log.1").stat().st_ino) == held
    assert seen["predicted"]["least_bytes"] == 4 * KIB


def test_a_file_that_got_a_second_name_since_goes_back(host: Host) -> None:
    host.log("a.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    (host.disk / "precious").hardlink_to(aside(host, "a.log.1"))
    assert STEP.perform(about, purge)["purged"] == 0
    assert (host.logs / "a.log.1").exists()


def test_what_no_rule_names_is_never_deleted_whoever_put_it_there(host: Host) -> None:
    host.log("a.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    aside(host, "precious.txt").write_text("precious")
    aside(host, "link.log.1").symlink_to(host.folder)
    STEP.perform(about, purge)
    assert (host.logs / "precious.txt").read_text() == "precious"
    assert (host.logs / "link.log.1").is_symlink()
    assert host.control.exists()


def test_what_cannot_go_back_for_its_place_is_taken_stays_in_the_quarantine(host: Host) -> None:
    host.log("a.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    host.log("a.log.1", 8)
    with aside(host, "a.log.1").open("rb"):
        seen = STEP.perform(about, purge)
    assert (seen["put_back"], seen["stays"]) == ([], [str(host.logs / "a.log.1")])
    assert (waiting(host), (host.logs / "a.log.1").stat().st_size) == (["1/old-logs/a.log.1"], 8 * KIB)


def test_a_rule_that_the_owner_took_back_deletes_nothing_more(host: Host) -> None:
    host.log("a.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    without = reconfigured(about, host)
    with pytest.raises(StepFailed, match="there is no cleanup rule 'old-logs'"):
        STEP.perform(dataclasses.replace(without, config=msgspec.structs.replace(without.config, cleanup={})), purge)
    younger = reconfigured(about, host, cleanup={"old-logs": {"older_than": "30d"}})
    assert STEP.perform(younger, purge)["purged"] == 0
    assert (host.logs / "a.log.1").exists()


class TestTooFull:
    @pytest.fixture
    def full(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        (host.logs / "deep").mkdir()
        monkeypatch.setattr(os, "mkdir", _refused)

    def purge(self, about: Case) -> Command:
        options = Moving(when_full="delete")
        moving = MOVE.plan(MOVE.gather(about, options), options)
        assert [MOVE.perform(about, command)["moved"] for command in moving] == [0]
        (purge,) = STEP.plan(STEP.gather(dataclasses.replace(about, planned=moving), Options()), Options())
        return purge

    def test_where_not_even_a_name_can_be_moved_a_slice_goes_where_it_lies(self, host: Host, full: None) -> None:
        paths = [host.log("a.log.1", 4), host.log("deep-b.log.1", 4), host.log("held.log.1", 4), host.log("written.log.1", 4)]
        purge = self.purge(case(host, "disk"))
        assert STEP.oracle(case(host, "disk"), purge) == "none"
        paths[3].write_bytes(b"written since")
        with paths[2].open("rb"):
            seen = STEP.perform(case(host, "disk"), purge)
        assert (seen["purged"], seen["in_place"], seen["predicted"]["least_bytes"]) == (2, True, 8 * KIB)
        assert [path.exists() for path in paths] == [False, False, True, True]
        assert STEP.oracle(case(host, "disk"), purge) == "partial"

    def test_a_folder_that_became_a_link_or_a_rule_that_changed_deletes_nothing(self, host: Host, full: None) -> None:
        host.log("deep/a.log.1", 4)
        purge = self.purge(case(host, "disk"))
        younger = case(host, "disk", cleanup={"old-logs": {"older_than": "30d"}})
        assert STEP.perform(younger, purge)["purged"] == 0
        (host.logs / "deep").rename(host.folder / "precious")
        (host.logs / "deep").symlink_to(host.folder / "precious")
        assert STEP.perform(case(host, "disk"), purge)["purged"] == 0
        assert (host.folder / "precious" / "a.log.1").exists()

    def test_where_there_is_room_again_it_goes_by_the_quarantine(self, host: Host) -> None:
        path = host.log("a.log.1", 4)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "mkdir", _refused)
            purge = self.purge(case(host, "disk"))
        assert "in_place" not in STEP.perform(case(host, "disk"), purge)
        assert not path.exists()


def _refused(*names: str, **folders: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_its_oracle_tells_nothing_some_and_all(host: Host) -> None:
    host.log("a.log.1", 4), host.log("b.log.1", 4)
    about = case(host, "disk")
    purge = moved(about)
    assert STEP.oracle(about, purge) == "none"
    aside(host, "a.log.1").unlink()
    assert STEP.oracle(about, purge) == "partial"
    STEP.perform(about, purge)
    assert STEP.oracle(about, purge) == "done"


def test_it_cannot_be_undone_and_says_what_is_lost(host: Host) -> None:
    host.log("a.log.1", 4)
    assert moved(case(host, "disk")).irreversible
    assert STEP.loss == "rule-bound"
