"""What makes actions undoable goes when it is old, or when space is short; never what something unfinished may need."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis import strategies

from actor import deeds
from actor.journal import incidents, retention, undo_records
from actor.model import Kept, Stored, Undoing
from actor.playbook import PROTECTIONS
from actor.pruning import choose, prune
from homeostat.clock import SystemClock
from homeostat.config.types import Protections
from tests.actor.cases import case
from tests.crash import Killed, Reaper, reaping
from tests.real import subvolume
from tests.support import DAY, DISK, HOUR, NOW, WEB, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def actor(host: Host) -> Iterator[Actor]:
    data = host.service / "data"
    data.write_text("before")
    (host.service / "writes").touch()
    running = Actor(host, services={"web": {"files": [str(data)]}})
    running.clock.jump(now_on_disk() - running.clock.now())
    yield running
    running.journal.close()


def now_on_disk() -> float:
    """Return the time that file systems stamp with, which no clock of ours moves."""
    return SystemClock().now()


def restarted(actor: Actor) -> str:
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    return actor.incident().id


def folder(actor: Actor, incident_id: str) -> pathlib.Path:
    return actor.host.folder / "state" / "preimages" / f"homeostat-service-restart-{incident_id}"


def record(actor: Actor) -> undo_records.UndoRecord:
    found = undo_records.last(actor.journal)
    assert found is not None
    return found


def short(actor: Actor, ratio: float = 0.04) -> None:
    """Let the host say that space is short where it keeps things."""
    real = deeds.kept
    hands = dataclasses.replace(actor.world.hands, kept=lambda config: [with_room(one, ratio) for one in real(config)])
    actor.world.hands = hands


def with_room(one: Stored, ratio: float) -> Stored:
    return Stored(protection=one.protection, kept=one.kept, room_ratio=ratio)


def test_it_is_kept_for_its_retention_and_then_goes_and_the_record_says_why(actor: Actor) -> None:
    place = folder(actor, restarted(actor))
    actor.clock.advance(7 * DAY - HOUR)
    assert (prune(actor.world), place.exists()) == (0, True)
    actor.clock.advance(2 * HOUR)
    assert (prune(actor.world), place.exists()) == (1, False)
    assert (record(actor).pruned_why, record(actor).pruned_at) == ("after 7d", actor.clock.now())
    assert actor.total("homeostat_protections_pruned_total", protection="preimage", reason="age") == 1


def test_where_space_is_short_the_oldest_goes_before_its_time_and_the_record_says_so(actor: Actor) -> None:
    place = folder(actor, restarted(actor))
    actor.clock.advance(HOUR)
    short(actor)
    assert (prune(actor.world), place.exists()) == (1, False)
    assert str(record(actor).pruned_why).startswith("for want of space: 4% of ")


def test_what_an_unfinished_incident_may_need_is_taken_for_no_reason(actor: Actor) -> None:
    place = folder(actor, restarted(actor))
    with actor.journal.transaction() as db:
        incidents.move(db, actor.incident(), "running", "as if it ran", None)
    short(actor)
    actor.clock.advance(30 * DAY)
    assert (prune(actor.world), place.exists()) == (0, True)


def test_what_a_stranded_incident_left_stays_for_its_retention_however_short_space_is(actor: Actor) -> None:
    place = folder(actor, restarted(actor))
    with actor.journal.transaction() as db:
        incidents.settle(db, actor.incident(), "stranded", "the rollback failed", (actor.clock.now(), None))
    short(actor)
    actor.clock.advance(6 * DAY)
    assert (prune(actor.world), place.exists()) == (0, True)
    actor.clock.advance(2 * DAY)
    assert (prune(actor.world), place.exists()) == (1, False)


def test_what_a_person_undoes_at_this_moment_is_not_taken(actor: Actor) -> None:
    incident_id = restarted(actor)
    short(actor)
    actor.clock.advance(30 * DAY)
    actor.world.undoing = (Undoing(incident_id, "web"),)
    assert (prune(actor.world), folder(actor, incident_id).exists()) == (0, True)


def test_while_something_is_removed_nothing_starts_but_neither_news_nor_a_reload_waits(actor: Actor) -> None:
    place, seen = folder(actor, restarted(actor)), []
    actor.clock.advance(8 * DAY)
    real = deeds.discard

    def discard(config: Any, key: tuple[str, str, str]) -> None:
        actor.decide(DISK, "disk-cleanup")
        other = threading.Thread(target=actor.turn)
        other.start()
        other.join(10)
        seen.append((actor.incident().state, actor.incident().reason))
        real(config, key)

    actor.world.hands = dataclasses.replace(actor.world.hands, discard=discard)
    assert (prune(actor.world), place.exists()) == (1, False)
    assert seen == [("deferred", f"concurrency: the removal of {place.name} is running")]
    assert actor.world.undoing == ()


def test_what_no_record_tells_of_goes_too_when_it_is_old(actor: Actor) -> None:
    place = folder(actor, "0a1b2c3d")
    place.mkdir(parents=True)
    place.with_name("homeostat-service-restart-0a1b2c3e.unfinished").mkdir()
    assert prune(actor.world) == 0
    actor.clock.advance(8 * DAY)
    assert (prune(actor.world), list(place.parent.iterdir())) == (2, [])


def test_nothing_that_is_not_ours_is_ever_deleted(actor: Actor) -> None:
    place = folder(actor, restarted(actor)).parent
    strange = [place / name for name in ("holiday", "homeostat", "homeostat-", "homeostat-x", "homeostat-a-b-", "homeostat-A-b", "Xhomeostat-a-b", "homeostat-a-b.x")]
    for path in strange:
        path.mkdir()
    actor.clock.advance(30 * DAY)
    prune(actor.world)
    assert sorted(place.iterdir()) == sorted(strange)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_pruning_that_is_killed_anywhere_is_finished_by_the_next_and_never_promises_what_is_gone(
    actor: Actor, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    place = folder(actor, restarted(actor))
    actor.clock.advance(8 * DAY)
    for number in range(100):
        try:
            with reaping(monkeypatch, Reaper(number, after=after)):
                prune(actor.world)
        except Killed:
            whole = (place / "copies" / str(actor.host.service / "data")[1:]).exists() and (place / "manifest.json").exists()
            assert whole or record(actor).pruned_at is not None
            continue
        break
    else:
        pytest.fail("it never came to its end")
    assert not place.exists()


def test_what_cannot_be_deleted_is_no_reason_not_to_go_on(actor: Actor) -> None:
    place = folder(actor, restarted(actor))
    (place.parent / "homeostat-service-restart-0000.2").mkdir()
    actor.clock.advance(8 * DAY)
    real = deeds.discard

    def discard(config: Any, key: tuple[str, str, str]) -> None:
        if key[2].endswith(".2"):
            raise OSError("it is stuck")
        real(config, key)

    actor.world.hands = dataclasses.replace(actor.world.hands, discard=discard)
    assert (prune(actor.world), place.exists()) == (1, False)


def test_an_incident_stays_in_the_journal_as_long_as_it_can_be_undone(actor: Actor) -> None:
    restarted(actor)
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    much_later = actor.clock.now() + 900 * DAY
    retention.prune(actor.journal, actor.config.actor.retention, much_later)
    assert undo_records.last(actor.journal) is not None
    actor.clock.advance(8 * DAY)
    prune(actor.world)
    retention.prune(actor.journal, actor.config.actor.retention, much_later)
    assert (undo_records.last(actor.journal), incidents.recent(actor.journal, 0.0)) == (None, [])


def test_what_somebody_else_took_away_is_not_promised_for_ever(actor: Actor) -> None:
    shutil.rmtree(folder(actor, restarted(actor)))
    assert (prune(actor.world), record(actor).pruned_at) == (0, None)
    actor.clock.advance(8 * DAY)
    assert (prune(actor.world), record(actor).pruned_why) == (0, "for it was no longer where it had been kept")


@pytest.mark.integration
def test_a_real_snapshot_goes_with_age_and_never_while_its_incident_is_unfinished(host: Host, btrfs: pathlib.Path) -> None:
    root = subvolume(btrfs / host.folder.name)
    (root / "file").write_text("before")
    holiday = root / ".homeostat-snapshots" / "holiday"
    holiday.parent.mkdir()
    subvolume(holiday)
    actor = Actor(host, services={"web": {"subvolume": str(root)}})
    actor.clock.jump(now_on_disk() - actor.clock.now())
    taken = holiday.with_name(f"homeostat-service-restart-{restarted(actor)}")
    actor.clock.advance(8 * DAY)
    short(actor)
    with actor.journal.transaction() as db:
        incidents.move(db, actor.incident(), "running", "as if it ran", None)
    assert (prune(actor.world), (taken / "file").read_text()) == (0, "before")
    with actor.journal.transaction() as db:
        incidents.settle(db, actor.incident(), "succeeded", "it did", (actor.clock.now(), None))
    assert (prune(actor.world), taken.exists(), holiday.exists()) == (1, False, True)
    actor.journal.close()


@pytest.mark.integration
def test_where_btrfs_tells_late_of_what_is_free_no_more_goes_than_must(host: Host, btrfs: pathlib.Path) -> None:
    root = subvolume(btrfs / host.folder.name)
    about = case(host, "web", services={"web": {"subvolume": str(root)}})
    for number in range(2):
        with (root / "file").open("wb") as file:
            file.write(os.urandom(20 * 1024**2))
            os.fsync(file.fileno())
        PROTECTIONS["snapshot"].protect(dataclasses.replace(about, incident_id=f"i{number}"))
        (root / "file").unlink()
    os.sync()
    kept = deeds.kept(about.config)
    assert [stored.kept.name for stored in kept] == [f"homeostat-service-restart-i{number}" for number in range(2)]
    before = kept[0].room_ratio
    deeds.discard(about.config, kept[0].key)
    (left,) = deeds.kept(about.config)
    assert left.room_ratio > before + 0.05


# Whole seconds: of ages that lie closer than that a moment of now does not tell which is the older.
THINGS = strategies.lists(strategies.tuples(strategies.integers(-DAY, 30 * DAY), strategies.floats(0, 1)), max_size=8)


@hypothesis.given(things=THINGS, unfinished=strategies.sets(strategies.integers(0, 7)), begun=strategies.sets(strategies.integers(0, 7)))
def test_nothing_unfinished_goes_and_nothing_young_while_there_is_room_and_the_oldest_goes_first(
    things: list[tuple[int, float]], unfinished: set[int], begun: set[int]
) -> None:
    kept = [stored(number, NOW - age, room) for number, (age, room) in enumerate(things)]
    protections, gone = Protections(), []
    while (taken := choose(kept, [stored(number, 0.0, 0.0).key for number in begun], {f"i{number}" for number in unfinished}, (NOW, protections))) is not None:
        kept.remove(taken[0])
        gone.append(int(taken[0].kept.name[-1]))
    assert not set(gone) & unfinished
    for number in gone:
        age, room = things[number]
        assert number in begun or age > protections.retention or room < protections.keep_free
    assert [things[number][0] for number in gone] == sorted((things[number][0] for number in gone), reverse=True)
    assert not [number for number, (age, _) in enumerate(things) if age > protections.retention and number not in {*gone, *unfinished}]


def stored(number: int, made_at: float, room_ratio: float) -> Stored:
    kept = Kept(name=f"homeostat-service-restart-i{number}", place="/somewhere", made_at=made_at, record={})
    return Stored(protection="preimage", kept=kept, room_ratio=room_ratio)
