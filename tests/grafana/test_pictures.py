"""The pictures of the dashboards: one for each row, shown in `docs/dashboards.md`, small enough for a repository."""

from __future__ import annotations

import re

from tests.grafana import shots

PAGE = shots.PICTURES.parents[1] / "dashboards.md"
MOST_BYTES, MOST_BYTES_OF_ALL = 300_000, 2_500_000


def test_every_row_has_its_picture_and_the_page_shows_all_of_them() -> None:
    expected = {file for name, dashboard in shots.dashboards() for file, _, _ in shots.pictures(name, dashboard)}
    name, dashboard = next(shots.dashboards())
    expected.add(next(shots.pictures(f"{name}-light", dashboard))[0])
    assert {path.name for path in shots.PICTURES.glob("*.png")} == expected, "run make dashboard-shots"
    assert set(re.findall(r"\(images/dashboards/([^)]+)\)", PAGE.read_text(encoding="utf-8"))) == expected


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in shots.PICTURES.glob("*.png")}
    assert {name for name, size in sizes.items() if size > MOST_BYTES} == set()
    assert sum(sizes.values()) < MOST_BYTES_OF_ALL


def test_the_guide_has_every_row_in_the_dashboards_order() -> None:
    headings = re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    rows = [row["title"] for name, dashboard in shots.dashboards() for _, row, _ in shots.pictures(name, dashboard)]
    assert headings == [row.split(",")[0] for row in rows]


def test_who_cannot_see_a_picture_is_told_what_it_shows() -> None:
    told = re.findall(r"!\[([^\]]*)\]\(images/dashboards/", PAGE.read_text(encoding="utf-8"))
    assert [words for words in told if len(words.split()) < 5] == []
