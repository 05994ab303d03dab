"""Maintenance windows from Alertmanager's own file: one text for both, and a fault in it is told with its file and line."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.load import Loads, refresh
from homeostat.config import Config, ConfigError, load
from homeostat.time_intervals import active
from tests.actor.gates.situations import ask, config, situation
from tests.homeostat.test_time_intervals import INTERVALS, MOMENTS, as_alertmanager_says, at

if TYPE_CHECKING:
    import pathlib

ALERTMANAGER = """global: {smtp_smarthost: mail:25, smtp_from: a@b}
route:
  receiver: people
  routes:
  - {receiver: people, matchers: [team="night"], active_time_intervals: [night]}
receivers:
- name: people
time_intervals:
- name: night
  time_intervals:
  - times: [{start_time: 22:00, end_time: 24:00}, {start_time: 00:00, end_time: '06:00'}]
    location: Europe/Berlin
- name: first-days
  time_intervals:
  - days_of_month: ['1:7']
    months: [january:march, 8]
mute_time_intervals:
- name: weekends
  time_intervals:
  - weekdays: ['saturday', sunday]
- name: 2027
  time_intervals:
  - years: [2027]
"""


class Files:
    """Homeostat's configuration beside Alertmanager's."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.ours, self.theirs = folder / "homeostat.yml", folder / "alertmanager.yml"

    def read(self, theirs: str, names: Any, **ours: Any) -> Config:
        self.theirs.write_text(theirs, encoding="utf-8")
        said = {"alertmanager": {"config_file": str(self.theirs), "time_intervals": names}, **ours}
        self.ours.write_text(yaml.safe_dump(said, sort_keys=False), encoding="utf-8")
        return load(self.ours, Config)

    def fault(self, theirs: str, names: Any) -> str:
        with pytest.raises(ConfigError) as error:
            self.read(theirs, names)
        assert len(str(error.value).splitlines()) == 1
        return str(error.value)


@pytest.fixture
def files(tmp_path: pathlib.Path) -> Files:
    return Files(tmp_path)


def test_named_intervals_of_both_keys_are_windows_beside_our_own(files: Files) -> None:
    own = {"times": [{"start_time": "12:00", "end_time": "13:00"}]}
    windows = files.read(ALERTMANAGER, ["night", "weekends", "2027"], windows=[own]).windows
    assert len(windows) == 4
    moments = {"2026-01-09 12:30": True, "2026-01-09 13:00": False, "2026-01-09 21:00": True, "2026-01-10 15:00": True, "2027-06-01 15:00": True, "2026-01-02 15:00": False}
    assert {moment: active(windows, at(moment)) for moment in moments} == moments


def test_the_file_alone_makes_no_window(files: Files) -> None:
    assert files.read(ALERTMANAGER, []).windows == ()


