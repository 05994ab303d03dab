"""A question in free words in a real browser: typed or chosen, answered from the actor's journal, followed to the incident and answered there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.actor.live import Live, living
from tests.integration.browsing import PHONE, QUICK, log_in, press, proposal, told, visiting
from tests.selecting import hear_all
from tests.support import _CONTROL

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.integration

HOSTILE = "<img src=x onerror=print(1)>"


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    with living(tmp_path) as place:
        place.host.control.write_text(_CONTROL.format(folder=place.host.service))
        hear_all(place.prometheus)
        yield place


def test_a_question_is_asked_and_its_answer_followed_to_the_word_that_it_asks_for(live: Live, browser: Browser) -> None:
    with live.start(**QUICK) as running, visiting(browser) as page:
        known = proposal(live, running)
        log_in(page, running, "/")
        page.get_by_role("link", name="Ask", exact=True).click()
        page.get_by_role("link", name="what waits for me?").click()
        expect(page.locator("code", has_text=f"homeostat approve {known}")).to_be_visible()
        field = page.get_by_role("searchbox")
        expect(field).to_have_value("what waits for me?")
        field.fill(f"bake a cake {HOSTILE}")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is no question that is known here.")
        assert page.locator("main img").count() == 0
        page.set_viewport_size(PHONE)
        page.get_by_role("searchbox").fill("why did you not restart web?")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=2, name="What was decided there")).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("link", name=known).first.click()
        press(page, "Deny")
        told(page, "denied by ada@console")
        page.goto(f"{running.base}/ask?question=what+was+denied+today")
        expect(page.get_by_role("row", name="denied by ada@console")).to_have_count(1)
