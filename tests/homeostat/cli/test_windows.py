"""`homeostat windows`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

WINDOW = {
    "host": "h1", "target": "jellyfin", "timezone": "Europe/Berlin", "load_ratio": 0.034, "start": 1_764_295_200.0, "end": 1_764_297_000.0,
}  # fmt: skip


def test_windows_are_told_in_the_services_own_time_in_the_order_of_the_exporter(town: Town) -> None:
    town.windows = Reply({"windows": [WINDOW, WINDOW | {"start": 1_764_381_600.0, "end": 1_764_383_400.0, "load_ratio": 0.5}]})
    result = town.run("windows", "--next", "30d", "--service", "jellyfin", "--length", "30m")
    assert result.exit_code == 0
    first, second = result.output.splitlines()[1:]
    assert first.split() == ["jellyfin", "h1", "Fri", "2025-11-28", "03:00", "03:30", "Europe/Berlin", "3%", "of", "the", "busiest", "hour"]
    assert "Sat 2025-11-29 03:00" in second
    [asked] = [asked for asked in town.site.asked if asked.path == "/api/v1/windows"]
    assert asked.query == {"next": ["2592000.0"], "service": ["jellyfin"], "length": ["1800.0"]}
    assert "Authorization" not in asked.headers, "the exporter on loopback asks for no token, so it hears none"


def test_without_flags_every_service_is_asked_for_a_week_ahead(town: Town) -> None:
    town.windows = Reply({"windows": [WINDOW]})
    assert json.loads(town.run("windows", "--json").output) == [WINDOW]
    [asked] = town.site.asked
    assert asked.query == {"next": ["604800.0"]}


def test_no_window_is_told_in_words(town: Town) -> None:
    town.windows = Reply({"windows": []})
    result = town.run("windows")
    assert (result.exit_code, "There is none: no maintenance window is long enough" in result.output) == (0, True)


def test_what_the_exporter_refuses_is_one_line(town: Town) -> None:
    town.windows = Reply({"error": "no traffic is known of web; exporter.traffic names a query for each"}, 404)
    result = town.run("windows", "--service", "web")
    assert result.exit_code == 1
    assert "Error: no traffic is known of web; exporter.traffic names a query for each" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_length_that_is_no_duration_is_a_usage_error(town: Town) -> None:
    assert town.run("windows", "--length", "half an hour").exit_code == 2


def test_an_exporter_that_does_not_answer_is_one_line(town: Town) -> None:
    town.configure(exporter={"url": "http://127.0.0.1:9"})
    result = town.run("windows")
    assert (result.exit_code, "is the daemon running?" in result.output) == (1, True)
