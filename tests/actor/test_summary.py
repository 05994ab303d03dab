"""The daily and the weekly summary: when each is posted, once, and what it says."""

from __future__ import annotations

import datetime
import pathlib
import zoneinfo
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.journal import incidents, news
from actor.model import Plan
from actor.situation import ask_silences
from actor.summary import last_due, post_what_is_due
from homeostat.alertmanager import Matcher
from homeostat.config import Size
from homeostat.config.notifications import Notifications
from homeostat.reports import folder
from tests.support import DAY, HOUR, MINUTE, NOW, WEB, Actor, Host, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.alertmanager import PostedAlert

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
# NOW is a Tuesday at 22:13 UTC.
UTC = {"daily_at": "08:00", "weekly_on": "monday", "location": "UTC"}


def at(text: str, zone: datetime.tzinfo = datetime.UTC) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def living(host: Host, **changes: Any) -> Actor:
    return Actor(host, notifications=UTC, **changes)


@pytest.fixture
def actor(host: Host) -> Iterator[Actor]:
    built = living(host)
    yield built
    built.journal.close()


def posted(actor: Actor) -> list[PostedAlert]:
    return [alert for alert in actor.alertmanager.posted if alert.labels["alertname"] == "HomeostatSummary"]


def periods(actor: Actor) -> list[str]:
    return [alert.labels["period"] for alert in posted(actor)]


def look(actor: Actor, seconds: float, every: float = 10 * MINUTE) -> None:
    """Let time pass, looking as the loop does."""
    ends = actor.clock.now() + seconds
    while actor.clock.now() < ends:
        actor.clock.advance(every)
        post_what_is_due(actor.world)


def text(actor: Actor) -> list[str]:
    """Return the lines of the next daily summary, posted right now."""
    with actor.journal.transaction() as db:
        news.note_summary(db, "24h", 0.0)
    actor.clock.advance(at("2023-11-15T08:00") - actor.clock.now())
    post_what_is_due(actor.world)
    return posted(actor)[-1].annotations["description"].splitlines()


@pytest.mark.parametrize(
    ("now", "period", "due"),
    [
        ("2023-11-15T07:59:59", "24h", "2023-11-14T08:00"),
        ("2023-11-15T08:00", "24h", "2023-11-15T08:00"),
        ("2023-11-15T08:00", "7d", "2023-11-13T08:00"),
        ("2023-11-13T07:59", "7d", "2023-11-06T08:00"),
        # The clocks go forward in the night, and the day is 23 hours long; in autumn 25.
        ("2024-03-31T09:00", "24h", "2024-03-31T08:00"),
        ("2024-10-27T07:59", "24h", "2024-10-26T08:00"),
    ],
)
def test_it_is_due_by_the_clocks_of_its_place(now: str, period: str, due: str) -> None:
    when = Notifications(daily_at="08:00", weekly_on="monday", location="Europe/Berlin")
    assert last_due(when, period, at(now, BERLIN)) == at(due, BERLIN)


def test_an_hour_that_the_clocks_skip_comes_once_all_the_same() -> None:
    when = Notifications(daily_at="02:30", location="Europe/Berlin")
    hours = [at("2024-03-30T12:00", BERLIN) + minute * MINUTE for minute in range(48 * 60)]
    due = {last_due(when, "24h", now) for now in hours}
    assert len(due) == 3


def test_each_is_posted_once_at_its_time(actor: Actor) -> None:
    post_what_is_due(actor.world)
    assert posted(actor) == [], "a new install has nothing to tell"
    look(actor, 7 * DAY)
    assert periods(actor) == ["24h"] * 5 + ["24h", "7d"] + ["24h"]
    assert {alert.labels["severity"] for alert in posted(actor)} == {"info"}
    assert set(posted(actor)[0].labels) == {"alertname", "host", "period", "severity"}


@pytest.mark.parametrize(("daily_at", "weekly_on", "wanted"), [(None, None, []), ("08:00", None, ["24h"] * 7)])
def test_whoever_wants_none_gets_none(host: Host, daily_at: str | None, weekly_on: str | None, wanted: list[str]) -> None:
    actor = Actor(host, notifications={"daily_at": daily_at, "weekly_on": weekly_on, "location": "UTC"})
    post_what_is_due(actor.world)
    look(actor, 7 * DAY)
    assert periods(actor) == wanted
    actor.journal.close()