def test_alertmanager_accepts_the_very_text(files: Files) -> None:
    files.read(ALERTMANAGER, ["night"])
    checked = subprocess.run(["amtool", "check-config", str(files.theirs)], capture_output=True, check=False, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_gate_and_quiet_windows_see_the_same(files: Files) -> None:
    read = files.read(ALERTMANAGER, ["weekends"])
    # It is a Tuesday.
    settings = config(windows=[yaml.safe_load("{weekdays: [saturday, sunday]}")])
    shared = config().__class__(**{name: getattr(settings, name) for name in settings.__struct_fields__} | {"windows": read.windows})
    assert ask("window", situation(settings=shared)) == ask("window", situation(settings=settings))
    assert ask("window", situation(settings=shared))[0] == "defer"
    assert refresh(None, read, Loads(), 0.0).allowed == read.windows  # type: ignore[arg-type]  # it asks for no traffic


@given(st.lists(INTERVALS, min_size=1, max_size=3), MOMENTS)
@settings(max_examples=60, deadline=None)
def test_whatever_stands_there_means_what_it_means_to_alertmanager(tmp_path_factory: pytest.TempPathFactory, intervals: list[dict[str, Any]], moment: int) -> None:
    theirs = yaml.safe_dump({"time_intervals": [{"name": "it", "time_intervals": intervals}]})
    windows = Files(tmp_path_factory.mktemp("files")).read(theirs, ["it"]).windows
    assert active(windows, moment) == any(as_alertmanager_says(interval, moment) for interval in intervals)


def named(text: str) -> str:
    return f"route: {{receiver: r}}\nreceivers: [{{name: r}}]\ntime_intervals:\n- name: it\n  time_intervals: {text}\n"


# Alertmanager refuses each of these texts too.
REFUSED = {
    "no time of day": (named("[{times: [{start_time: '9:00', end_time: '10:00'}]}]"), "5: time_intervals[0].time_intervals[0].times[0]: '9:00' is no time of day"),
    "a weekday": (named("[{weekdays: [caturday]}]"), "5: time_intervals[0].time_intervals[0]: 'caturday' is no weekday"),
    "days backwards": (named("[{days_of_month: ['-1:-5']}]"), "5: time_intervals[0].time_intervals[0]: '-1:-5' ends before it starts"),
    "a zone": (named("[{location: Berlin}]"), "5: time_intervals[0].time_intervals[0]: 'Berlin' is no time zone"),
    "an unknown key": (named("[{day: [1]}]"), "5: time_intervals[0].time_intervals[0].day: unknown key; known here: days_of_month, location"),
    "two of one name": (
        named("[{}]") + "mute_time_intervals:\n- {name: it, time_intervals: [{}]}\n",
        "7: mute_time_intervals[0].name: two time intervals have the name 'it', which Alertmanager refuses too",
    ),
    "no YAML": (named("[{}]") + "}", "6: no valid YAML"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_alertmanager_would_refuse_is_told_with_its_file_and_line(files: Files, name: str) -> None:
    text, told = REFUSED[name]
    assert files.fault(text, ["it"]).startswith(f"{files.theirs}:{told}")
    assert subprocess.run(["amtool", "check-config", str(files.theirs)], capture_output=True, check=False).returncode != 0


STRICTER = {
    "no time at all": (named("[]"), "4: time_intervals[0]: it names no time at all, so it would be no maintenance window"),
    "a month that never comes": (named("[{months: [13]}]"), "5: time_intervals[0].time_intervals[0]: 13 is no month"),
}


@pytest.mark.parametrize("name", STRICTER)
def test_what_alertmanager_accepts_but_would_be_no_window_is_refused_too(files: Files, name: str) -> None:
    text, told = STRICTER[name]
    assert files.fault(text, ["it"]).startswith(f"{files.theirs}:{told}")


def test_an_unknown_name_is_told_where_it_is_written_with_the_known_ones(files: Files) -> None:
    told = files.fault(ALERTMANAGER, ["night", "nihgt"])
    assert told == f"{files.ours}:5: alertmanager.time_intervals[1]: {files.theirs} has no time interval 'nihgt'; it has: night, first-days, weekends, 2027"
    assert files.fault("route: {}\ntime_intervals:\n", ["night"]).endswith("it has: none")


def test_a_file_that_cannot_be_read_is_told(files: Files) -> None:
    files.read(ALERTMANAGER, ["night"])
    files.theirs.unlink()
    with pytest.raises(ConfigError, match=f"^{files.theirs}: cannot be read: No such file or directory$"):
        load(files.ours, Config)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alertmanager: {time_intervals: [night]}", "1: alertmanager: time_intervals needs config_file, in which Alertmanager has them"),
        ("alertmanager: {config_file: alertmanager.yml}", "1: alertmanager: config_file 'alertmanager.yml' must be an absolute path"),
    ],
)
def test_names_need_a_file_and_the_file_a_place(files: Files, text: str, told: str) -> None:
    files.ours.write_text(text)
    with pytest.raises(ConfigError) as error:
        load(files.ours, Config)
    assert str(error.value).startswith(f"{files.ours}:{told}")
