"""What the pages tell of patterns, root causes and investigations is what there is."""

from __future__ import annotations

import json
import pathlib
import re

from exporter.investigation.known import known_patterns
from exporter.logbook.causes import known_rules
from exporter.logbook.patterns import written
from homeostat.config.observers import LogsObserver

DOCS = pathlib.Path(__file__).parents[3] / "docs"
OBSERVERS = DOCS.joinpath("observers.md").read_text(encoding="utf-8")
LOGS = OBSERVERS[OBSERVERS.index("## logs") :].split("\n## ")[0]


def test_every_pattern_stands_with_its_severity_and_how_many_are_enough() -> None:
    told = dict(re.findall(r"^- (critical|warning|informative)[^:]*: (.+)$", LOGS, re.MULTILINE))
    for name, pattern in written().items():
        words = f"`{name}`" + (f" ({pattern.enough})" if pattern.enough else "")
        assert words in told["informative" if pattern.severity == "info" else pattern.severity], name
    assert sum(line.count("`") for line in told.values()) == 2 * len(written())


def test_what_is_usual_in_the_configuration_and_how_many_rules_there_are_is_told() -> None:
    usual = LogsObserver()
    for words in (f"`enough` ({usual.enough})", f"`risk` ({usual.risk:.2f})", f"`most_lines` ({usual.most_lines})", f"`learns` ({usual.learns})", f"{len(known_rules())} rules"):
        assert words in LOGS, words


def test_every_known_pattern_stands_with_the_action_that_it_calls_for() -> None:
    page = DOCS.joinpath("investigation.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {each.sentence} | {f'`{each.action}`' if each.action else 'a person'} |" for name, each in known_patterns().items()]
    assert "\n".join(rows) in page


def test_what_a_look_costs_is_what_was_measured() -> None:
    measured = json.loads(DOCS.joinpath("bench/logs.json").read_text(encoding="utf-8"))
    full, quiet = measured["looks"]["ten minutes behind"], measured["looks"]["nothing new"]
    spent = full["gather_processor_seconds"] + full["read_processor_seconds"]
    assert f"{measured['journal_bytes'] / 1e6:.0f} MB" in LOGS
    assert f"{1000 * (quiet['gather_processor_seconds'] + quiet['read_processor_seconds']):.0f} ms of processor, and one that read {full['lines']} lines {spent:.2f} s" in LOGS
