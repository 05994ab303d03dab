"""The console in a real browser, on a real actor: what a person sees, presses and is told."""

from __future__ import annotations

import contextlib
import pathlib
import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.actor.live import Live, living
from tests.actor.process import OPERATOR, Running
from tests.support import _CONTROL, DISK, WEB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from actor.model import EpisodeKey

pytestmark = pytest.mark.integration

CHROMIUM = pathlib.Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}
QUICK = {"autonomy": {"actions": {"service-restart": {"settle": "100ms", "watch": "200ms"}}}}
# A browser's own words on the least contrast of text: WCAG 2.2 AA.
LEAST_CONTRAST = 4.5
CONTRASTS = """() => {
  const light = (colour) => {
    const parts = colour.map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const read = (text) => text.match(/[0-9.]+/g).map(Number);
  const ground = (element) => {
    const colour = read(getComputedStyle(element).backgroundColor);
    return colour.length === 4 && colour[3] === 0 && element.parentElement ? ground(element.parentElement) : colour;
  };
  return [...document.querySelectorAll('body *')].filter(element => element.checkVisibility() && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(element => {
      const [one, other] = [light(read(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
      return [(one + 0.05) / (other + 0.05), element.outerHTML.slice(0, 100)];
    });
}"""
UNNAMED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(field => field.labels.length !== 1 || !field.labels[0].textContent.trim()).map(field => field.outerHTML)"""
STACKED = """() => [...document.querySelectorAll('tbody tr')].filter(row => row.checkVisibility())
  .map(row => row.cells[1].getBoundingClientRect().top >= row.cells[0].getBoundingClientRect().bottom)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: make test-packages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        place.host.control.write_text(_CONTROL.format(folder=place.host.service))
        yield place


