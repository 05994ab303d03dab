"""Parents of incremental sends: the latest that two folders have in common stays in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.backups.parents import parents
from tests.homeostat.backups.facts import backup, taken

if TYPE_CHECKING:
    from homeostat.backups.snapshots import Snapshot

BACKUPS = {"local": backup(directory="/srv/.snapshots"), "usb": backup(directory="/mnt/usb"), "other": backup(sources={"data": "/srv/other"}, directory="/o")}
LOCAL = [taken(number, float(number)) for number in (1, 2, 3, 4)]


def received(number: int, of: Snapshot, **changes: Any) -> Snapshot:
    return taken(number, of.at, uuid=f"{number + 1000:032x}", received=of.uuid, **changes)


def needed(name: str, usb: list[Snapshot] | None, other: list[Snapshot] | None = None) -> dict[int, str]:
    return parents(name, BACKUPS, {"local": LOCAL, "usb": usb, "other": other})


def test_the_latest_that_was_received_stays_on_both_sides() -> None:
    usb = [received(51, LOCAL[0]), received(52, LOCAL[1])]
    assert needed("local", usb) == {2: "it is the latest that it has in common with backup usb, the parent of what is sent next"}
    assert set(needed("usb", usb)) == {52}


def test_one_that_is_not_wholly_received_is_no_parent() -> None:
    assert set(needed("local", [received(51, LOCAL[0]), received(52, LOCAL[1], complete=False)])) == {1}


def test_where_both_were_received_from_a_third_they_know_each_other_by_that() -> None:
    mine = [taken(1, 1.0, received="f" * 32), taken(2, 2.0)]
    theirs = [taken(9, 1.0, received="f" * 32)]
    looks = {"local": mine, "usb": theirs, "other": []}
    assert (set(parents("local", BACKUPS, looks)), set(parents("usb", BACKUPS, looks))) == ({1}, {9})


def test_while_the_other_folder_cannot_be_seen_all_of_the_source_stay() -> None:
    told = needed("local", None)
    assert set(told) == {1, 2, 3, 4}
    assert told[1] == "backup usb has the same source and cannot be seen now: which parent it needs is unknown"


def test_another_source_is_none_of_its_business() -> None:
    assert needed("local", [], None) == {}
    assert needed("other", [], [taken(7, 7.0)]) == {}
