"""What the actor posts, in a real Alertmanager; and a silence that is made while something runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, news
from homeostat.alertmanager import Alert, Alertmanager
from homeostat.clock import SystemClock, unix_time
from homeostat.config import Size
from homeostat.config.section import HOUR
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from tests.actor.live import Live, living
from tests.integration import stack

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
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
                (told,) = stack.wait_for("the outcome", lambda: posted(url, "HomeostatOutcome"), 60)
                assert told.annotations["incident_url"].endswith(f"/incidents/{done['id']}")
                assert told.annotations["description"].startswith(done["reason"])


def test_a_silence_while_something_runs_neither_breaks_nor_hides_it_and_holds_back_the_next(live: Live, tmp_path: pathlib.Path) -> None:
    with stack.start_alertmanager(tmp_path / "alertmanager", NOBODY) as alertmanager, live.start(alertmanager={"url": alertmanager.url}) as running:
        live.decide(running)
        known = live.until(running, lambda story: (live.host.service / "begun").exists())["id"]
        amtool = ["amtool", f"--alertmanager.url={alertmanager.url}", "silence", "add", "--author=ada", "--comment=a film", "--duration=10m", "target=web"]
        subprocess.run(amtool, check=True, capture_output=True)
        metric = 'homeostat_pause_until_timestamp_seconds{author="ada",by="silence",host="h1",reason="a film",scope="target web"}'
        stack.wait_for("the pause as a metric", lambda: metric in running.get("/metrics").text, 15)
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
        (told,) = stack.wait_for("the deferral", lambda: posted(alertmanager.url, "HomeostatAnnouncement"))
        assert unix_time(told.ends_at) > SystemClock().now() + 7 * HOUR
        assert live.run("veto", known).exit_code == 0
        stack.wait_for("its end", lambda: not posted(alertmanager.url, "HomeostatAnnouncement"), 15)
