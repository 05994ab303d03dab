"""`homeostat observations` and `homeostat investigate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

SEEN = {
    "logs": {
        "looked_at": 1_780_000_000.0, "every_seconds": 60.0, "up": True, "reason": None,
        "troubles": [{"problem": "log_errors", "target": "web", "resource": "log", "confidence": 0.98, "severity": "warning", "words": "12 timeout of web\x1b[31m"}],
        "events": [{"at": 1_779_999_900.0, "target": "web", "kind": "errors", "words": "12 timeout of web"}],
        "metrics": [{"name": "log_errors_total", "value": 12.0, "labels": {"pattern": "timeout", "component": "web"}}, {"name": "log_lines_total", "value": 31_234_567.0, "labels": {}}, {"name": "seen_timestamp_seconds", "value": 1_779_999_900.0, "labels": {}}],
    },
    "backups": {"looked_at": None, "every_seconds": 600.0, "up": False, "reason": "no btrfs here", "troubles": [], "events": [], "metrics": []},
}  # fmt: skip
FOUND = {"words": ["It looks like port-conflict (90%).", "web cannot start\x07."], "markdown": "# web on h1\n\n- It looks like port-conflict (90%).\n"}


def test_the_observers_are_a_table_with_how_their_last_looks_went(town: Town) -> None:
    town.exporter["observations"] = Reply({"observers": SEEN})
    heading, backups, logs = town.run("observations").output.splitlines()
    assert heading.split() == ["observer", "sees", "looked", "at", "problems", "events", "metrics"]
    assert backups.split() == ["backups", "no:", "no", "btrfs", "here", "never", "0", "0", "0"]
    assert logs.split() == ["logs", "yes", "2026-05-28T20:26:40Z", "1", "1", "3"]


def test_one_observer_is_told_with_all_that_it_sees_in_printable_words(town: Town) -> None:
    town.exporter["observations"] = Reply({"observers": SEEN})
    assert town.run("observations", "logs").output.splitlines() == [
        "logs sees: yes; last looked at 2026-05-28T20:26:40Z",
        "  log_errors at web (warning, 98% sure): 12 timeout of web\\x1b[31m",
        "  2026-05-28T20:25:00Z errors at web: 12 timeout of web",
        "  homeostat_log_errors_total{pattern=timeout, component=web} 12",
        "  homeostat_log_lines_total 31234567",
        "  homeostat_seen_timestamp_seconds 2026-05-28T20:25:00Z",
    ]
    assert json.loads(town.run("observations", "logs", "--json").output) == SEEN["logs"]


def test_an_observer_that_there_is_not_is_told_with_those_that_there_are(town: Town) -> None:
    town.exporter["observations"] = Reply({"observers": SEEN})
    result = town.run("observations", "log")
    assert (result.exit_code, result.output) == (1, "Error: 'log' is no observer that is switched on; there are: backups, logs\n")


def test_an_investigation_is_told_in_sentences_or_as_markdown_or_json(town: Town) -> None:
    town.exporter["investigation"] = Reply(FOUND)
    assert town.run("investigate", "web").output == "It looks like port-conflict (90%).\nweb cannot start\\x07.\n"
    assert town.site.asked[-1].query == {"target": ["web"]}
    assert town.run("investigate", "web", "--markdown").output == FOUND["markdown"]
    assert json.loads(town.run("investigate", "web", "--json", "--last", "6h").output) == FOUND
    assert set(town.site.asked[-1].query) == {"target", "since"}


def test_a_target_that_is_not_configured_is_refused_in_the_exporters_words(town: Town) -> None:
    town.exporter["investigation"] = Reply({"error": "'nginx' is nothing that the configuration names; known: h1, web"}, 404)
    result = town.run("investigate", "nginx")
    assert (result.exit_code, result.output) == (1, "Error: 'nginx' is nothing that the configuration names; known: h1, web\n")
