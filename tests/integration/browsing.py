"""A person at a real browser, for tests: opens pages, logs in, presses buttons, and what can be measured of a page."""

from __future__ import annotations

import contextlib
import pathlib
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.actor.process import OPERATOR, Running
from tests.support import WEB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from actor.model import EpisodeKey
    from tests.actor.live import Live

CHROMIUM = pathlib.Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}
QUICK = {"autonomy": {"actions": {"service-restart": {"settle": "100ms", "watch": "200ms"}}}}
# How light a colour is, and on which ground an element stands: for what reads contrasts.
COLOURS = """
  const light = (colour) => {
    const parts = colour.map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const read = (text) => text.match(/[0-9.]+/g).map(Number);
  const ground = (element) => {
    const colour = read(getComputedStyle(element).backgroundColor);
    return colour.length === 4 && colour[3] === 0 && element.parentElement ? ground(element.parentElement) : colour;
  };
"""
# A browser's own words on the least contrast of text: WCAG 2.2 AA.
LEAST_CONTRAST = 4.5
CONTRASTS = "() => {" + COLOURS + """
  return [...document.querySelectorAll('body *')].filter(element => element.checkVisibility() && [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(element => {
      const style = getComputedStyle(element);
      const ink = element instanceof SVGElement ? style.fill : style.color;
      const [one, other] = [light(read(ink)), light(ground(element))].sort((a, b) => b - a);
      return [(one + 0.05) / (other + 0.05), element.outerHTML.slice(0, 100)];
    });
}"""
# The words of pictures that stick out of them.
CUT_OFF = """() => [...document.querySelectorAll('svg text')].filter(text => text.checkVisibility()).filter(text => {
  const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
  return inner.left < outer.left - 1 || inner.right > outer.right + 1;
}).map(text => text.textContent)"""
# What must hold of every page's elements: each is named, nothing is told twice by one id, no heading skips a level.
FAULTS = """() => {
  const all = [...document.querySelectorAll('*')];
  const ids = all.map(element => element.id).filter(id => id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place).map(id => 'two elements are ' + id);
  const lost = all.flatMap(element => ['aria-labelledby', 'aria-describedby', 'for', 'list'].flatMap(name => (element.getAttribute(name) || '').split(' ')))
    .filter(id => id && !document.getElementById(id)).map(id => 'nothing is ' + id);
  const mute = [...document.querySelectorAll('a, button, summary, th, svg, nav, section[aria-labelledby]')]
    .filter(element => !(element.getAttribute('aria-label') || element.getAttribute('aria-labelledby') || element.textContent).trim()).map(element => 'it has no name: ' + element.outerHTML.slice(0, 100));
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(heading => Number(heading.tagName[1]));
  const skipped = levels.filter((level, place) => place && level > levels[place - 1] + 1).map(level => 'h' + level + ' skips a level');
  const ahead = all.filter(element => element.tabIndex > 0).map(element => 'it jumps the queue: ' + element.outerHTML.slice(0, 100));
  return [...twice, ...lost, ...mute, ...skipped, ...ahead];
}"""
REACHABLE = """() => {
  window.reachable = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(element => element.checkVisibility());
  return window.reachable.length;
}"""
FOCUSED = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.bottom > 0 && box.top < window.innerHeight;
  return [window.reachable.indexOf(at), seen];
}"""
UNNAMED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter(field => field.labels.length !== 1 || !field.labels[0].textContent.trim()).map(field => field.outerHTML)"""
STACKED = """() => [...document.querySelectorAll('tbody tr')].filter(row => row.checkVisibility())
  .map(row => row.cells[1].getBoundingClientRect().top >= row.cells[0].getBoundingClientRect().bottom)"""


@contextlib.contextmanager
def visiting(browser: Browser) -> Iterator[Page]:
    """Open a browser of its own, which must find no fault with what it is sent."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    # A page that says no is told by a test of its own; a policy that is broken would be told here.
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" and "responded with a status of 40" not in line.text else None)
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


def to_by_tab(page: Page, name: str) -> None:
    """Press Tab until what bears that name has the focus, which can be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said = page.evaluate("() => { const at = document.activeElement; return ((at.labels || [])[0] || at).textContent; }")
        if said.strip().startswith(name):
            assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"no Tab leads to {name!r}")


def walk_by_tab(page: Page) -> list[tuple[int, bool]]:
    """Press Tab through a whole page; return what had the focus, by its place on the page, and whether that could be seen."""
    count: int = page.evaluate(REACHABLE)
    walked: list[tuple[int, bool]] = []
    # A field for a date has a stop for each of its parts.
    for _ in range(10 * count):
        page.keyboard.press("Tab")
        place, seen = page.evaluate(FOCUSED)
        if place == -1:
            break
        if not walked or walked[-1][0] != place:
            walked.append((place, seen))
        if place == count - 1:
            break
    return walked
