"""What the console shows while the exporter is away: what a real Prometheus has of it from before, with its age, read light, dark and on a phone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from homeostat.clock import SystemClock
from homeostat.prometheus import selector
from tests.actor.live import living
from tests.integration import stack
from tests.integration.browsing import CONTRASTS, LEAST_CONTRAST, PHONE, log_in, visiting
from tests.support import DISK, HOST

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.integration

MINUTE, HOUR, DAY = 60, 3600, 86400
STEP = 15
AWAY_SECONDS = 12 * MINUTE


def _published(moment: int) -> Iterator[tuple[str, float]]:
    key = DISK._asdict()
    yield selector("homeostat_exporter_last_success_timestamp_seconds", host=HOST), moment - 5
    yield selector("homeostat_usage_ratio", **key), 0.912
    for bound, days in (("lower", 1.5), ("median", 3), ("upper", 6)):
        yield selector("homeostat_time_to_limit_seconds", **key, bound=bound), days * DAY
        for number, ahead in enumerate(("0s", "24h", "7d")):
            yield selector("homeostat_forecast_usage_ratio", **key, bound=bound, ahead=ahead), 0.912 + number * 0.02 * days
    yield selector("homeostat_limit_probability_ratio", **key, horizon="7d"), 0.8


def _filled(directory: pathlib.Path) -> None:
    """Give a Prometheus an hour of what an exporter published until it went away."""
    end = int(SystemClock().now()) - AWAY_SECONDS
    told: dict[str, list[str]] = {}
    for moment in range(end - HOUR, end + 1, STEP):
        for series, value in _published(moment):
            told.setdefault(series, []).append(f"{series} {value} {moment}")
    directory.mkdir(parents=True)
    (directory / "past.om").write_text("\n".join([*(line for lines in told.values() for line in lines), "# EOF", ""]), encoding="utf-8")
    argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(directory / "past.om"), str(directory / "data")]
    subprocess.run(argv, check=True, capture_output=True)


def test_the_last_forecasts_stand_there_with_their_age(tmp_path: pathlib.Path, browser: Browser) -> None:
    _filled(tmp_path / "prometheus")
    with (
        living(tmp_path) as live,
        stack.start_prometheus(tmp_path / "prometheus", {}) as prometheus,
        live.start(prometheus={"url": prometheus.url}, exporter={"url": "http://127.0.0.1:9"}) as running,
        visiting(browser) as page,
    ):
        log_in(page, running, "/forecasts")
        for place in ("/", "/forecasts", f"/forecasts/target?host={HOST}&target=disk"):
            page.goto(running.base + place)
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours)
                for size in ({"width": 1280, "height": 800}, PHONE):
                    page.set_viewport_size(size)
                    page.screenshot(path=tmp_path / f"away-{place.strip('/').partition('?')[0].replace('/', '-')}-{colours}-{size['width']}.png", full_page=True)
                    assert min(page.evaluate(CONTRASTS))[0] >= LEAST_CONTRAST, min(page.evaluate(CONTRASTS))
                    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (place, size)
            main = page.get_by_role("main")
            expect(main).to_contain_text("in 3 d")
            # It went away twelve minutes before the test began, and the test takes a while.
            assert any(f"{minutes} min ago" in (main.text_content() or "") for minutes in range(12, 20)), main.text_content()
        expect(page.get_by_role("alert")).to_contain_text("The exporter does not answer")
        expect(page.get_by_role("img", name="disk: filesystem")).to_be_visible()
