"""What stands in labels, annotations, silences and people's reasons is read in a real browser, never run: the browser's own guard is off."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import urllib.parse
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from homeostat.printable import printable
from tests.actor.live import Live, living
from tests.actor.process import INTAKE, OPERATOR, Running
from tests.actor.web import alert, payload
from tests.integration.browsing import PHONE, log_in
from tests.outlooks import Course
from tests.support import HOST, WEB, labels_of
from tests.telling import silence_of, told_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from actor.model import EpisodeKey

pytestmark = pytest.mark.integration

MARKUP = pathlib.Path(__file__).parents[1].joinpath("markup.txt").read_text(encoding="utf-8").splitlines()
# Three of them in each incident and in each forecast: as target, as problem, as resource.
TRIPLES = [(MARKUP[first], MARKUP[(first + 1) % len(MARKUP)], MARKUP[(first + 2) % len(MARKUP)]) for first in range(0, len(MARKUP), 3)]
FOREIGN = """() => {
  const ours = new Set('HTML HEAD META TITLE LINK BODY A HEADER P SPAN NAV UL LI FORM INPUT BUTTON MAIN H1 H2 H3 DL DIV DT DD SECTION ARTICLE STRONG OL SMALL DETAILS SUMMARY TABLE THEAD TBODY TR TH TD TIME CODE PRE FIGURE FIGCAPTION METER LABEL SELECT OPTION OPTGROUP DATALIST TEXTAREA FIELDSET LEGEND FOOTER EM HR BR ABBR CAPTION ASIDE H4 KBD svg title desc text line path rect'.split(' '));
  return [...document.querySelectorAll('*')].filter(one => !ours.has(one.tagName)
    || [...one.attributes].some(attribute => attribute.name.startsWith('on') || ['style', 'srcdoc', 'srcset', 'ping', 'formaction', 'background'].includes(attribute.name))
    || (one.tagName === 'LINK' && !one.href.startsWith(location.origin + '/console.css'))
    || (one.tagName === 'META' && one.httpEquiv)
    || (one.tagName === 'FORM' && new URL(one.getAttribute('action') || '', location.href).origin !== location.origin)
    || (one.href && one.tagName === 'A' && new URL(one.href).origin !== location.origin && !one.href.startsWith('http://127.0.0.1:3000/d/')))
    .map(one => one.outerHTML.slice(0, 200));
}"""


@dataclasses.dataclass
class Watched:
    """A browser's page with all that it should not have done."""

    page: Page
    base: str
    dialogs: list[str] = dataclasses.field(default_factory=list)
    strayed: list[str] = dataclasses.field(default_factory=list)

    def see(self, path: str, *words: str) -> None:
        """Open a page and see that it holds these words as text, nothing of theirs as anything else, and does nothing by itself."""
        self.page.goto(self.base + path)
        assert (self.dialogs, self.strayed) == ([], []), path
        assert self.page.evaluate(FOREIGN) == [], path
        assert self.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), path
        expect(self.page.locator("h1")).to_be_visible()
        told = squeezed(self.page.locator("body").text_content() or "")
        for word in words:
            assert squeezed(printable(word)) in told, (path, word)


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        yield place


def squeezed(text: str) -> str:
    return "".join(text.split())


@contextlib.contextmanager
def watched(browser: Browser, running: Running) -> Iterator[Watched]:
    # With the policy that forbids every script, none would run however badly a page were written.
    context = browser.new_context(bypass_csp=True, viewport=PHONE)
    page = context.new_page()
    watch = Watched(page, running.base)

    def strays(url: str) -> None:
        if not url.startswith(running.base + "/"):
            watch.strayed.append(url)

    page.on("dialog", lambda dialog: (watch.dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: strays(request.url))
    try:
        yield watch
    finally:
        context.close()


def of(triple: tuple[str, str, str]) -> EpisodeKey:
    target, problem, resource = triple
    return WEB._replace(target=target, problem=problem, resource=resource)  # type: ignore[arg-type]


def heard_of(running: Running, live: Live) -> dict[str, str]:
    """Have an incident of each three, and return their ids by target."""
    alerts = [alert(labels=labels_of(of(triple), "service-restart", "auto-execute"), annotations={"summary": triple[0], "confidence": triple[1]}) for triple in TRIPLES]
    assert running.post("/webhook", INTAKE, payload(*alerts)).status_code == 202
    live.until(running, lambda _: len(running.get("/api/v1/decisions").json()) == len(TRIPLES))
    return {story["target"]: story["id"] for story in running.get("/api/v1/decisions").json()}


def test_nothing_of_a_corpus_of_markup_is_ever_run_and_all_of_it_can_be_read(live: Live, browser: Browser) -> None:
    courses = [Course(target, problem=problem, resource=resource, a_day=0.001 * number) for number, (target, problem, resource) in enumerate(TRIPLES)]
    told_to(live, courses)
    live.silences.extend(silence_of(text) for text in MARKUP)
    with live.start(exporter={"url": live.site.url}) as running, watched(browser, running) as watch:
        known = heard_of(running, live)
        said = running.post(f"/api/v1/incidents/{next(iter(known.values()))}/deny", OPERATOR, b'{"author": "<b>ada</b>", "reason": "<script>alert(1)</script>"}')
        assert said.status_code in {200, 409}
        log_in(watch.page, running, "/")
        menu = [link.get_attribute("href") or "" for link in watch.page.get_by_role("navigation", name="Pages").get_by_role("link").all()]
        assert {"/", "/forecasts", "/decisions", "/controls"} <= set(menu)
        for path in (*menu, "/forecasts?page=2"):
            watch.see(path)
        watch.see("/controls", *MARKUP)
        for triple in TRIPLES:
            watch.see(f"/incidents/{known[triple[0]]}", *triple)
            watch.see(f"/forecasts/target?{urllib.parse.urlencode({'host': HOST, 'target': triple[0]})}", *triple)
