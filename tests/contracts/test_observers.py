"""Every host observer can be switched in the configuration, and its metrics are part of the contract."""

from __future__ import annotations

import pathlib
import re

import msgspec

import exporter.observers
from exporter import sights
from exporter.collector import HELP
from exporter.observation import Observer
from homeostat.config.observers import Observers
from homeostat.discovery import discover

ROOT = pathlib.Path(__file__).parents[2]
OBSERVERS = discover(exporter.observers, "OBSERVER", Observer)


def test_every_observer_has_a_section_of_the_configuration() -> None:
    sections = {field.name.replace("_", "-") for field in msgspec.structs.fields(Observers)}
    assert set(OBSERVERS) <= sections


def test_every_metric_of_an_observer_is_listed_once_and_is_no_other_s() -> None:
    listed = [line.split()[1] for line in (ROOT / "tests/rules/metrics.txt").read_text().splitlines() if line.startswith("observer ")]
    told = [f"homeostat_{name}" for texts in (sights.HELP, *(observer.help for observer in OBSERVERS.values())) for name in texts]
    assert sorted(listed) == sorted(told)
    assert not set(told) & {f"homeostat_{name}" for name in HELP}


def test_every_observer_has_its_section_of_the_page_and_every_section_is_an_observer() -> None:
    page = (ROOT / "docs/observers.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^## ([a-z-]+)$", page, re.MULTILINE))
    assert sections == set(OBSERVERS)


def test_the_page_names_every_metric_of_an_observer() -> None:
    page = (ROOT / "docs/observers.md").read_text(encoding="utf-8")
    told = {f"homeostat_{name}" for observer in OBSERVERS.values() for name in observer.help}
    assert told <= set(re.findall(r"homeostat_\w+", page))
