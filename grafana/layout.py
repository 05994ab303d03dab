"""Where panels stand: rows one below the other, panels from left to right, ids that a new panel elsewhere leaves alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from grafana.panels import panel_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.panels import Json, Panel

COLUMNS = 24
# A row's panels take the ids from here up to the next row's.
IDS_PER_ROW = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: Sequence[Panel]


def place(rows: Sequence[Row]) -> list[Json]:
    """Give every row and panel its id and its place; a panel that no longer fits its line begins the next one."""
    placed: list[Json] = []
    y = 0
    for number, row in enumerate(rows, start=1):
        placed.append(_heading(row.title, number * IDS_PER_ROW, y))
        panels, y = _lines(row.panels, number * IDS_PER_ROW + 1, y + 1)
        placed.extend(panels)
    return placed


def _heading(title: str, panel_id: int, y: int) -> Json:
    position = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
    return {"id": panel_id, "type": "row", "title": title, "collapsed": False, "gridPos": position, "panels": []}


def _lines(panels: Sequence[Panel], first_id: int, y: int) -> tuple[list[Json], int]:
    placed: list[Json] = []
    x = tallest = 0
    for panel_id, panel in enumerate(panels, start=first_id):
        if x + panel.width > COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        placed.append(panel_json(panel, panel_id, x, y))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return placed, y + tallest
