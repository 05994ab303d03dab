"""Reports of a real actor on a real Prometheus with two days behind it: posted, written, and looked at in a real browser."""

from __future__ import annotations

import dataclasses
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from actor.journal import Journal, news
from homeostat.alertmanager import Alertmanager
from homeostat.clock import SystemClock
from homeostat.config import Size
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from homeostat.prometheus import selector
from tests.actor.live import Live, living
from tests.homeostat.reports import sample
from tests.integration import stack
from tests.integration.browsing import CONTRASTS, CUT_OFF, LEAST_CONTRAST, PHONE, log_in
from tests.support import HOST

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.actor.process import Running

pytestmark = pytest.mark.integration

MINUTE, HOUR, DAY = 60, 3600, 86400
STEP = 4 * MINUTE
ANY_TIME = {"notifications": {"daily_at": "00:00", "location": "UTC"}}
HOSTILE = "<script>alert(1)</script>|`**_" + "w" * 200
SRV = {"host": HOST, "problem": "disk_exhaustion", "target": "/srv", "resource": "filesystem"}
BAD = {**SRV, "target": HOSTILE}


def _during(begins: float, ends: float, value: float) -> Callable[[float], float | None]:
    """Return a series that exists from so many seconds ago until so many."""
    return lambda ago: value if ends <= ago <= begins else None


def _past() -> Iterator[tuple[str, Callable[[float], float | None]]]:
    yield selector("homeostat_health_score", host=HOST), lambda ago: 100.0 if ago > DAY else 84.0
    yield selector("homeostat_autonomy_score", host=HOST), lambda ago: 70.0
    yield selector("homeostat_observer_up", host=HOST, observer="logs"), lambda ago: 0.0
    yield selector("host:homeostat_actions_succeeded:ratio30d", host=HOST), lambda ago: 0.5
    yield selector("target_action:homeostat_confidence:ratio", **SRV, action="disk-cleanup", risk="low"), lambda ago: 0.9 - ago / (10 * DAY)
    for key, ends in ((SRV, 3 * HOUR), (BAD, 0)):
        for bound, days in (("lower", 1), ("median", 2), ("upper", float("inf"))):
            yield selector("homeostat_time_to_limit_seconds", **key, bound=bound), lambda ago, days=days: days * DAY
        yield selector("homeostat_problem_confidence_ratio", **key), _during(9 * HOUR, ends, 0.9)
        for ahead, usage in (("0s", 0.9), ("1d", 0.95), ("2d", 1.0), ("7d", 1.3)):
            for bound, off in (("lower", -0.02), ("median", 0.0), ("upper", 0.05)):
                yield selector("homeostat_forecast_usage_ratio", **key, ahead=ahead, bound=bound), _during(9 * HOUR, 0, usage + off)
    yield selector("homeostat_usage_ratio", **SRV), lambda ago: 1.01 if 3 * HOUR <= ago <= 6 * HOUR else 0.9
    yield selector("homeostat_usage_ratio", **BAD), lambda ago: 0.9 - ago / (20 * DAY)


def _filled(directory: pathlib.Path) -> None:
    """Give a Prometheus to be its past, as promtool reads it."""
    end = int(SystemClock().now())
    moments = range(end - 2 * DAY // STEP * STEP, end + 1, STEP)
    lines = [f"{series} {'+Inf' if value == float('inf') else value} {moment}" for series, course in _past() for moment in moments if (value := course(end - moment)) is not None]
    directory.mkdir(parents=True)
    (directory / "past.om").write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(directory / "past.om"), str(directory / "data")]
    subprocess.run(argv, check=True, capture_output=True)


@dataclasses.dataclass
class Reporting:
    """An actor that has just posted its daily report, with all that it was made of."""

    live: Live
    running: Running
    prometheus: stack.Running
    alert: Any

    @property
    def folder(self) -> pathlib.Path:
        return self.live.state / "reports"


