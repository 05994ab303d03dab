"""What will run out, in a real browser: found, followed to its decision, read light and dark, on a phone, by keyboard, and while somebody is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.actor.live import Live, living
from tests.httpd import Reply
from tests.integration.browsing import (
    COLOURS,
    CUT_OFF,
    PHONE,
    log_in,
    proposal,
    to_by_tab,
    visiting,
)
from tests.outlooks import A_FEW, Course
from tests.support import _CONTROL, DISK
from tests.telling import told_to

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.integration

# What is drawn needs less contrast than what is written: WCAG 2.2 AA, 1.4.11.
LEAST_DRAWN = 3.0
DRAWN = "() => {" + COLOURS + """
  return [...document.querySelectorAll('svg .plot-line, svg .plot-median, svg .plot-limit, svg .plot-now')].map(element => {
    const [one, other] = [light(read(getComputedStyle(element).stroke)), light(ground(element))].sort((a, b) => b - a);
    return [(one + 0.05) / (other + 0.05), element.getAttribute('class')];
  });
}"""
# Half of a phone's picture is a third of its units: what is written must stay legible.
LETTERS = "() => [...document.querySelectorAll('svg:not(.plot-small) text:not(.plot-between)')].map(text => text.getBoundingClientRect().height)"
COURSES = [*A_FEW, Course("disk", used=0.9, a_day=0.03), Course("x" * 200, used=0.5), Course("<b>bold</b>", used=0.4)]


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        place.host.control.write_text(_CONTROL.format(folder=place.host.service))
        yield place


def published(live: Live) -> None:
    """Let Prometheus hold the fan that the decision on the disk rested on."""
    for number, ahead in enumerate(("0s", "24h", "48h", "7d", "14d", "30d")):
        for bound, factor in (("lower", 0.5), ("median", 1.0), ("upper", 2.0)):
            live.prometheus.put("homeostat_forecast_usage_ratio", 0.9 + number * 0.05 * factor, **DISK._asdict(), bound=bound, ahead=ahead)


def test_what_runs_out_is_found_and_followed_to_its_decision_and_back(live: Live, browser: Browser) -> None:
    told_to(live, COURSES)
    published(live)
    live.host.log("one.log.1")
    with live.start(exporter={"url": live.site.url}) as running, visiting(browser) as page:
        known = proposal(live, running, DISK, "disk-cleanup")
        log_in(page, running, "/")
        page.get_by_role("link", name="What will run out", exact=True).first.click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("disk")
        expect(page.get_by_role("img", name="disk: filesystem")).to_be_visible()
        to_by_tab(page, "A part of its name")
        page.keyboard.type("MEDIA")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row")).to_have_count(3)
        page.get_by_label("A part of its name").fill("disk")
        page.get_by_role("button", name="Find").click()
        to_by_tab(page, "Why")
        page.keyboard.press("Enter")
        expect(page.get_by_text("futures replayed")).to_be_visible()
        page.get_by_role("link", name="propose disk-cleanup").click()
        expect(page).to_have_url(f"{running.base}/incidents/{known}")
        expect(page.get_by_role("img", name="disk: filesystem, as it was expected when it was decided")).to_be_visible()
        page.get_by_role("link", name="As it is expected now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("disk")
        expect(page.get_by_role("img", name="disk: filesystem")).to_be_visible()


def test_the_pictures_are_legible_light_dark_and_on_a_phone_and_whoever_is_silent_is_named(live: Live, browser: Browser, tmp_path: pathlib.Path) -> None:
    told_to(live, COURSES)
    published(live)
    live.host.log("one.log.1")
    full = live.site.answer
    with live.start(exporter={"url": live.site.url}) as running, visiting(browser) as page:
        known = proposal(live, running, DISK, "disk-cleanup")
        log_in(page, running, "/forecasts")
        places = {
            "list": "/forecasts",
            "media": "/forecasts/target?host=h1&target=/srv/media",
            "new": "/forecasts/target?host=h1&target=new",
            "incident": f"/incidents/{known}",
        }
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            for size in ({"width": 1280, "height": 800}, PHONE):
                page.set_viewport_size(size)
                for name, place in places.items():
                    page.goto(running.base + place)
                    page.screenshot(path=tmp_path / f"{name}-{colours}-{size['width']}.png", full_page=True)
                    assert [kind for ratio, kind in page.evaluate(DRAWN) if ratio < LEAST_DRAWN] == [], (place, colours)
                    assert min(page.evaluate(LETTERS), default=99) >= 9, place
                    assert page.evaluate(CUT_OFF) == [], (place, size)
        live.site.answer = lambda asked: Reply({}, 500) if "query" in asked.path else full(asked)
        page.goto(f"{running.base}/forecasts")
        expect(page.get_by_role("alert")).to_contain_text("Prometheus does not answer")
        expect(page.get_by_role("img").first).to_be_visible()
        live.site.answer = lambda asked: Reply({}, 502)
        page.goto(f"{running.base}/forecasts")
        expect(page.get_by_role("alert")).to_contain_text("The exporter does not answer")
        page.screenshot(path=tmp_path / "silent.png", full_page=True)


def test_without_scripts_in_the_browser_nothing_is_missing(live: Live, browser: Browser) -> None:
    told_to(live, COURSES)
    with live.start(exporter={"url": live.site.url}) as running:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        log_in(page, running, "/forecasts")
        expect(page.get_by_role("row")).to_have_count(10)
        page.get_by_role("link", name="jellyfin").click()
        expect(page.get_by_role("heading", name="How likely the limit is reached")).to_be_visible()
        context.close()
