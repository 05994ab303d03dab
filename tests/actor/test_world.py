"""The kill switch is a file, and a case is built from the catalogue alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.world import StopSwitch, case_of

if TYPE_CHECKING:
    import pathlib

    from tests.support import Actor


def test_without_a_file_nothing_is_stopped(tmp_path: pathlib.Path) -> None:
    assert StopSwitch(str(tmp_path)).reason() is None


@pytest.mark.parametrize(("content", "reason"), [(b"by ada: enough\n", "by ada: enough"), (b"", "no reason was given"), (b"\xff", "\ufffd")])
def test_a_file_stops_whatever_it_holds(tmp_path: pathlib.Path, content: bytes, reason: str) -> None:
    (tmp_path / "stop").write_bytes(content)
    assert StopSwitch(str(tmp_path)).reason() == reason


def test_a_switch_that_cannot_be_read_is_a_stop(tmp_path: pathlib.Path) -> None:
    (tmp_path / "stop").mkdir()
    assert StopSwitch(str(tmp_path)).reason() == "the stop switch cannot be read: Is a directory"


def test_a_stop_in_any_of_its_folders_stops(tmp_path: pathlib.Path) -> None:
    folders = [tmp_path / name for name in ("root", "own")]
    switch = StopSwitch(*map(str, folders))
    for folder in folders:
        folder.mkdir()
        (folder / "stop").write_text(folder.name)
        assert switch.reason() == folder.name
        (folder / "stop").unlink()
    assert (switch.reason(), switch.own) == (None, folders[1] / "stop")


def test_a_case_is_of_the_catalogue_that_its_playbook_acts_on(actor: Actor) -> None:
    books = actor.world.playbooks
    disk = case_of(actor.world, books["disk-cleanup"], "disk", "i1")
    assert (disk.root, disk.service) == (str(actor.host.disk), None)
    web = case_of(actor.world, books["service-restart"], "web", "i1")
    assert (web.root, web.filesystem) == (None, None)
    for book, target in (("disk-cleanup", "web"), ("service-restart", "disk"), ("service-restart", "../disk")):
        with pytest.raises(KeyError):
            case_of(actor.world, books[book], target, "i1")


def test_a_case_hears_the_stop(actor: Actor) -> None:
    case = case_of(actor.world, actor.world.playbooks["service-restart"], "web", "i1")
    assert not case.stopped()
    actor.stop()
    assert case.stopped()


def test_a_case_ends_at_its_playbooks_deadline(actor: Actor) -> None:
    book = actor.world.playbooks["service-restart"]
    case = case_of(actor.world, book, "web", "i1")
    actor.clock.advance(book.file.deadline)
    assert not case.stopped()
    actor.clock.advance(1)
    assert case.stopped()