@pytest.fixture(scope="module")
def reporting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporting]:
    place = tmp_path_factory.mktemp("reports")
    _filled(place / "prometheus")
    journal = Journal(place / "state", Size(65536))
    with journal.transaction() as db:
        news.note_summary(db, "24h", 0.0)
    journal.close()
    nobody = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
    with (
        living(place) as live,
        stack.start_prometheus(place / "prometheus", {}) as prometheus,
        stack.start_alertmanager(place / "alertmanager", nobody) as alertmanager,
        live.start(prometheus={"url": prometheus.url}, alertmanager={"url": alertmanager.url}, **ANY_TIME) as running,
    ):
        door = Alertmanager(AlertmanagerConfig(url=alertmanager.url))
        (alert,) = stack.wait_for("the report", lambda: door.alerts('alertname="HomeostatSummary"'))
        yield Reporting(live, running, prometheus, alert)


def test_the_report_is_posted_in_short_and_written_in_full(reporting: Reporting) -> None:
    said = reporting.alert.annotations["description"].splitlines()
    assert "Nothing was done." in said
    assert any(line.startswith("Runs out next: ") for line in said)
    name = said[-1].rpartition("/reports/")[2]
    assert sorted(path.name for path in reporting.folder.iterdir()) == [f"{name}.{extension}" for extension in ("html", "json", "md")]
    told = (reporting.folder / f"{name}.md").read_text()
    assert f"# Homeostat on {HOST}: the day's briefing" in told
    assert "<script" not in told


def test_a_person_asks_for_one_at_any_time(reporting: Reporting, tmp_path: pathlib.Path) -> None:
    told = reporting.live.run("report").output
    for words in (
        "Blind: logs.", "| /srv | disk_exhaustion | 90% | 2 days | 24 hours to never | nothing: no action answers it |", "came true", "still to come",
        "| disk-cleanup | 0.85 | 0.75 | +0.10 |  |  |", "| health | 84 |", "| actions that succeeded | 50% | more than 95% | not met |", "How good the forecasts were: ",
    ):  # fmt: skip
        assert words in told, told
    path = tmp_path / "day.html"
    assert reporting.live.run("report", "--format", "html", "--output", str(path)).exit_code == 0
    assert "&lt;script&gt;" in path.read_text()


def seen_well(page: Page) -> None:
    """See that the page can be read and nothing sticks out of it."""
    assert min(page.evaluate(CONTRASTS))[0] >= LEAST_CONTRAST, min(page.evaluate(CONTRASTS))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("svg[role=img]").count() >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_file_is_read_in_a_browser_with_nothing_beside_it(reporting: Reporting, browser: Browser, tmp_path: pathlib.Path, scheme: Any) -> None:
    path = tmp_path / "day.html"
    reporting.live.run("report", "--format", "html", "--output", str(path))
    page = browser.new_page(color_scheme=scheme)
    faults, asked = [], []
    page.on("console", lambda line: faults.append(line.text))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{path}")
    for size in (PHONE, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)
        seen_well(page)
    assert (faults, asked) == ([], [f"file://{path}"])
    page.close()


def test_no_word_of_the_sample_s_pictures_is_cut_off_on_a_phone(browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"file://{sample.PLACE}/2026-11-23-weekly.html")
    assert page.get_by_text("nothing done", exact=True).count() >= 1
    assert page.evaluate(CUT_OFF) == []
    page.close()


def test_the_console_lists_and_shows_it(reporting: Reporting, browser: Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    faults: list[str] = []
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    log_in(page, reporting.running, "/reports")
    page.get_by_role("link", name="daily").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Homeostat on {HOST}: the day's briefing")
    for size in (PHONE, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)
        seen_well(page)
    with page.expect_download() as kept:
        page.get_by_role("link", name="html").click()
    assert kept.value.suggested_filename.endswith("-daily.html")
    assert faults == []
    page.close()


def test_without_prometheus_the_report_says_what_it_does_not_know(reporting: Reporting) -> None:
    reporting.prometheus.stop()
    result = reporting.live.run("report", "--period", "7d")
    assert result.exit_code == 0
    assert "## What was done" in result.output
    assert "What runs out next, the scores and the success metrics: Prometheus at " in result.output
