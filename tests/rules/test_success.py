"""The page of success metrics names every one that the rules record, what it is made of, and its target."""

from __future__ import annotations

import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).parents[2]
ROW = re.compile(r"^\| (`\S+:homeostat_\S+`.*?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
NAME = re.compile(r"`([a-z_]*:?homeostat_\w+(?::\w+)?)`")
MEASURED = re.compile(r":(ratio30d|mean30d|avg7d|delta7d)$|downtime_seconds:increase30d$")


def recorded(name: str) -> set[str]:
    groups = yaml.safe_load((ROOT / "alert-rules" / name).read_text(encoding="utf-8"))["groups"]
    return {rule["record"] for group in groups for rule in group["rules"]}


def rows() -> list[tuple[set[str], set[str], str]]:
    """Return the metrics of each row, what they are made of, and their target."""
    page = (ROOT / "docs/success.md").read_text(encoding="utf-8")
    return [(set(NAME.findall(metrics)), set(NAME.findall(sources)), target) for metrics, _, sources, target in ROW.findall(page)]


def test_every_success_metric_has_its_row_and_every_row_is_recorded() -> None:
    told = set().union(*(metrics for metrics, _, _ in rows()))
    assert {name for name in recorded("success.rules.yml") if MEASURED.search(name)} <= told
    assert told <= recorded("success.rules.yml") | recorded("history.rules.yml")


def test_every_row_says_what_it_is_made_of_and_what_to_aim_for() -> None:
    served = {line.split()[1] for line in (ROOT / "tests/rules/metrics.txt").read_text().splitlines() if line and not line.startswith("#")}
    assert len(rows()) == 10
    for metrics, sources, target in rows():
        assert sources, metrics
        assert sources <= served, metrics
        assert re.fullmatch(r"[<>] [\d.]+|rising|falling", target), metrics
