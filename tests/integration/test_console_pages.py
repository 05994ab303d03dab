"""Every page of the console in a real browser, light and dark, wide and narrow, by keyboard; and the controls on a real actor and Alertmanager."""

from __future__ import annotations

import contextlib
import importlib
import re
import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from actor.console import pages
from actor.console.frame import PAGES
from homeostat.clock import SystemClock
from tests.actor.live import SLOW, Live, living, running_here
from tests.httpd import serving as answering
from tests.integration import stack
from tests.integration.browsing import (
    CONTRASTS,
    FAULTS,
    LEAST_CONTRAST,
    PHONE,
    QUICK,
    STACKED,
    UNNAMED,
    log_in,
    press,
    proposal,
    to_by_tab,
    told,
    visiting,
    walk_by_tab,
)
from tests.outlooks import A_FEW, Course, exporter, used_in
from tests.support import _CONTROL, DISK, HOST, WEB

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.actor.process import Running

pytestmark = pytest.mark.integration

DESK = {"width": 1280, "height": 800}
TABLET = {"width": 800, "height": 1100}
LONG = "x" * 200
NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
ADDRESSES = [str(importlib.import_module(f"{pages.__name__}.{name}").__doc__).split("`")[1] for name in PAGES]
MORE = ["/ask?question=why+did+you+restart+web", "/decisions?target=web&outcome=warned", "/decisions?since=never", "/incidents/LONG", "/forecasts/target?host=H&target=FAR", "/forecasts?like=FAR", "/incidents/nowhere", "/playbooks/nowhere"]


