"""`homeostat forecast`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

DAY = 86400.0
DISK: dict[str, Any] = {
    "problem": "disk_exhaustion", "host": "h1", "target": "/srv", "resource": "filesystem", "unit": "bytes", "limit": 1e11, "direction": "down",
    "value": 2.5e11, "usage_ratio": 0.833, "age_seconds": 12.0, "asserted": True, "assertion": {"confidence": 0.93, "severity": "warning"}, "why_not": None, "reason": None, "explanation": "It fills by 40 GB a day.", "since": 1.0,
    "action_horizon_seconds": 14 * DAY, "time_to_limit_seconds": {"lower": 2 * DAY, "median": 3.7 * DAY, "upper": None},
    "probabilities": {"24h": 0.01, "7d": 0.8, "14d": 0.93}, "slope_per_second": {"lower": 4e5, "median": 463_000.0, "upper": 6e5},
    "leak": None,
    "curve": {"ahead_seconds": [0.0, 15 * DAY, 30 * DAY], "lower": [2.4e11, 1e11, 0.0], "median": [2.5e11, 1.8e11, 1e11], "upper": [2.6e11, 2.5e11, 2.4e11]},
}  # fmt: skip
NONE = {
    **DISK, "asserted": False, "assertion": None, "why_not": "there is no forecast", "target": "jellyfin", "resource": "memory", "problem": "memory_leak", "reason": "not_enough_data", "explanation": "3 samples, 20 are needed.",
    "time_to_limit_seconds": {"lower": None, "median": None, "upper": None}, "probabilities": {},
    "slope_per_second": {"lower": None, "median": None, "upper": None}, "curve": {"ahead_seconds": [], "lower": [], "median": [], "upper": []},
}  # fmt: skip


# The band's two edges and its shade, the median, and the limit as dashes.
PICTURE = """\
260 GB │⠭⠭⣍⣉⣉⣉⠍⠉⠉⠉⠍⠉⠓⠒⠖⠒⠒⠒⠖⠒⠒⠒⠖⠒⠒⠒⠖⠒⠒⠒⠖⠒⠒⠒⠦⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⢄⣄⣀⣀⣀⣄⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡀
       │⠉⠒⠒⠤⠥⣀⡍⠉⠉⠉⠖⠒⠓⠢⠤⠤⠥⢄⣄⣀⣁⡀⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠉⠉⠍⠉⠉⠉⠍⠉⠉⠉⠍⠉
       │┊     ⠈⠉⠑⠒⠢⠤⣁⣀⠄ ⠁ ⠄ ⠁⠈⠍⠉⠉⠒⠖⠒⠓⠤⠤⠤⠥⣀⣄⣀⡁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
       │┊             ⠉⠉⠓⠢⠤⢄⣁⡀⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠉⠉⠍⠉⠑⠒⠖⠒⠣⠤⠤⠤⣁⣀⣄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
       │┊                    ⠈⠉⠑⠓⠤⠤⣀⣁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄⠉⠉⠉⠖⠒⠓⠤⠤⠤⣁⣀⣄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
       │┊                            ⠉⠑⠒⠣⠤⢄⣀⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄⠉⠉⠉⠖⠒⠓⠤⠤⠤⣁⣀⣄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
130 GB │┊                                   ⠉⠉⠒⠒⠥⢄⣄⡀⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄⠉⠉⠉⠖⠒⠓⠤⠤⠤⣁⣀⣄ ⠁ ⠄
       │⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠂⠒⠊⠛⠓⠒⠢⠷⠦⣖⣂⡓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠂⠓⠂⠖⠋⠛⠋⠖⠒
       │┊                                                   ⠈⠉⠉⠒⠓⠢⠤⠤⣁⣀⡄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
       │┊                                                             ⠈⠉⠉⠒⠒⠢⠥⠤⢄⣀⣁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄ ⠁ ⠄
       │┊                                                                        ⠉⠉⠑⠓⠒⠤⠤⢅⣀⣄ ⠁ ⠄ ⠁ ⠄
   0 B │┊                                                                                  ⠉⠉⠑⠒⠒⠥⠤⢄⣀
        now                                                                                   in 30d
