"""The success metrics of a report are recorded by the rules, and judged by the targets that the documentation gives."""

from __future__ import annotations

import pathlib

import pytest
import yaml

from homeostat.reports.success import MEASURES

ROOT = pathlib.Path(__file__).parents[3]


def test_each_is_recorded() -> None:
    rules = (yaml.safe_load((ROOT / "alert-rules" / f"{name}.rules.yml").read_text(encoding="utf-8")) for name in ("history", "success"))
    recorded = {rule["record"] for file in rules for group in file["groups"] for rule in group["rules"]}
    assert {measure.rule for measure in MEASURES} <= recorded


def test_each_target_is_that_of_the_documentation() -> None:
    rows = [line.split(" | ") for line in (ROOT / "docs/success.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for measure in MEASURES:
        meant = next(row[-1].strip(" |") for row in rows if f"`{measure.rule}`" in row[0])
        ours = f"> {measure.above:.2f}" if measure.above is not None else f"< {measure.below:.2f}" if measure.below is not None else "falling"
        assert ours == meant, measure.rule


@pytest.mark.parametrize(("number", "value", "met"), [(0, 0.81, True), (0, 0.80, False), (2, 0.09, True), (2, 0.10, False), (6, 3600.0, None)])
def test_a_value_meets_its_target_or_has_none(number: int, value: float, met: bool | None) -> None:
    assert MEASURES[number].met(value) is met
