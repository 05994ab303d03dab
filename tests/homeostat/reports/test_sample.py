"""The sample in docs/reports/ is what the code makes of a week today."""

from __future__ import annotations

import re

import msgspec

from homeostat.reports.brief import brief
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Asked, Record, Report
from homeostat.reports.page import page
from homeostat.reports.telling import SECTIONS, tell
from tests.homeostat.reports import sample

WORDS = re.compile(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", re.DOTALL)
EMPTY = Report(asked=Asked(host="nas", period="1d", since=0.0, until=86400.0, location="UTC"), made_at=86400.0)


def told(written: str) -> list[str]:
    return WORDS.sub(" ", written).split()


def test_the_sample_is_written_anew_whenever_a_report_reads_otherwise() -> None:
    document = tell(sample.report())
    again = "write it anew: python -m tests.homeostat.reports.sample"
    assert sample.PLACE.joinpath("2026-11-23-weekly.md").read_text(encoding="utf-8") == markdown(document), again
    # Its pictures and colours may change without a word of it changing.
    assert told(sample.PLACE.joinpath("2026-11-23-weekly.html").read_text(encoding="utf-8")) == told(page(document)), again


def test_the_sample_has_every_section_but_those_of_another_mode_and_of_gaps() -> None:
    there = {section.heading for section in tell(sample.report()).sections}
    assert {heading for heading, _ in SECTIONS} - there == {"What it would have done", "What is not known"}


def test_what_was_written_is_read_back() -> None:
    written = msgspec.json.encode(sample.report())
    assert msgspec.json.decode(written, type=Report) == sample.report()


def test_a_report_of_which_nothing_is_known_says_so_and_why() -> None:
    report = msgspec.structs.replace(EMPTY, unknown=("What was done: the actor does not answer",))
    text = markdown(tell(report))
    assert "What was done is not known: the actor does not answer. From Thu 1970-01-01 00:00 to Fri 1970-01-02 00:00." in text
    assert "- What was done: the actor does not answer." in text
    assert brief(report, "https://x") == ("Homeostat on nas, the last 1d: not known", "Not known: What was done: the actor does not answer\nAll of it: https://x")
    assert "<h1>" in page(tell(report))


def test_a_day_of_a_new_install_reads_as_one() -> None:
    report = msgspec.structs.replace(EMPTY, record=Record(mode="shadow", level="moderate", proved_at=80000.0))
    text = markdown(tell(report))
    assert [words in text for words in ("Nothing done, nothing waiting for you.", "Nothing: all is well", "Nothing was done.", "Nothing: no problem came as far as a plan.")] == [True] * 4
