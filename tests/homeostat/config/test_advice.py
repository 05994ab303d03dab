"""What is valid but surely not meant is told, each in one sentence with its key's path; what is meant is not."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from homeostat.config import Config, loads
from homeostat.config.advice import advise, log_advice, shut_for_ever
from homeostat.config.example import EXAMPLE
from tests.homeostat.test_time_intervals import at

if TYPE_CHECKING:
    import pathlib

NOW = at("2026-11-26 12:00")  # a Thursday


def read(text: str) -> Config:
    return loads(text, Config, "homeostat.yml")


def schedule(*entries: str, outside: str = "") -> str:
    return f"autonomy: {{{outside}schedule: [{', '.join(f'{{{entry}}}' for entry in entries)}]}}"


WEEKDAYS = "name: weekdays, level: conservative, max_actions_per_day: 5, when: [{weekdays: ['monday:friday'], location: Europe/Berlin}]"
SATURDAY = "name: saturday, level: aggressive, when: [{weekdays: [saturday], location: Europe/Berlin}]"
WEEKEND = "name: weekend, level: aggressive, when: [{weekdays: [saturday, sunday], location: Europe/Berlin}]"
NIGHTS = "name: nights, level: aggressive, when: [{times: [{start_time: '00:00', end_time: '06:00'}], location: Europe/Berlin}]"
CHRISTMAS = "name: christmas, level: conservative, when: [{months: [december]}]"
THIRTIETH = "windows: [{days_of_month: [30], months: [february]}]"

MEANT = {
    "nothing": "{}",
    "windows": "windows: [{weekdays: [sunday]}, {days_of_month: [31]}, {days_of_month: [29], months: [february]}]",
    "one entry and what stands outside it": schedule(WEEKEND),
    "the whole week": schedule(WEEKDAYS, WEEKEND),
    "an exception first": schedule(CHRISTMAS, WEEKDAYS, WEEKEND),
    "a schedule that meets the windows": schedule(WEEKEND) + "\nwindows: [{weekdays: [sunday]}]",
    "an entry beside all windows, through which what is critical may pass": schedule(WEEKEND) + "\nwindows: [{weekdays: [wednesday]}]\nlimits: {critical_passes: [window]}",
    "a quiet window that fits": "windows: [{times: [{start_time: '22:00', end_time: '24:00'}]}]\nexporter: {traffic: [{service: web, query: up, length: 2h}]}",
    "a ceiling that says it": "autonomy: {level: conservative, ceiling: propose}",
    "a mode that says it": "autonomy: {level: conservative, mode: interactive}",
    "what keeps the host alive, only to be watched": "services: {prometheus: {manager: systemd, unit: prometheus.service, auto_restart: false}}",
    "a threshold of an action": "autonomy: {actions: {disk-cleanup: {min_confidence: 0.8}}, require_approval_for: [service-restart]}",
}


@pytest.mark.parametrize("name", MEANT)
def test_of_what_may_well_be_meant_nothing_is_said(name: str) -> None:
    assert advise(read(MEANT[name]), NOW) == []


def test_of_backups_whose_room_is_watched_nothing_is_said() -> None:
    assert advise(read(f"{BACKUPS}\nexporter: {{targets: {{backup: {{filesystems: [{{mountpoint: /srv/backup, shared: true}}]}}}}}}"), NOW) == []


def test_nothing_is_said_of_the_sample_nor_of_the_defaults() -> None:
    assert advise(EXAMPLE, NOW) == advise(Config(), NOW) == []


BACKUPS = "filesystems: {/srv/backup: {}}\nbackups: {nightly: {sources: {data: /srv/data}, directory: /srv/backup, filesystem: /srv/backup}}"
UNMEANT = {
    "backups whose room nobody watches": (
        BACKUPS,
        ["backups: nothing sees when the backups on /srv/backup run out of room; name {mountpoint: /srv/backup} in exporter.targets.backup.filesystems"],
    ),
    "a service that keeps the host alive": (
        "services: {remote: {manager: systemd, unit: ssh.service}, web: {manager: systemd, unit: web.service}}",
        ["services.remote: 'ssh.service' is never touched, as it keeps the host reachable, watched or alive; say auto_restart: false where it is only to be watched"],
    ),
    "windows that never open": (THIRTIETH, ["windows: none opens within ten years, so nothing could ever be executed"]),
    "windows that are over": ("windows: [{years: ['2020:2025']}]", ["windows: none opens within ten years, so nothing could ever be executed"]),
    "windows that open much later": (
        "windows: [{days_of_month: [29], months: [february], location: Europe/Berlin}]",
        ["windows: none opens before Tuesday 2028-02-29 00:00 (Europe/Berlin), so nothing is executed within a year"],
    ),
    "one of them": ("windows: [{weekdays: [sunday]}, {days_of_month: ['30:31'], months: [february]}]", ["windows[1] never opens within ten years"]),
    # 02:15 does not come in that night, and there is no other one.
    "a time that the clocks leave out": (
        "windows: [{weekdays: [sunday]}, {times: [{start_time: '02:15', end_time: '02:45'}], days_of_month: [28], months: [march], years: [2027], location: Europe/Berlin}]",
        ["windows[1] never opens within ten years"],
    ),
    "a quiet window that never fits": (
        "windows: [{times: [{start_time: '22:00', end_time: '23:30'}]}]\nexporter: {traffic: [{service: web, query: up, length: 1h}, {service: db, query: up, length: 2h}]}",
        ["exporter.traffic[1].length: no maintenance window is as long as 2h, so db never has a quiet window"],
    ),
    "a hole": (
        schedule(WEEKDAYS, SATURDAY),
        ["autonomy.schedule: no entry holds from Sunday 2026-11-29 00:00 (Europe/Berlin) to Monday 2026-11-30 00:00 (Europe/Berlin); then it is level moderate with at most 10 actions a day"],
    ),
    "a hole of a minute": (
        schedule(
            "name: day, level: conservative, when: [{times: [{start_time: '06:00', end_time: '23:59'}]}]",
            "name: night, level: aggressive, when: [{times: [{start_time: '00:00', end_time: '06:00'}]}]",
            outside="level: aggressive, max_actions_per_day: 3, ",
        ),
        ["autonomy.schedule: no entry holds from Thursday 2026-11-26 23:59 (UTC) to Friday 2026-11-27 00:00 (UTC); then it is level aggressive with at most 3 actions a day"],
    ),
    "a hole of a minute beside one entry": (
        schedule("name: always, level: conservative, when: [{times: [{start_time: '00:00', end_time: '23:59'}], location: Europe/Berlin}]"),
        ["autonomy.schedule: no entry holds from Thursday 2026-11-26 23:59 (Europe/Berlin) to Friday 2026-11-27 00:00 (Europe/Berlin); then it is level moderate with at most 10 actions a day"],
    ),
    "an entry that never holds": (schedule("name: x, level: conservative, when: [{days_of_month: [30], months: [february]}]"), ["autonomy.schedule[0] (x): never holds within ten years"]),
    "an entry in the shade of others": (
        schedule(WEEKDAYS, WEEKEND, NIGHTS),
        ["autonomy.schedule[2] (nights): never comes into force, for whenever it is its time an entry before it holds"],
    ),
    "an entry that mostly another beats": (
        schedule(WEEKDAYS, NIGHTS, WEEKEND),
        ["autonomy.schedule[1] (nights): 71% of its time an entry before it holds, with another level; the first whose time it is wins"],
    ),
    "an entry beside all windows": (
        schedule(WEEKEND) + "\nwindows: [{weekdays: [wednesday]}]",
        ["autonomy.schedule[0] (weekend): no maintenance window is open while it holds, so nothing is executed under it"],
    ),
    "a level that a ceiling leaves nothing of": (
        "autonomy: {level: conservative, ceiling: notify-execute}",
        ["autonomy.level: level conservative under ceiling notify-execute leaves nothing that is executed unasked; ceiling propose says that more plainly"],
    ),
    "an entry whose level a ceiling leaves nothing of": (
        schedule(CHRISTMAS, outside="ceiling: notify-execute, "),
        ["autonomy.schedule[0] (christmas): level conservative under ceiling notify-execute leaves nothing that is executed unasked; ceiling propose says that more plainly"],
    ),
    "levels under a ceiling": (
        schedule(WEEKEND, outside="ceiling: propose, "),
        ["autonomy.schedule: its levels change nothing while autonomy.ceiling is propose, by which nothing is executed unasked"],
    ),
    "levels in mode interactive": (
        schedule(WEEKEND, outside="mode: interactive, "),
        ["autonomy.schedule: its levels change nothing while autonomy.mode is interactive, by which nothing is executed unasked"],
    ),
}


@pytest.mark.parametrize("name", UNMEANT)
def test_what_is_surely_not_meant_is_told(name: str) -> None:
    text, told = UNMEANT[name]
    assert advise(read(text), NOW) == told


def test_who_asks_in_the_middle_of_a_hole_is_told_of_a_whole_one() -> None:
    assert "from Sunday 2026-12-06 00:00" in advise(read(schedule(WEEKDAYS, SATURDAY)), at("2026-11-29 12:00"))[0]


@pytest.mark.parametrize(
    ("text", "shut"), [("{}", False), (THIRTIETH, True), ("windows: [{days_of_month: [29], months: [february]}]", False), (THIRTIETH[:-1] + ", {}]", False)]
)
def test_windows_are_shut_for_ever_only_where_none_opens_within_ten_years(text: str, shut: bool) -> None:
    assert shut_for_ever(read(text), NOW) is shut


def test_of_alertmanagers_intervals_it_is_said_that_they_are_its(tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "alertmanager.yml"
    theirs.write_text("time_intervals: [{name: x, time_intervals: [{weekdays: [sunday]}, {years: [2020]}]}]")
    said: dict[str, Any] = {"alertmanager": {"config_file": str(theirs), "time_intervals": ["x"]}}
    assert advise(read(yaml.safe_dump(said)), NOW) == ["alertmanager.time_intervals: one of them never opens within ten years"]


def test_it_is_logged_as_warnings(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_advice(read(THIRTIETH), NOW)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", "windows: none opens within ten years, so nothing could ever be executed")]


def test_it_takes_no_time_worth_mentioning() -> None:
    many = ", ".join(f"{{times: [{{start_time: '{hour:02}:10', end_time: '{hour:02}:50'}}], location: Europe/Berlin}}" for hour in range(24))
    text = f"{schedule(WEEKDAYS, NIGHTS, SATURDAY)}\nwindows: [{many}]\nexporter: {{traffic: [{{service: web, query: up, length: 1h}}]}}"
    began = time.process_time()
    assert len(advise(read(text), NOW)) == 3
    assert time.process_time() - began < 10
