"""The page about autonomy says what the code does: its table is the matrix, its examples are accepted."""

from __future__ import annotations

import pathlib
import re
from typing import cast

import pytest

from homeostat.config import Config, in_force, loads
from homeostat.config.autonomy import Autonomy
from homeostat.config.thresholds import NEVER
from homeostat.words import LEVELS, RISKS, Decision, Level, Risk

PAGE = (pathlib.Path(__file__).parents[2] / "docs/autonomy.md").read_text(encoding="utf-8")
COLUMNS: list[tuple[Risk, Decision]] = [("low", "auto-execute"), ("low", "notify-execute"), ("medium", "notify-execute"), ("low", "propose")]


def test_the_table_of_levels_is_the_matrix() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) / (\S+) \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)
    assert [level for level, *_ in rows] == list(LEVELS)
    for level, *cells in rows:
        standing = in_force(Autonomy(level=cast("Level", level), mode="active"), 0.0)
        written = [NEVER if cell == "never" else float(cell) for cell in cells]
        assert [standing.threshold(*column) for column in COLUMNS] == written
        assert len({standing.threshold(risk, "propose") for risk in RISKS}) == 1


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_example_is_accepted_and_says_something(tmp_path: pathlib.Path, example: str) -> None:
    theirs = tmp_path / "alertmanager.yml"
    theirs.write_text("time_intervals: [{name: maintenance, time_intervals: [{weekdays: [sunday]}]}]")
    read = loads(example.replace("/etc/prometheus/alertmanager.yml", str(theirs)), Config, "docs/autonomy.md")
    assert read.autonomy != Autonomy() or read.windows