@contextlib.contextmanager
def visiting(browser: Browser) -> Iterator[Page]:
    """Open a browser of its own, which must find no fault with what it is sent."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    # What is not there is told by a test of its own; a policy that is broken would be told here.
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" and "404" not in line.text else None)
    try:
        yield page
    finally:
        context.close()
    assert errors == []


def log_in(page: Page, running: Running, path: str) -> None:
    """Open a page as the link of a notification does, and log in on the way."""
    page.goto(running.base + path)
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Operator's token").fill(OPERATOR)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(running.base + path)


def proposal(live: Live, running: Running, key: EpisodeKey = WEB, action: str = "service-restart") -> str:
    live.decide(running, action, "propose", key)
    story = live.until(running, lambda story: story["state"] == "proposed" and story["target"] == key.target)
    return str(story["id"])


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()


def told(page: Page, text: str) -> None:
    """See that the page tells this in its message."""
    expect(page.locator(".message")).to_contain_text(text)


def test_a_proposal_is_followed_from_its_link_to_its_end(live: Live, browser: Browser) -> None:
    with live.start(**QUICK) as running, visiting(browser) as page:
        known = proposal(live, running)
        log_in(page, running, f"/incidents/{known}")
        expect(page.get_by_role("heading", level=1)).to_have_text("memory_leak at web")
        page.get_by_text("All 24 gates").click()
        expect(page.get_by_role("cell", name="blast-radius")).to_be_visible()
        page.get_by_label("Why").first.fill("it is time")
        # A double click of a hand: the second form is sent before the first is answered.
        page.get_by_role("button", name="Approve this plan").dblclick()
        told(page, "approved")
        live.until(running, lambda story: story["acted_at"] and story["outcome"])
        page.reload()
        expect(page.locator(".message")).to_have_count(0)
        expect(page.get_by_text("warned").first).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("ada@console"))).to_have_count(1)
        assert live.host.restarts() == 1
        page.get_by_role("link", name="Decisions").click()
        expect(page.get_by_role("link", name="memory_leak at web")).to_be_visible()
        press(page, "Log out")
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
        page.go_back()
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_two_tabs_a_denial_and_another_try(live: Live, browser: Browser) -> None:
    with live.start(**QUICK) as running, visiting(browser) as page:
        known = proposal(live, running)
        log_in(page, running, "/")
        page.get_by_role("link", name="Look at it and answer").click()
        other = page.context.new_page()
        other.goto(f"{running.base}/incidents/{known}")
        press(page, "Deny")
        told(page, "denied by ada@console")
        press(other, "Approve this plan")
        told(other, "there is nothing to approve: it is denied: denied by ada@console")
        press(page, "Propose it again")
        told(page, "it is planned anew and proposed")
        live.until(running, lambda story: story["state"] == "proposed")
        page.reload()
        press(page, "Approve this plan")
        told(page, "approved")
        live.until(running, lambda story: story["acted_at"] and story["outcome"])


def test_a_plan_that_changed_a_proposal_that_expired_and_a_problem_that_is_gone(live: Live, browser: Browser) -> None:
    live.host.log("one.log.1")
    with live.start(autonomy={"proposal_expiry": "10s"}) as running, visiting(browser) as page:
        known = proposal(live, running, DISK, "disk-cleanup")
        began = time.monotonic()
        log_in(page, running, f"/incidents/{known}")
        live.host.log("two.log.1")
        press(page, "Approve this plan")
        told(page, "the plan changed since it was proposed; this is proposed now")
        live.until(running, lambda story: story["outcome"] == "expired")
        assert time.monotonic() - began >= 3
        press(page, "Approve this plan")
        told(page, "there is nothing to approve: it is expired")
        press(page, "Propose it again")
        live.until(running, lambda story: story["state"] == "proposed")
        page.reload()
        live.prometheus.forget(DISK)
        press(page, "Approve this plan")
        told(page, "not approved: firing: ")
        assert sorted(path.name for path in live.host.logs.iterdir()) == ["one.log.1", "two.log.1"]


def test_what_is_announced_is_moved_and_vetoed_by_keyboard_alone(live: Live, browser: Browser) -> None:
    with live.start() as running, visiting(browser) as page:
        live.decide(running, decision="notify-execute")
        known = live.until(running, lambda story: story["state"] == "announced")["id"]
        page.goto(f"{running.base}/incidents/{known}")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_focused()
        expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("ada")
        page.keyboard.press("Tab")
        page.keyboard.type(OPERATOR)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("memory_leak at web")
        to_by_tab(page, "Later")
        page.keyboard.type("in 2 hours")
        to_by_tab(page, "Defer")
        page.keyboard.press("Enter")
        told(page, "moved to ")
        to_by_tab(page, "Veto")
        page.keyboard.press("Space")
        told(page, "vetoed by ada@console")
        assert live.host.restarts() == 0


def to_by_tab(page: Page, name: str) -> None:
    """Press Tab until what bears that name has the focus, which can be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate("() => { const at = document.activeElement; return ((at.labels || [])[0] || at).textContent; }")
        if said.strip().startswith(name):
            assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {name!r}")


def test_every_page_is_readable_light_dark_and_on_a_phone(live: Live, browser: Browser, tmp_path: pathlib.Path) -> None:
    name = "x" * 200
    with live.start(**QUICK) as running, visiting(browser) as page:
        known = proposal(live, running)
        log_in(page, running, f"/incidents/{known}")
        press(page, "Approve this plan")
        live.until(running, lambda story: story["acted_at"] and story["outcome"])
        live.decide(running, "service-restart", "auto-execute", WEB._replace(target=name, problem=name))
        long = live.until(running, lambda story: story["target"] == name and story["outcome"] == "refused")["id"]
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            for width in ({"width": 1280, "height": 800}, PHONE):
                page.set_viewport_size(width)
                for place in ("/", "/decisions", f"/incidents/{known}", f"/incidents/{long}", "/incidents/nowhere"):
                    page.goto(running.base + place)
                    page.screenshot(path=tmp_path / f"{colours}-{width['width']}-{place.strip('/').replace('/', '-') or 'now'}.png", full_page=True)
                    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), (place, width)
                    assert [text for ratio, text in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST] == [], (place, colours)
                    assert page.evaluate(UNNAMED) == []
                    assert set(page.evaluate(STACKED)) <= {width is PHONE}, (place, width)
                    assert page.locator("html").get_attribute("lang") == "en"
                    assert page.locator("h1").count() == 1
