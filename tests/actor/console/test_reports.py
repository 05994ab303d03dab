"""The console's page of reports: what was written is listed and shown, and nothing else of the disk."""

from __future__ import annotations

import pathlib

import pytest

from homeostat.reports import folder
from tests.actor.console.visitor import Visitor, read, text, visiting
from tests.homeostat.reports import sample
from tests.support import Actor, Host

NAME = "2026-11-23-weekly"


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    assert visitor.log_in().status_code == 303
    return visitor


@pytest.fixture
def place(actor: Actor) -> pathlib.Path:
    report = sample.report()
    folder.write(actor.config.actor.reports_directory, NAME, folder.rendered(report), 0)
    return pathlib.Path(actor.config.actor.reports_directory)


def test_before_the_first_it_says_when_there_will_be_one(ada: Visitor) -> None:
    assert "None was written yet. The first comes at 08:00 by the clocks of this host ( notifications.daily_at )." in text(ada.client.get("/reports"))


def test_where_none_is_made_it_says_so(host: Host) -> None:
    actor = Actor(host, notifications={"daily_at": None, "weekly_on": None})
    ada = visiting(actor)
    ada.log_in()
    assert "None is made: notifications.daily_at names no time." in text(ada.client.get("/reports"))
    actor.journal.close()


@pytest.mark.usefixtures("place")
def test_a_report_is_listed_shown_and_to_be_kept(ada: Visitor) -> None:
    listed = ada.client.get("/reports")
    assert "Monday, 23 November 2026" in text(listed)
    assert f'href="/reports/{NAME}"' in listed.text
    shown = ada.client.get(f"/reports/{NAME}")
    assert "Homeostat on nas: the week's report" in text(shown)
    # The console's policy has no style in a page.
    assert not {"style", "script"} & {tag for tag, _ in read(shown).elements}
    assert not any("style" in attributes for _, attributes in read(shown).elements)
    kept = ada.client.get(f"/reports/{NAME}.html")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="{NAME}.html"'
    assert kept.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert ada.client.get(f"/reports/{NAME}.md").text.startswith("# Homeostat on nas")


def test_nobody_reads_one_without_a_login(actor: Actor, place: pathlib.Path) -> None:
    assert place.is_dir()
    for address in ("/reports", f"/reports/{NAME}", f"/reports/{NAME}.md"):
        assert visiting(actor).client.get(address).status_code == 303


@pytest.mark.parametrize("name", ["2020-01-01-daily", "..%2f..%2fjournal.sqlite", "journal", "2026-11-23-weekly%00", "<b>", "2026-11-23-weekly.exe"])
def test_nothing_but_a_report_is_read(ada: Visitor, place: pathlib.Path, name: str) -> None:
    (place / "journal.json").write_text("{}")
    assert ada.client.get(f"/reports/{name}").status_code == 404


def test_one_of_another_version_is_said_to_be_so_and_a_folder_that_cannot_be_read_too(ada: Visitor, place: pathlib.Path, actor: Actor) -> None:
    (place / f"{NAME}.json").write_text('{"another": "shape"}')
    assert "Another version of Homeostat wrote it" in text(ada.client.get(f"/reports/{NAME}"))
    for each in place.iterdir():
        each.unlink()
    place.rmdir()
    pathlib.Path(actor.config.actor.reports_directory).write_text("a file")
    assert ada.client.get("/reports").status_code == 503
