"""The doctor's look at the configuration: every text that it stands in has been read, and means what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from homeostat.clock import SystemClock
from homeostat.config import Config, load
from homeostat.doctor.examination import CHECKS, examine
from homeostat.doctor.model import Subject
from homeostat.doors import open_doors
from tests.httpd import Asked, Reply, serving

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


class Site:
    """Homeostat's file, Alertmanager's, and a Prometheus that knows when each daemon has read them."""

    def __init__(self, folder: pathlib.Path, url: str) -> None:
        self.ours, self.theirs, self.url = folder / "homeostat.yml", folder / "alertmanager.yml", url
        self.theirs.write_text("time_intervals: [{name: sundays, time_intervals: [{weekdays: [sunday]}]}]")

    def write(self, text: str) -> None:
        self.ours.write_text(f"host: h1\nprometheus: {{url: '{self.url}'}}\n{text}")

    def said(self) -> list[str]:
        doors = open_doors(load(self.ours, Config), lambda path: None)
        (checked,) = examine(Subject(doors, self.ours), {"configuration": CHECKS["configuration"]})
        return [f"{finding.result}: {finding.seen}".replace(str(self.ours.parent), "") for finding in checked.findings]


@pytest.fixture
def read_at() -> dict[str, float]:
    # As of now: since the tests were collected, minutes may have passed.
    return dict.fromkeys(("actor", "exporter"), SystemClock().now() + 1000)


@pytest.fixture
def site(tmp_path: pathlib.Path, read_at: dict[str, float]) -> Iterator[Site]:
    def answer(asked: Asked) -> Reply:
        values = read_at if "timestamp" in asked.form["query"] else dict.fromkeys(read_at, 1.0)
        rows = [{"metric": {"host": "h1", "daemon": daemon}, "value": [SystemClock().now(), str(value)]} for daemon, value in values.items()]
        return Reply({"status": "success", "data": {"resultType": "vector", "result": rows}})

    with serving(answer) as served:
        yield Site(tmp_path, served.url)


SHARED = "alertmanager: {{config_file: {}, time_intervals: [sundays]}}"


def test_what_was_read_since_it_was_written_is_well(site: Site) -> None:
    site.write(SHARED.format(site.theirs))
    assert site.said() == ["passed: /homeostat.yml is valid, and in force in the actor and the exporter"]


def test_windows_that_were_changed_in_alertmanagers_file_must_be_read_anew(site: Site, read_at: dict[str, float]) -> None:
    site.write(SHARED.format(site.theirs))
    read_at["actor"] = site.ours.stat().st_ctime
    while site.theirs.stat().st_ctime <= read_at["actor"]:
        site.theirs.touch()
    (said,) = site.said()
    assert said.startswith("warned: /alertmanager.yml was changed at ")
    assert ", and the actor has read it last at " in said


def test_what_prometheus_knows_nothing_of_is_not_well(site: Site, read_at: dict[str, float]) -> None:
    site.write("")
    read_at.clear()
    assert site.said() == ["warned: Prometheus does not tell when the actor read the configuration"]


def test_what_is_valid_but_surely_not_meant_is_a_warning(site: Site) -> None:
    site.write("windows: [{days_of_month: [30], months: [february]}]")
    assert site.said() == ["warned: windows: none opens within ten years, so nothing could ever be executed"]
