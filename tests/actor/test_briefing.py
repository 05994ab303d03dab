"""What the journal tells of a period: counts, what failed, what waits, who refused, what is still to be earned."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.briefing import record_of
from homeostat.reports.brief import brief
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Asked, Count, Record, Report
from homeostat.reports.recommendations import recommend
from homeostat.reports.telling import tell
from tests.actor.web import OPERATOR, pages_of
from tests.support import DAY, DISK, HOUR, NOW, WEB, Actor, Host

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def actor(host: Host) -> Iterator[Actor]:
    built = Actor(host)
    yield built
    built.journal.close()


def day(actor: Actor) -> Record:
    now = actor.clock.now()
    return record_of(actor.world, (now - DAY, now + 1))


def put(actor: Actor, number: int, **changes: Any) -> None:
    """Put an incident into the journal as it would have ended."""
    row = {
        "id": f"i{number}", "host": "h1", "problem": "memory_leak", "target": "web", "resource": "memory", "action": "service-restart", "risk": "low", "decision": "auto-execute", "severity": "info",
        "confidence": 0.84, "state": None, "outcome": "succeeded", "reason": "x", "opened_at": NOW, "last_firing_at": NOW, "closed_at": NOW, "alert_labels": "{}", "episode_ended_at": NOW,
    } | changes  # fmt: skip
    with actor.journal.transaction() as db:
        db.execute(f"INSERT INTO incidents ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})", row)


def test_what_ended_in_the_period_is_counted_and_what_ended_before_it_too(actor: Actor) -> None:
    put(actor, 1)
    put(actor, 2)
    put(actor, 3, outcome="failed", reason="the service refuses", closed_at=NOW - 2 * HOUR)
    put(actor, 4, outcome="alerted", action="none", problem="power_loss")
    put(actor, 5, outcome="succeeded", opened_at=NOW - 30 * HOUR, closed_at=NOW - 30 * HOUR)
    put(actor, 6, problem="selftest", target="selftest")
    told = day(actor)
    assert told.counts[0] == Count(action="service-restart", target="web", outcome="succeeded", count=2), "the most come first"
    assert {(one.action, one.outcome, one.count) for one in told.counts[1:]} == {("service-restart", "failed", 1), ("none", "alerted", 1)}
    assert told.earlier == (Count(action="service-restart", target="web", outcome="succeeded", count=1),)
    assert [(one.id, one.words) for one in told.failed] == [("i3", "the service refuses")]
    assert [one.problem for one in told.unanswered] == ["power_loss"]
    assert len(told.slots) == 8
    assert [dict(slot.counts) for slot in told.slots if slot.counts] == [{"good": 2, "bad": 1, "plain": 1}]


def test_of_very_many_a_few_are_told_in_a_line_each_and_all_are_counted(actor: Actor) -> None:
    for number in range(60):
        put(actor, number, outcome="shadowed", target=f"t{number}")
        put(actor, 100 + number, outcome="failed", target=f"t{number}")
    record = day(actor)
    report = Report(asked=Asked(host="h1", period="1d", since=NOW - DAY, until=NOW, location="UTC"), made_at=NOW, record=msgspec.structs.replace(record, mode="shadow"))
    assert (len(record.shadowed), len(record.failed)) == (50, 50)
    assert [line for line in brief(report, "x")[1].splitlines() if line.startswith("and")] == ["and 55 more", "and 55 more"]
    assert markdown(tell(report)).count("and 40 more") == 2
    week = msgspec.structs.replace(report, asked=msgspec.structs.replace(report.asked, period="7d", since=NOW - 7 * DAY))
    assert "it would have acted 60 times" in " ".join(one.evidence for one in recommend(week))


def test_what_was_done_is_found_behind_whatever_was_only_told_of(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.briefing._MOST_ACTED", 2)
    put(actor, 1, acted_at=NOW - 60, opened_at=NOW - 60)
    for number in range(2, 6):
        put(actor, number, outcome="alerted")
    assert [one.at for one in day(actor).acted] == [NOW - 60]


def test_what_runs_is_tried_and_who_refused_is_named(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    actor.decide(DISK, "nothing-known")
    actor.turn()
    told = day(actor)
    assert (told.tried.successes, told.tried.trials, told.month.trials, told.before.trials) == (1, 1, 1, 0)
    assert ("known", "refuse", "nothing-known", 1) in {(one.gate, one.answer, one.action, one.incidents) for one in told.refusals}
    assert {(one.problem, one.target) for one in told.acted} == {("memory_leak", "web")}


def test_a_flood_is_counted_in_full_and_told_in_part(actor: Actor) -> None:
    for number in range(300):
        put(actor, number, outcome="failed", target=f"t{number % 250}")
    told = day(actor)
    assert (len(told.failed), told.ended("failed")) == (50, 300)
    assert len(msgspec.json.encode(told)) < 100_000


@pytest.mark.parametrize(
    ("autonomy", "risk", "notify", "auto"),
    [
        ({"level": "moderate"}, "low", 0, 1),
        ({"level": "conservative"}, "low", None, 1),
        ({"mode": "interactive", "level": "moderate"}, "low", 0, 1),
        ({"level": "moderate", "ceiling": "propose"}, "low", None, None),
        ({"level": "moderate"}, "medium", 0, None),
        ({"level": "moderate"}, "high", None, None),
        ({"level": "moderate", "require_approval_for": ["service-restart"]}, "low", None, None),
        ({"level": "moderate", "actions": {"service-restart": {"min_confidence": 0.83}}}, "low", 0, 0),
    ],
)
def test_how_many_successes_executing_needs_is_reckoned_with_the_owners_words(host: Host, autonomy: dict[str, Any], risk: str, notify: int | None, auto: int | None) -> None:
    actor = Actor(host, autonomy={"mode": "shadow", "trials_floor": {"auto-execute": 0}, **autonomy})
    put(actor, 1, outcome="shadowed", risk=risk)
    (one,) = day(actor).earning
    assert (one.action, one.trials, one.confidence, one.after[0]) == ("service-restart", 0, 0.84, (0, 0.84))
    # 0.30 * (1.5 / 2 - 0.5) of the record, and 0.05 learned.
    assert one.after[1] == (1, pytest.approx(0.84 + 0.075 + 0.05))
    assert (one.to_notify, one.to_auto) == (notify, auto)
    actor.journal.close()


def test_trials_are_earned_too_as_the_documentation_shows(host: Host) -> None:
    actor = Actor(host, autonomy={"mode": "shadow", "level": "moderate"})
    put(actor, 1, outcome="shadowed")
    (one,) = day(actor).earning
    assert (one.to_notify, one.to_auto) == (0, 3)
    now, after_one, after_three = (f"{dict(one.after)[more]:.2f}" for more in (0, 1, 3))
    row = f"| service-restart | low | 0 of 0 | {now} | {after_one} | {after_three} | enough now | 3 more |"
    assert row in pathlib.Path(__file__).parents[2].joinpath("docs/reports.md").read_text(encoding="utf-8")
    actor.journal.close()


def test_what_only_reads_has_nothing_to_earn(actor: Actor) -> None:
    put(actor, 1, action="investigate")
    put(actor, 2, action="gone-playbook")
    assert day(actor).earning == ()


def test_the_api_tells_it_for_a_period_that_is_one(actor: Actor) -> None:
    put(actor, 1)
    client, operator = pages_of(actor).client, {"Authorization": f"Bearer {OPERATOR[0]}"}
    answer = client.get(f"/api/v1/report?since={NOW - DAY}&until={NOW + 1}", headers=operator)
    assert msgspec.convert(answer.get_json(), Record).counts[0].count == 1
    for asked in ("", f"since={NOW}&until={NOW}", f"since={NOW}&until={NOW - 1}", "since=0&until=99999999", "since=nan&until=1", "since=1&until=x", "since=1&until=2&more=3"):
        refused = client.get(f"/api/v1/report?{asked}", headers=operator)
        assert refused.status_code == 400, asked
        assert "\n" not in refused.get_json()["error"]