""".splitlines()


def brief(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "curve"}


def test_what_runs_out_first_is_a_table_with_a_reason_where_there_is_no_forecast(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [brief(DISK), brief(NONE)], "total": 7})
    result = town.run("forecast", "--host", "h1", "--most", "2")
    assert result.exit_code == 0
    heading, disk, none, more = result.output.splitlines()
    assert heading.split()[:5] == ["target", "resource", "host", "problem", "used"]
    assert disk.split() == ["/srv", "filesystem", "h1", "disk_exhaustion", "83%", "3.7", "d", "2", "d", "to", "never", "93%", "in", "14d", "+40", "GB"]
    assert "no forecast: not_enough_data" in none
    assert more == "and 5 more; --most says how many are shown"
    assert town.site.asked[-1].query == {"host": ["h1"], "limit": ["2"]}


def test_a_target_is_asked_for_by_its_name(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [DISK]})
    assert "3.7 d" in town.run("forecast", "/srv").output
    assert town.site.asked[-1].query == {"target": ["/srv"]}


def test_an_explanation_comes_with_its_evidence_and_a_picture(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [DISK]})
    assert town.run("forecast", "/srv", "--explain").output.splitlines() == [
        "disk_exhaustion filesystem /srv on h1",
        "  It fills by 40 GB a day.",
        "  the problem is asserted with 93% confidence, warning",
        "  now 250 GB, limit 100 GB going down, 83% used, seen 12 s ago",
        "  time to limit 3.7 d, 90 % interval 2 d to never",
        "  reached within 24h 1%, 7d 80%, 14d 93%",
        "  growth a day +40 GB, 90 % interval +34.6 GB to +51.8 GB",
        "",
        "/srv, filesystem: what is expected, with its 90 % band, the limit of 100 GB dashed",
        *PICTURE,
    ]


def test_without_a_forecast_the_explanation_says_why_and_draws_nothing(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [NONE]})
    output = town.run("forecast", "jellyfin", "--explain").output
    assert "3 samples, 20 are needed." in output
    assert "no problem is asserted: there is no forecast" in output
    assert "time to limit" not in output


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [("ratio", 0.25, "25 %"), ("count", 1234.0, "1.23 k"), ("count", 999.9, "1 k"), ("count", 999.4, "999"), ("seconds", 90.0, "1.5 min"), ("bytes", 9e20, "9e+05 PB"), ("count", -5.0, "-5")],
)
def test_amounts_are_told_in_their_unit(town: Town, unit: str, value: float, said: str) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [{**DISK, "unit": unit, "value": value, "limit": None}]})
    assert f"  now {said}, 83% used" in town.run("forecast", "/srv", "--explain").output


def test_a_flat_curve_is_drawn_too(town: Town) -> None:
    level = {"ahead_seconds": [0.0, 60.0], **{key: [5.0, 5.0] for key in ("lower", "median", "upper")}}
    town.exporter["forecast"] = Reply({"forecasts": [{**DISK, "limit": None, "curve": level}]})
    assert "  5 B │⠉⠉⠉⠉" in town.run("forecast", "/srv", "--explain").output


def test_a_leak_and_an_unknown_use_are_told(town: Town) -> None:
    entry = {**DISK, "leak": {"confidence": 0.91, "slope_per_second": 1.0}, "usage_ratio": None}
    town.exporter["forecast"] = Reply({"forecasts": [entry]})
    output = town.run("forecast", "/srv", "--explain").output
    assert "a leak with 91% confidence" in output
    assert "unknown used" in output


def test_json_is_what_the_exporter_answers(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [DISK]})
    assert json.loads(town.run("forecast", "/srv", "--json").output) == {"forecasts": [DISK]}


def test_json_holds_no_control_characters_of_a_terminal(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [{**DISK, "target": "/\x9b31m\x1b[31m"}]})
    assert "/\\u009b31m\\u001b[31m" in town.run("forecast", "/srv", "--json").output


def test_nothing_to_forecast_is_told_in_words(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [], "total": 0})
    assert "Nothing is forecast: are targets configured" in town.run("forecast").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forecast", "/sv"), "no target '/sv' is forecast now; did you mean '/srv' on h1?"),
        (("forecast", "--explain"), "name the TARGET that is to be explained"),
        (("forecast", "--most", "0"), "0 is not in the range"),
        (("forecast", "--limit", "90%"), "write homeostat forecast QUERY --limit 90%"),
        (("forecast", "up", "--limit", "much"), "'much' is no limit; write a number, 90% or 250GB"),
        (("forecast", "up", "--direction", "down"), "say the limit too"),
    ],
)
def test_what_cannot_be_answered_is_one_line(town: Town, arguments: tuple[str, ...], said: str) -> None:
    town.exporter["forecast"] = Reply({"error": "no target '/sv' is forecast now; did you mean '/srv' on h1?"}, 404)
    result = town.run(*arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_an_exporter_that_is_down_is_one_line(town: Town) -> None:
    town.configure(exporter={"url": "http://127.0.0.1:1"})
    result = town.run("forecast")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1 gave no answer" in result.output


def test_a_hostile_target_does_not_steer_the_terminal(town: Town) -> None:
    town.exporter["forecast"] = Reply({"forecasts": [{**DISK, "target": "\x1b[2J", "explanation": "\x1b[31m"}], "total": 1})
    for arguments in (("forecast",), ("forecast", "x", "--explain")):
        assert "\x1b" not in town.run(*arguments).output