@contextlib.contextmanager
def place(folder: pathlib.Path) -> Iterator[Live]:
    """Lay a host whose service restarts at once."""
    with living(folder) as live:
        live.host.control.write_text(_CONTROL.format(folder=live.host.service))
        yield live


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with place(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[tuple[Page, Running, dict[str, str]]]:
    """Have an actor with something of every kind on its pages, a person logged in, and the words that stand for names in addresses."""
    courses = (*A_FEW, Course(LONG, used=0.9))
    with place(tmp_path_factory.mktemp("house")) as live, answering(exporter(courses, SystemClock())) as site:
        live.site.answer = lambda asked: used_in(courses, asked, SystemClock().now()) if asked.path == "/api/v1/query_range" else live.answer(asked)
        live.prometheus.put("homeostat_time_to_limit_seconds", 90_000.0, bound="median", host=HOST, target=LONG, problem=LONG, resource="memory")
        matchers = [{"name": "target", "value": "web", "isRegex": False, "isEqual": True}]
        times = {"startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "status": {"state": "active"}}
        live.silences.append({"id": "s1", "matchers": matchers, "createdBy": LONG, "comment": LONG, **times})
        with live.start(**QUICK, exporter={"url": site.url}) as running, visiting(browser) as page:
            known = proposal(live, running)
            for index in range(9):
                live.host.log(f"{index}.log.1")
            proposal(live, running, DISK, "disk-cleanup")
            log_in(page, running, f"/incidents/{known}")
            live.silences.clear()
            press(page, "Approve this plan")
            live.until(running, lambda story: running.get(f"/api/v1/incidents/{known}").json()["outcome"])
            proposal(live, running, WEB._replace(problem="fd_exhaustion", resource="fds"))
            live.decide(running, "service-restart", "auto-execute", WEB._replace(target=LONG, problem=LONG))
            long = live.until(running, lambda story: story["target"] == LONG and story["outcome"] == "refused")["id"]
            live.silences.append({"id": "s1", "matchers": matchers, "createdBy": LONG, "comment": LONG, **times})
            page.goto(f"{running.base}/controls")
            page.get_by_label("Yes, stop").check()
            press(page, "Stop everything")
            told(page, "everything is stopped")
            yield page, running, {"ID": known, "NAME": "disk-cleanup", "LONG": long, "FAR": LONG, "H": HOST, "T": "/srv/media", "Q": "why%20is%20web%20slow"}


def filled(address: str, names: dict[str, str]) -> str:
    """Return an address with names where capitals stand for them."""
    return re.sub(r"\b[A-Z]+\b", lambda found: names[found[0]], address)


@pytest.mark.parametrize("address", [*ADDRESSES, *MORE])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_is_readable_in_both_themes_on_a_desk_a_tablet_and_a_phone(house: tuple[Page, Running, dict[str, str]], address: str, colours: str) -> None:
    page, running, names = house
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    for size in (DESK, TABLET, PHONE):
        page.set_viewport_size(size)
        page.goto(running.base + filled(address, names))
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), size
        assert [text for ratio, text in page.evaluate(CONTRASTS) if ratio < LEAST_CONTRAST] == []
        assert set(page.evaluate(STACKED)) <= {size is PHONE}
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(FAULTS) == []
    assert (page.locator("html").get_attribute("lang"), page.locator("h1").count(), page.locator("main").count()) == ("en", 1, 1)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_keyboard_reaches_all_of_a_page_in_its_order_and_shows_where_it_is(house: tuple[Page, Running, dict[str, str]], address: str) -> None:
    page, running, names = house
    page.set_viewport_size(DESK)
    page.goto(running.base + filled(address, names))
    walked = walk_by_tab(page)
    assert [at for at, _ in walked] == list(range(page.evaluate("() => window.reachable.length")))
    assert [at for at, seen in walked if not seen] == []
    assert page.evaluate("() => window.reachable[0].textContent") == "To the content"


def test_the_menu_stands_in_whole_words_on_a_phone(house: tuple[Page, Running, dict[str, str]]) -> None:
    page, running, _ = house
    page.set_viewport_size(PHONE)
    page.goto(running.base)
    heights = page.evaluate("() => [...document.querySelectorAll('header nav a')].map(link => link.getBoundingClientRect().height)")
    assert len(heights) >= 5
    assert max(heights) < 48


def test_the_kill_switch_of_the_console_wins_within_a_second_and_resume_ends_it(live: Live, browser: Browser) -> None:
    live.host.control.write_text(SLOW.format(folder=live.host.service))
    with live.start() as running, visiting(browser) as page:
        log_in(page, running, "/controls")
        live.decide(running)
        live.until(running, lambda story: story["state"] == "running" and (live.host.service / "begun").exists())
        press(page, "Stop everything")
        # The box is not ticked, so the browser sends nothing.
        assert len(running_here(live.host.service)) == 3
        page.get_by_label("Yes, stop everything").check()
        page.get_by_label("Why if you like").first.fill("smoke")
        press(page, "Stop everything")
        told(page, "everything is stopped, until you resume")
        said_at = time.monotonic()
        while running_here(live.host.service):
            assert time.monotonic() - said_at < 20
            time.sleep(0.01)
        story = live.until(running, lambda story: story["outcome"] is not None)
        assert (story["outcome"], "ended by the stop" in story["reason"]) == ("failed", True)
        expect(page.get_by_role("row", name=re.compile("ada@console.*smoke")).first).to_be_visible()
        page.get_by_label("Yes, let things").check()
        press(page, "Resume")
        told(page, "the stop is lifted; every breaker is closed")
        assert running.get("/api/v1/status").json()["stopped"] is None


def test_a_pause_by_keyboard_and_one_by_a_double_click_are_made_seen_and_ended_in_a_real_alertmanager(live: Live, browser: Browser, tmp_path: pathlib.Path) -> None:
    with (
        stack.start_alertmanager(tmp_path / "alertmanager", NOBODY) as alertmanager,
        live.start(alertmanager={"url": alertmanager.url}) as running,
        visiting(browser) as page,
    ):
        log_in(page, running, "/")
        to_by_tab(page, "Controls")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Controls")
        to_by_tab(page, "Which action")
        page.keyboard.type("service-restart")
        to_by_tab(page, "Why everybody")
        page.keyboard.type("by keyboard")
        to_by_tab(page, "Pause")
        page.keyboard.press("Enter")
        told(page, "action service-restart is paused")
        to_by_tab(page, "Yes, let things")
        page.keyboard.press("Space")
        to_by_tab(page, "Resume")
        page.keyboard.press("Enter")
        told(page, "1 pause is over")
        page.get_by_label("What", exact=True).select_option(label="web")
        page.get_by_label("For how long").fill("2h")
        page.get_by_label("Why everybody").fill("a film")
        # The second form of a double click is sent before the first is answered.
        page.get_by_role("button", name="Pause").dblclick()
        told(page, "target web is paused")
        rows = page.get_by_role("row", name=re.compile("target web.*ada@console.*a film"))
        expect(rows.first).to_contain_text("pause")
        assert page.get_by_role("button", name="End this pause").count() == 1
        live.decide(running)
        live.until(running, lambda story: "silenced by ada@console" in story["reason"])
        press(page, "End this pause")
        told(page, "the silence of ada@console is over: a film")
        live.until(running, lambda story: story["acted_at"])
        alertmanager.process.kill()
        alertmanager.process.wait()
        page.get_by_label("Why everybody").fill("again")
        press(page, "Pause")
        told(page, "nothing is paused: Alertmanager at ")
        told(page, "stop: that needs no Alertmanager")


def test_what_the_command_line_pauses_stops_and_resumes_stands_on_the_page_once(live: Live, browser: Browser, tmp_path: pathlib.Path) -> None:
    with (
        stack.start_alertmanager(tmp_path / "alertmanager", NOBODY) as alertmanager,
        live.start(alertmanager={"url": alertmanager.url}) as running,
        visiting(browser) as page,
    ):
        log_in(page, running, "/controls")
        said = page.get_by_role("region", name="What was said").get_by_role("row")

        def rows() -> list[str]:
            page.reload()
            return [" ".join(row.split()) for row in said.all_inner_texts()[1:]]

        for command, becomes in ((("pause", "--for", "20m", "--reason", "a film"), "paused until"), (("stop", "--reason", "smoke"), "stopped"), (("resume",), "ended")):
            assert live.run(*command).exit_code == 0
            stack.wait_for(becomes, lambda word=becomes: any(word in row for row in rows()))
        told = stack.wait_for("that the stop was lifted", lambda: found if len(found := rows()) == 5 else None)
        for words in ("homeostat resume", "a film", "smoke", "Alertmanager does not tell who ended it", "the stop was lifted on the host"):
            assert sum(words in row for row in told) == 1, told
        # Another look tells nothing twice.
        live.decide(running)
        live.until(running, lambda story: story["acted_at"])
        assert len(rows()) == 5


def test_proposals_are_answered_where_they_stand_without_javascript(live: Live, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    with contextlib.closing(context), live.start(**QUICK) as running:
        page = context.new_page()
        live.host.log("one.log.1")
        web, disk = proposal(live, running), proposal(live, running, DISK, "disk-cleanup")
        log_in(page, running, "/proposals")
        cards = page.get_by_role("article")
        expect(cards).to_have_count(2)
        cards.filter(has_text="memory_leak at web").get_by_role("button", name="Approve this plan").click()
        told(page, "memory_leak at web: approved")
        cards.filter(has_text="disk_exhaustion at disk").get_by_label("Why not").fill("not today")
        cards.filter(has_text="disk_exhaustion at disk").get_by_role("button", name="Deny").click()
        told(page, "disk_exhaustion at disk: denied by ada@console: not today")
        live.until(running, lambda _: running.get(f"/api/v1/incidents/{web}").json()["outcome"])
        page.reload()
        expect(page.get_by_text("Nothing waits for a person.")).to_be_visible()
        assert (live.host.restarts(), running.get(f"/api/v1/incidents/{disk}").json()["outcome"]) == (1, "denied")
        page.goto(f"{running.base}/controls")
        page.get_by_label("Yes, stop everything").check()
        press(page, "Stop everything")
        told(page, "everything is stopped")


def test_ten_thousand_incidents_are_chosen_from_and_paged(live: Live, browser: Browser) -> None:
    with live.start() as running:
        live.decide(running, decision="alert-only")
        live.until(running, lambda story: story["outcome"] == "alerted")
    with contextlib.closing(sqlite3.connect(live.state / "journal.db")) as db, db:
        db.execute(
            "WITH RECURSIVE counted(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM counted WHERE value < 10000)"
            " INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, confidence, outcome, reason, opened_at, last_firing_at,"
            " acted_at, closed_at, episode_ended_at, alert_labels) SELECT 'n' || value, host, problem, 't' || (value % 10), resource, action, risk, decision,"
            " severity, confidence, iif(value % 3, 'succeeded', 'failed'), reason, opened_at - 60.0 * value, last_firing_at, acted_at, closed_at, closed_at, alert_labels"
            " FROM incidents, counted WHERE id NOT LIKE 'n%'"
        )
    with live.start() as running, visiting(browser) as page:
        log_in(page, running, "/decisions")
        expect(page.get_by_text("10001 incidents")).to_be_visible()
        page.get_by_text("Choose").click()
        page.get_by_label("Target").fill("t3")
        page.get_by_label("Outcome").select_option("failed")
        press(page, "Show")
        expect(page.get_by_text(re.compile(r"^33[34] incidents$"))).to_be_visible()
        began = time.monotonic()
        for number in range(2, 8):
            page.get_by_role("link", name="Older").click()
            expect(page.get_by_text(f"page {number} of 7")).to_be_visible()
        assert time.monotonic() - began < 60
        expect(page.get_by_label("Target")).to_have_value("t3")
        assert set(page.locator("tbody .badge").all_text_contents()) == {"failed"}
