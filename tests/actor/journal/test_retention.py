"""Retention: what is old goes in small steps, what anything still needs stays, and no total falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from actor.housekeeping import keep_house
from actor.journal import Journal, incidents, intake, ledger, retention, totals
from homeostat.config import Duration
from homeostat.config.types import Retention
from tests.support import DAY, DISK, HOUR, WEB, Actor, Host

if TYPE_CHECKING:
    import pytest

    from actor.model import EpisodeKey

KEEP = Retention(deliveries=Duration(30 * DAY), incidents=Duration(400 * DAY))


def sweep(actor: Actor, keep: Retention = KEEP) -> None:
    while retention.prune(actor.journal, keep, actor.clock.now()):
        pass


def count(actor: Actor, table: str) -> int:
    number: int = actor.journal.rows(f"SELECT count(*) FROM {table}")[0][0]
    return number


def ended(actor: Actor, key: EpisodeKey = WEB, action: str = "service-restart") -> str:
    """Let an episode run its whole course, an execution with it, and return its incident."""
    actor.decide(key, action)
    actor.turn()
    incident = incidents.of_open_episode(actor.journal, key)
    assert incident is not None
    actor.prometheus.forget(key)
    with actor.journal.transaction() as db:
        incidents.end_episode(db, incident, actor.clock.now())
    return incident.id


def test_deliveries_go_with_their_alerts_after_their_time_and_not_before(actor: Actor) -> None:
    for _ in range(120):
        actor.hear({"alertname": "HostDown"})
    actor.turn()
    actor.clock.advance(30 * DAY - 1)
    sweep(actor)
    assert (count(actor, "deliveries"), count(actor, "alerts")) == (120, 120)
    actor.clock.advance(2)
    sweep(actor)
    assert (count(actor, "deliveries"), count(actor, "alerts")) == (0, 0)


def test_what_nobody_has_decided_stays_however_old_it_is(actor: Actor) -> None:
    actor.hear({"alertname": "HostDown"})
    actor.clock.advance(1000 * DAY)
    sweep(actor)
    assert intake.pending(actor.journal) == 1


def test_an_incident_goes_with_its_whole_story_after_its_time_and_not_before(actor: Actor) -> None:
    ended(actor)
    actor.clock.advance(400 * DAY - HOUR)
    sweep(actor)
    assert count(actor, "incidents") == 1
    actor.clock.advance(2 * HOUR)
    sweep(actor)
    assert {table: count(actor, table) for table in ("incidents", *retention.STORY)} == dict.fromkeys(("incidents", *retention.STORY), 0)


def test_an_open_episode_stays_with_its_story_however_old_it_is(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    story = {table: count(actor, table) for table in retention.STORY}
    actor.clock.advance(1000 * DAY)
    sweep(actor)
    assert count(actor, "incidents") == 1
    assert {table: count(actor, table) for table in retention.STORY} == story


def test_what_a_budget_of_months_counts_stays_though_incidents_go_sooner(actor: Actor) -> None:
    incident_id = ended(actor)
    actor.clock.advance(60 * DAY)
    sweep(actor, Retention(deliveries=Duration(DAY), incidents=Duration(DAY)))
    assert [run.incident_id for run in ledger.executions(actor.journal, 0.0)] == [incident_id]
    assert "protect" in [phase["phase"] for phase in incidents.phases_of(actor.journal, incident_id)]


def test_whatever_else_refers_to_an_incident_keeps_it_as_an_undo_record_does(actor: Actor) -> None:
    kept, gone = ended(actor), ended(actor, DISK, "disk-cleanup")
    with actor.journal.transaction() as db:
        db.execute("CREATE TABLE keeps (id INTEGER PRIMARY KEY, whose TEXT NOT NULL REFERENCES incidents) STRICT")
        db.execute("INSERT INTO keeps (whose) VALUES (?)", (kept,))
    actor.clock.advance(401 * DAY)
    sweep(actor)
    assert (incidents.find(actor.journal, kept) is not None, incidents.find(actor.journal, gone)) == (True, None)


def test_what_an_undo_record_needs_stays_until_what_it_keeps_is_deleted(actor: Actor) -> None:
    incident_id = ended(actor)
    with actor.journal.transaction() as db:
        db.execute(
            "INSERT INTO undo_records (incident_id, action, host, target, protection, record, made_at, expires_at) VALUES (?, 'a', 'h1', 'web', 'preimage', '{}', 1, 2)",
            (incident_id,),
        )
    actor.clock.advance(401 * DAY)
    sweep(actor)
    assert incidents.find(actor.journal, incident_id) is not None
    with actor.journal.transaction() as db:
        db.execute("UPDATE undo_records SET pruned_at = 3")
    sweep(actor)
    assert incidents.find(actor.journal, incident_id) is None


def test_the_track_record_and_every_total_stay(actor: Actor) -> None:
    ended(actor)
    before = {name: values for name, values in totals.read(actor.journal).items() if "pruned" not in name}
    record = ledger.record_of(actor.journal, "service-restart")
    actor.clock.advance(401 * DAY)
    sweep(actor)
    assert {name: values for name, values in totals.read(actor.journal).items() if "pruned" not in name} == before
    assert ledger.record_of(actor.journal, "service-restart") == record
    assert {labels["kind"]: value for labels, value in totals.read(actor.journal)["homeostat_journal_pruned_total"]} == {
        "alerts": 1, "deliveries": 1, "incidents": 1,
    }  # fmt: skip


EVENTS = st.lists(st.tuples(st.sampled_from(["hears", "acts", "waits", "sweeps"]), st.integers(min_value=1, max_value=200)), max_size=10)


@given(EVENTS)
@settings(max_examples=15, deadline=None)
def test_whatever_happens_no_total_falls_and_the_books_agree(tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]]) -> None:
    actor = Actor(Host(tmp_path_factory.mktemp("host")))
    before: dict[tuple[str, str], float] = {}
    for what, days in events:
        if what == "hears":
            actor.hear({"alertname": "HostDown"})
            actor.turn()
        elif what == "acts":
            ended(actor)
        elif what == "waits":
            actor.clock.advance(days * DAY)
        else:
            sweep(actor)
        now = {(name, str(labels)): value for name, values in totals.read(actor.journal).items() for labels, value in values}
        assert all(now[key] >= value for key, value in before.items())
        assert count(actor, "alerts") + actor.total("homeostat_journal_pruned_total", kind="alerts") == actor.total("homeostat_alerts_received_total")
        before = now
    assert actor.journal.rows("PRAGMA foreign_key_check") == []
    actor.journal.close()


def test_each_step_is_small(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(200):
        actor.hear({"alertname": "HostDown"})
    actor.turn()
    actor.clock.advance(31 * DAY)
    assert [retention.prune(actor.journal, KEEP, actor.clock.now()) for _ in range(5)] == [50, 50, 50, 50, 0]


def test_house_is_kept_once_an_hour_and_the_ballast_each_time(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[float] = []

    def prune(journal: Journal, keep: Any, now: float) -> int:
        swept.append(now)
        return 0

    monkeypatch.setattr(retention, "prune", prune)
    pruned_at = None
    for _ in range(121):
        actor.journal.ballast.give_up()
        pruned_at = keep_house(actor.world, pruned_at)
        assert actor.journal.ballast.laid
        actor.clock.advance(60)
    assert len(swept) == 3
