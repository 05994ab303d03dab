"""docs/forecasting.md tells what docs/bench holds, and what the program answers."""

from __future__ import annotations

import json
import re

import pytest

from bench import tables
from forecasting.__main__ import answers

PAGE = tables.PAGE.read_text()
FOUND = tables.read(tables.FOLDER)


def on_page(name: str) -> str:
    between = re.search(rf"<!-- table {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert between is not None
    return between[1]


@pytest.mark.parametrize("name", ["accuracy", "by", "fleet", "leak", "earlier", "reruns", "speed"])
def test_the_pages_tables_are_those_of_the_measurements(name: str) -> None:
    assert on_page(name) == tables.tables(FOUND)[name], "make them anew with python -m bench.tables"


def test_the_example_answers_what_the_page_says() -> None:
    told = json.loads(on_page("example").removeprefix("```json\n").removesuffix("```\n"))
    found = answers([json.loads(line) for line in (tables.FOLDER / "example.jsonl").read_text().splitlines()])[0]
    assert told.keys() == found.keys()
    for key in told.keys() - {"explanation"}:
        near = pytest.approx(told[key], rel=0.02) if isinstance(told[key], float) else told[key]
        assert found[key] == near, "make it anew with python -m bench.tables"


def test_every_picture_of_the_page_is_there_and_small() -> None:
    pictures = re.findall(r"\]\((bench/\w+\.svg)\)", PAGE)
    assert len(pictures) == 5
    assert all((tables.PAGE.parent / picture).stat().st_size < 200_000 for picture in pictures)


def test_a_page_without_a_tables_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table speed"):
        tables.filled("# A page\n", {"speed": "| |\n"})
