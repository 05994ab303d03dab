"""What the actor posts, in a real Alertmanager; and a silence that is made while something runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from actor import notify
from actor.journal import Journal, news
from actor.model import Command, Plan
from homeostat.alertmanager import Alert, Alertmanager
from homeostat.clock import SystemClock, unix_time
from homeostat.config import Size
from homeostat.config.section import HOUR
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from tests.actor.gates.situations import incident
from tests.actor.live import Live, living
from tests.httpd import Reply
from tests.httpd import serving as http_serving
from tests.integration import stack
from tests.support import Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from tests.httpd import Site

pytestmark = pytest.mark.integration

NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
RESTART = Command(step="s", summary="restart web", arguments={}, expected="e", oracle="o")
PLAN = Plan(action="service-restart", target="web", commands=(RESTART,), confidence=0.9, risk="low", duration_seconds=60.0, undo="it only reads")
QUICK = {"autonomy": {"actions": {"service-restart": {"settle": "1s", "watch": "2s"}}}}
ANY_TIME = {"notifications": {"daily_at": "00:00", "location": "UTC"}, **QUICK}


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        yield place


def posted(url: str, name: str) -> list[Alert]:
    return Alertmanager(AlertmanagerConfig(url=url)).alerts(f'alertname="{name}"')


def quick(live: Live) -> None:
    """Let the service restart at once."""
    live.host.control.unlink()
    live.host._install()


def test_a_summary_that_is_due_comes_and_an_outcome_is_told_though_alertmanager_was_dead(live: Live, tmp_path: pathlib.Path) -> None:
    quick(live)
    journal = Journal(live.state, Size(65536))
    with journal.transaction() as db:
        news.note_summary(db, "24h", 0.0)
    journal.close()
    place = tmp_path / "alertmanager"
    with stack.start_alertmanager(place, NOBODY) as alertmanager:
        port, url = int(alertmanager.url.rpartition(":")[2]), alertmanager.url
        with live.start(alertmanager={"url": url}, **ANY_TIME) as running:
            (summary,) = stack.wait_for("the summary", lambda: posted(url, "HomeostatSummary"))
            assert (summary.labels["period"], summary.labels["host"]) == ("24h", "h1")
            assert summary.annotations["description"].splitlines()[0] == "Nothing was done."
            live.decide(running)
            stack.wait_for("the restart", lambda: live.host.restarts() == 1)
            alertmanager.stop()
            done = live.until(running, lambda story: story["outcome"] is not None, 60)
            assert done["outcome"] in {"succeeded", "warned", "unverified"}
            with stack.start_alertmanager(place, NOBODY, port):
                (told,) = stack.wait_for("the outcome", lambda: posted(url, "HomeostatOutcome"))
                assert told.annotations["incident_url"].endswith(f"/incidents/{done['id']}")
                assert told.annotations["description"].startswith(done["reason"])


def test_a_silence_while_something_runs_neither_breaks_nor_hides_it_and_holds_back_the_next(live: Live, tmp_path: pathlib.Path) -> None:
    with stack.start_alertmanager(tmp_path / "alertmanager", NOBODY) as alertmanager, live.start(alertmanager={"url": alertmanager.url}) as running:
        live.decide(running)
        known = live.until(running, lambda story: (live.host.service / "begun").exists())["id"]
        amtool = ["amtool", f"--alertmanager.url={alertmanager.url}", "silence", "add", "--author=ada", "--comment=a film", "--duration=10m", "target=web"]
        subprocess.run(amtool, check=True, capture_output=True)
        metric = 'homeostat_pause_until_timestamp_seconds{author="ada",by="silence",host="h1",reason="a film",scope="target web"}'
        stack.wait_for("the pause as a metric", lambda: metric in running.get("/metrics").text)
        assert float(running.metric(metric)) > SystemClock().now()
        assert running.get(f"/api/v1/incidents/{known}").json()["state"] == "running"
        held = next(line for line in live.run("status").output.splitlines() if "SILENCE" in line)
        assert [word in held for word in ("target web", "ada", "a film")] == [True] * 3
        assert live.run("stop", "--reason", "enough").exit_code == 0
        live.until(running, lambda story: story["outcome"] is not None)
        assert live.run("resume").exit_code == 0
        assert "still silenced (target web) by ada" in live.run("resume").output


def test_what_was_put_off_and_then_vetoed_is_no_longer_announced(live: Live, tmp_path: pathlib.Path) -> None:
    with stack.start_alertmanager(tmp_path / "alertmanager", NOBODY) as alertmanager, live.start(alertmanager={"url": alertmanager.url}) as running:
        live.decide(running, decision="notify-execute")
        live.until(running, lambda story: story["state"] == "announced")
        known = live.incident(running)["id"]
        assert live.run("defer", known, "--for", "8h").exit_code == 0
        ends = stack.wait_for("the deferral", lambda: {one.labels["state"]: one.ends_at for one in posted(alertmanager.url, "HomeostatAnnouncement")})
        assert unix_time(ends["deferred"]) > SystemClock().now() + 7 * HOUR
        assert live.run("veto", known).exit_code == 0
        stack.wait_for("its end", lambda: not posted(alertmanager.url, "HomeostatAnnouncement"))


def test_people_who_were_told_that_it_waits_are_told_when_it_begins(tmp_path: pathlib.Path) -> None:
    with http_serving(lambda _: Reply()) as people:
        route = {"receiver": "people", "group_by": ["alertname", "host", "incident"], "group_wait": "1s", "group_interval": "3s", "repeat_interval": "12h"}
        config = {"route": route, "receivers": [{"name": "people", "webhook_configs": [{"url": people.url, "send_resolved": False}]}]}
        with stack.start_alertmanager(tmp_path / "alertmanager", config) as alertmanager:
            actor = Actor(Host(tmp_path / "host"))
            actor.world.alertmanager = Alertmanager(AlertmanagerConfig(url=alertmanager.url))
            actor.clock.jump(SystemClock().now() - actor.clock.now())
            waits_until = SystemClock().now() + 5
            assert notify.tell_deferral(actor.world, incident(), "window: closed", waits_until)
            stack.wait_for("news of the deferral", lambda: told(people, "waits until"))
            stack.wait_for("its end", lambda: SystemClock().now() > waits_until)
            actor.clock.jump(SystemClock().now() - actor.clock.now())
            assert notify.announce(actor.world, incident(), SystemClock().now() + 600, PLAN)
            stack.wait_for("the announcement", lambda: told(people, "will act on"))
            actor.journal.close()


def told(people: Site, words: str) -> bool:
    """Say whether people were sent something whose summary has these words."""
    return any(words in alert["annotations"]["summary"] for asked in list(people.asked) for alert in asked.json["alerts"])