def test_a_restart_neither_repeats_one_nor_leaves_one_out_and_of_many_missed_only_the_last_comes(actor: Actor) -> None:
    post_what_is_due(actor.world)
    look(actor, 12 * HOUR)
    back = actor.restarted()
    look(back, HOUR)
    assert periods(back) == ["24h"]
    back.clock.advance(3 * DAY)
    late = back.restarted()
    look(late, HOUR)
    assert periods(late) == ["24h", "24h"]
    late.journal.close()


def test_one_that_alertmanager_does_not_take_is_tried_again(actor: Actor) -> None:
    post_what_is_due(actor.world)
    actor.alertmanager.down = True
    look(actor, 14 * HOUR)
    assert posted(actor) == []
    actor.alertmanager.down = False
    look(actor, HOUR)
    assert periods(actor) == ["24h"]


def test_what_nobody_takes_is_gathered_once_and_when_it_is_taken_says_of_when_it_is(actor: Actor) -> None:
    post_what_is_due(actor.world)
    actor.alertmanager.down = True
    look(actor, 10 * HOUR)
    written = pathlib.Path(actor.world.config.actor.reports_directory, "2023-11-15-daily.json").stat()
    look(actor, HOUR)
    assert pathlib.Path(actor.world.config.actor.reports_directory, "2023-11-15-daily.json").stat().st_ino == written.st_ino
    actor.alertmanager.down = False
    look(actor, HOUR)
    assert periods(actor) == ["24h"]
    assert posted(actor)[0].annotations["description"].splitlines()[-1] == "It is of Wed 15 Nov 08:03: Alertmanager did not take it before."
    look(actor, DAY)
    assert "did not take it" not in posted(actor)[1].annotations["description"]


@pytest.mark.parametrize("seconds", [-2 * HOUR, -DAY + HOUR, 2 * HOUR, DAY])
def test_a_clock_that_is_set_and_set_right_again_brings_none_twice(actor: Actor, seconds: float) -> None:
    post_what_is_due(actor.world)
    look(actor, 11 * HOUR)
    assert periods(actor) == ["24h"]
    actor.clock.jump(seconds)
    look(actor, HOUR)
    actor.clock.jump(-seconds)
    look(actor, HOUR)
    assert len(posted(actor)) <= (2 if seconds >= DAY else 1)
    look(actor, 2 * DAY)
    assert len(posted(actor)) == 3


def test_a_clock_that_was_years_ahead_does_not_silence_the_years(actor: Actor) -> None:
    post_what_is_due(actor.world)
    actor.clock.jump(2000 * DAY)
    look(actor, DAY)
    actor.clock.jump(-2000 * DAY)
    before = len(posted(actor))
    look(actor, 2 * DAY)
    assert periods(actor)[before:] == ["24h", "24h"]


def test_a_quiet_day_says_so(actor: Actor) -> None:
    actor.world.silences = ask_silences(actor.world)
    assert text(actor) == [
        "Nothing was done.",
        "Nothing is stopped, paused or silenced.",
        "What runs out next is not known: Prometheus has no forecast of this host.",
        "No self-test has gone through yet.",
        "To do:",
        "- Let a selftest show that the whole chain works. None has gone through yet. homeostat selftest",
        "All of it: http://127.0.0.1:9922/reports/2023-11-15-daily",
    ]
    assert posted(actor)[0].annotations["summary"] == "Homeostat on h1, the last 1d: 0 done, 0 failed, 0 waiting for you"


