"""Pictures: whatever they are given they are well-formed, escaped, and in the numbers' right places."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.amounts import amount
from homeostat.pictures import STYLE_SHEET, bars, fan, lines
from homeostat.pictures.fan import Fan
from homeostat.pictures.lines import Line
from homeostat.pictures.scales import ticks, time_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>\x00\x1b]0;\u202e</svg>' + "x" * 400
NUMBERS = st.lists(st.floats(), max_size=12)
NOW = 1_800_000_000.0
DAY = 86400


def read(picture: str) -> ElementTree.Element:
    """Return the one element that a picture is; none of its places is without a number."""
    root = ElementTree.fromstring(picture)
    assert (root.tag, root.get("role")) == (f"{SVG}svg", "img")
    assert root[0].tag == f"{SVG}title"
    assert not re.search(r'[^<>]"[^"<>]*\b(nan|inf)\b', picture)
    assert "style=" not in picture
    return root


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [part for part in root.iter() if name in (part.get("class") or "").split()]


def words(root: ElementTree.Element) -> list[str]:
    return ["".join(part.itertext()) for part in root.iter(f"{SVG}text")]


def a_fan(past: Sequence[float], median: Sequence[float], band: float = 0.02) -> Fan:
    behind = [NOW - (len(past) - number) * DAY for number in range(len(past))]
    ahead = [NOW + number * DAY for number in range(len(median))]
    return Fan("disk", "how it goes", "ratio", NOW, behind, past, ahead, [at - band for at in median], median, [at + band for at in median], 1.0)


def test_a_fan_shows_what_was_what_is_expected_the_limit_and_now() -> None:
    root = read(fan.draw(a_fan([0.4, 0.5, 0.6], [0.6, 0.8, 1.0])))
    assert [len(of_class(root, name)) for name in ("plot-line", "plot-median", "plot-band", "plot-limit", "plot-now")] == [1] * 5
    past, median = (of_class(root, name)[0].get("d", "").split("L") for name in ("plot-line", "plot-median"))
    assert (len(past), len(median)) == (3, 3)
    heights = [float(point.split()[-1]) for point in (*past, *median)]
    assert heights == sorted(heights, reverse=True)
    assert float(of_class(root, "plot-limit")[0].get("y1", "0")) == pytest.approx(heights[-1], abs=0.1)
    assert {"now", "limit"} < set(words(root))
    assert "80 %" in words(root)


def test_whoever_reads_a_time_below_reads_that_it_is_utc() -> None:
    assert "UTC" in words(read(fan.draw(a_fan([0.5, 0.6], [0.6, 0.7]))))
    assert "UTC" in words(read(lines.draw(("a", "b"), [Line("a", [NOW, NOW + DAY], [0.1, 0.2])])))


def test_a_small_fan_has_no_words_but_for_who_cannot_see_it() -> None:
    root = read(fan.draw_small(a_fan([0.4], [0.4, 0.5])))
    assert words(root) == []
    assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")] == ["disk", "how it goes"]


def test_a_gap_breaks_the_line_and_nothing_is_drawn_for_what_is_no_number() -> None:
    root = read(fan.draw(a_fan([0.1, math.nan, 0.3, math.inf, 0.5], [])))
    assert of_class(root, "plot-line")[0].get("d", "").count("M") == 3


def test_a_band_that_explodes_does_not_flatten_the_rest() -> None:
    root = read(fan.draw(a_fan([0.4, 0.5], [0.5, 0.6], band=1e12)))
    places = [float(point.split()[-1]) for point in of_class(root, "plot-line")[0].get("d", "").split("L")]
    assert places[0] - places[1] > 10


@pytest.mark.parametrize("nothing", [[], [math.nan], [math.inf, -math.inf], [1e308]])
def test_of_nothing_that_can_be_drawn_the_picture_says_so(nothing: list[float]) -> None:
    for picture in (
        fan.draw(a_fan(nothing, nothing)),
        lines.draw(("confidence", "of each"), [Line("a", [NOW] * len(nothing), nothing)]),
        bars.draw(("outcomes", "a day"), [bars.Column("Mon", {"good": value}) for value in nothing], {"good": "succeeded"}),
    ):
        assert words(read(picture)) == ["no data"]


def test_a_week_without_anything_is_said_to_be_empty() -> None:
    days = [bars.Column(day, {"good": 0, "bad": 0}) for day in "MTWTFSS"]
    assert words(read(bars.draw(("outcomes", "a day"), days, {"good": "succeeded", "bad": "failed"}))) == ["no data"]


@given(NUMBERS, NUMBERS, st.floats(), st.floats())
def test_no_number_breaks_a_fan(past: list[float], median: list[float], band: float, now: float) -> None:
    given = a_fan(past, median, band)
    for picture in (fan.draw(given), fan.draw_small(given), fan.draw(Fan("t", "d", "bytes", now, past, past, median, past, median, past, band))):
        read(picture)


@given(st.lists(st.tuples(st.text(), NUMBERS, NUMBERS), max_size=9), st.sampled_from(["ratio", "bytes", "seconds", ""]))
def test_no_number_and_no_name_breaks_lines(given: list[tuple[str, list[float], list[float]]], unit: str) -> None:
    read(lines.draw(("t", "d"), [Line(*one) for one in given], unit))


@given(st.lists(st.tuples(st.text(), st.dictionaries(st.sampled_from(bars.TONES), st.floats())), max_size=40))
def test_no_count_and_no_name_breaks_bars(given: list[tuple[str, dict[str, float]]]) -> None:
    read(bars.draw(("t", "d"), [bars.Column(*one) for one in given], {tone: tone for tone in bars.TONES}))


def test_markup_in_a_name_is_text_and_a_long_one_is_shortened() -> None:
    for picture in (
        fan.draw(Fan(HOSTILE, HOSTILE, HOSTILE, NOW, [NOW], [1.0])),
        lines.draw((HOSTILE, HOSTILE), [Line(HOSTILE, [NOW], [1.0])], HOSTILE),
        bars.draw((HOSTILE, HOSTILE), [bars.Column(HOSTILE, {"good": 1})], {"good": HOSTILE}),
    ):
        root = read(picture)
        assert all(part.tag != f"{SVG}script" for part in root.iter())
        assert max(map(len, words(root)), default=0) <= 24
        assert "\x1b" not in picture
        assert "\u202e" not in picture


def test_columns_stand_on_one_another_and_each_says_its_count() -> None:
    root = read(bars.draw(("outcomes", "a day"), [bars.Column("Mon", {"good": 3, "bad": 1})], {"good": "succeeded", "bad": "failed"}))
    good, bad = (of_class(root, f"plot-{tone}")[0] for tone in ("good", "bad"))
    top = float(bad.get("y", "")) + float(bad.get("height", ""))
    assert top == pytest.approx(float(good.get("y", "")), abs=0.2)
    assert float(good.get("height", "")) == pytest.approx(3 * float(bad.get("height", "")), rel=0.02)
    assert good.findtext(f"{SVG}title") == "Mon: 3"
    assert {"succeeded", "failed"} <= set(words(root))


def test_ticks_are_round_in_the_units_own_words() -> None:
    assert [amount(value, "bytes") for value in ticks(0, 5e9, 5, "bytes")] == ["0 B", "1 GB", "2 GB", "3 GB", "4 GB", "5 GB"]
    assert [said for _, said in time_ticks(NOW, NOW + 4 * DAY, 8)] == ["12:00", "Jan 16", "12:00", "Jan 17", "12:00", "Jan 18", "12:00", "Jan 19"]


def test_every_class_of_a_picture_is_in_the_style_sheet() -> None:
    named = set(re.findall(r"\.(plot[a-z0-9-]*)", STYLE_SHEET))
    pictures = [
        fan.draw(a_fan([0.4], [0.5])),
        fan.draw_small(a_fan([0.4], [0.5])),
        lines.draw(("t", "d"), [Line("a", [NOW, NOW + DAY], [1.0, 2.0])] * lines.COLOURS),
        bars.draw(("t", "d"), [bars.Column("Mon", dict.fromkeys(bars.TONES, 1))], {tone: tone for tone in bars.TONES}),
    ]
    used = {name for picture in pictures for names in re.findall(r'class="([^"]*)"', picture) for name in names.split()}
    assert used - named == {"plot-line-1"}


def test_a_single_sample_is_wide_enough_to_be_seen() -> None:
    (dot,) = of_class(read(fan.draw(Fan("t", "d", "ratio", NOW, past_times=[NOW - DAY], past=[0.5], limit=1.0))), "plot-line")
    assert "a1.5,1.5" in (dot.get("d") or "")
