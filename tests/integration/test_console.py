"""The console in a real browser, on a real actor: what a person sees, presses and is told."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.actor.live import Live, living
from tests.actor.process import OPERATOR
from tests.integration.browsing import QUICK, log_in, press, proposal, to_by_tab, told, visiting
from tests.support import _CONTROL, DISK

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.integration


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        place.host.control.write_text(_CONTROL.format(folder=place.host.service))
        yield place


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
    with live.start(autonomy={"proposal_expiry": "20s"}) as running, visiting(browser) as page:
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