def test_it_tells_what_was_done_what_failed_what_waits_and_who_holds_back_what(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    (actor.host.service / "refuses").touch()
    actor.turn()
    failed = actor.incident()
    assert failed.outcome in {"failed", "rolled_back"}
    other = WEB._replace(problem="fd_exhaustion", resource="fds")
    actor.decide(other, "service-restart", "propose", 0.75)
    actor.turn()
    waiting = next(one for one in incidents.recent(actor.journal, 0.0) if one.id != failed.id)
    assert waiting.state == "proposed"
    actor.alertmanager.active = [silence(Matcher("target", "web"), comment="a\nfilm" + "x" * 500)]
    actor.world.silences = ask_silences(actor.world)
    actor.world.silences = actor.world.silences and type(actor.world.silences)(
        tuple(type(one)(one.id, one.matchers, one.created_by, one.comment, one.starts_at, "2030-01-01T00:00:00Z", one.status) for one in actor.world.silences.active),
        actor.world.silences.answered_at,
    )
    for target, seconds in (("/srv", 3 * DAY), ("jellyfin", 5 * HOUR), ("never", float("inf"))):
        actor.prometheus.put("homeostat_time_to_limit_seconds", seconds, host="h1", target=target, problem="p", bound="median")
    told = text(actor)
    assert told[0] == f"Done: service-restart at web: {str(failed.outcome).replace('_', ' ')}."
    assert told[1] == "Failed:"
    assert told[2].startswith(f"- service-restart at web, Tue 14 Nov 22:13: {str(failed.outcome).replace('_', ' ')}, ")
    assert told[2].endswith(f" http://127.0.0.1:9922/incidents/{failed.id}")
    assert told[3] == "Waiting for you:"
    assert told[4] == f"- service-restart at web because of fd_exhaustion, until Tue 21 Nov 22:13: http://127.0.0.1:9922/incidents/{waiting.id}"
    assert told[5] == "Held back:"
    assert told[6].startswith("- target web, by silence of ada, until Tue 01 Jan 00:00: a film")
    assert len(told[6]) < 250
    assert "Runs out next: jellyfin (p) in 5 hours, /srv (p) in 3 days." in told
    assert posted(actor)[-1].annotations["summary"] == "Homeostat on h1, the last 1d: 1 done, 1 failed, 1 waiting for you"


def test_in_shadow_it_says_what_it_would_have_done(host: Host) -> None:
    actor = living(host, autonomy={"mode": "shadow"})
    actor.decide(WEB, "service-restart")
    actor.turn()
    told = text(actor)
    assert told[:3] == ["Mode shadow: nothing is done, and what would be done is recorded.", "Nothing was done.", "It would have done:"]
    assert told[3].startswith("- service-restart at web: restart web")
    actor.journal.close()


def test_what_cannot_be_known_is_said_to_be_unknown(actor: Actor) -> None:
    actor.prometheus.down = True
    told = text(actor)
    assert "What runs out next is not known: Prometheus does not answer." in told
    assert "Whether anything is silenced is not known: Alertmanager did not say." in told


def test_of_a_flood_it_tells_the_first_and_how_many_more(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        for number in range(40):
            db.execute(
                "INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, state, reason, opened_at, last_firing_at, alert_labels, episode_ended_at)"
                " VALUES (?, 'h1', 'x', ?, 'z', 'disk-cleanup', 'low', 'propose', 'info', 'proposed', 'x', ?, 0, '{}', 1)",
                (f"i{number}", f"t{number}", NOW),
            )
            incident = incidents.find(actor.journal, f"i{number}")
            assert incident is not None
            plan = Plan(action="disk-cleanup", target="t", commands=(), confidence=1.0, risk="low", duration_seconds=1.0)
            incidents.propose(db, incident, plan, (NOW, NOW + number))
    told = text(actor)
    where = told.index("Waiting for you:")
    assert told[where + 1].startswith("- disk-cleanup at t0 ")
    assert told[where + 6] == "and 35 more"
    assert len("\n".join(told)) < 2000


def kept(actor: Actor) -> list[str]:
    return folder.names(actor.config.actor.reports_directory)


def test_what_is_posted_stands_in_the_folder_in_full_and_the_oldest_go(host: Host) -> None:
    actor = living(host, actor={"reports": {"keep": 2}})
    post_what_is_due(actor.world)
    look(actor, 7 * DAY)
    assert kept(actor) == ["2023-11-21-daily", "2023-11-20-weekly", "2023-11-20-daily"]
    assert posted(actor)[-1].annotations["description"].endswith("All of it: http://127.0.0.1:9922/reports/2023-11-21-daily")
    assert folder.load(actor.config.actor.reports_directory, "2023-11-20-weekly").asked.period == "7d"
    actor.journal.close()


@pytest.mark.parametrize("case", ["no-folder", "full", "a-link"])
def test_a_report_that_cannot_be_written_is_posted_all_the_same(host: Host, tmp_path: pathlib.Path, case: str, caplog: pytest.LogCaptureFixture) -> None:
    place = tmp_path / "reports"
    if case == "a-link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    actor = living(host, actor={"reports": {"directory": str(place if case != "no-folder" else tmp_path / "none" / "reports")}})
    if case == "full":
        actor.world.config = msgspec.structs.replace(actor.config, actor=msgspec.structs.replace(actor.config.actor, ballast=Size(1 << 60)))
    told = text(actor)
    assert "the report could not be written" in told[-1]
    assert "was not kept" in caplog.text
    assert list(tmp_path.glob("*/*-daily*")) == []
    actor.journal.close()


def test_whoever_keeps_none_is_led_to_the_console(host: Host) -> None:
    actor = living(host, actor={"reports": {"keep": 0}})
    assert text(actor)[-1] == "All of it: http://127.0.0.1:9922"
    assert kept(actor) == []
    actor.journal.close()
