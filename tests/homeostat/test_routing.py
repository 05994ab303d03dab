"""The route tree gives every alert to the receivers that Alertmanager gives it to, whatever the spelling."""

from __future__ import annotations

import itertools
import random
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeostat.alertmanager import Alertmanager, Matcher
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from homeostat.routing import RoutingError, parse_matchers, parse_routes
from tests.integration.stack import start_alertmanager, wait_for

if TYPE_CHECKING:
    import pathlib

RECEIVERS = ["pager", "mail", "chat", "nobody"]
VALUES = ["", "a", "A", "ab", "a b", 'a"b', "a\\b", "a,b", "on", "0x10", "a\nb", "ä", "3", "٣"]
PATTERNS = ["a.*", "a|b", "a|", ".+", "", "[ab]+", "(?i)A", "a.b", "^a$", r"a\\b", r"\d", r"\w+", "b", "Ä|x", "(?i)Ä", "a{1,2}b?"]
NAMES = ["x", "y", "severity"]


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def line(name: str, sign: str, value: str, bare: bool, space: str) -> str:
    is_plain = bare and not set(value) & set('",\\\n ')
    return f"{name}{space}{sign}{space}{value if is_plain else quoted(value)}"


SPACES = st.sampled_from(["", " "])
LINES = st.one_of(
    st.builds(line, st.sampled_from(NAMES), st.sampled_from(["=", "!="]), st.sampled_from(VALUES), st.booleans(), SPACES),
    st.builds(line, st.sampled_from(NAMES), st.sampled_from(["=~", "!~"]), st.sampled_from(PATTERNS), st.booleans(), SPACES),
)
SEVERAL = st.one_of(LINES, st.lists(LINES, min_size=2, max_size=3).map(", ".join), LINES.map(lambda one: f"{{{one}}}"))


def nodes(children: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "receiver": st.sampled_from(RECEIVERS),
            "matchers": st.lists(SEVERAL, max_size=2),
            "match": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=2),
            "match_re": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(PATTERNS), max_size=2),
            "continue": st.booleans(),
            "routes": children,
        },
    )


TREES = st.recursive(st.just([]), lambda children: st.lists(nodes(children), max_size=4), max_leaves=12)
LABELS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES))


def config(routes: list[dict[str, Any]]) -> str:
    return yaml.safe_dump({"route": {"receiver": "mail", "routes": routes}, "receivers": [{"name": name} for name in RECEIVERS]}, allow_unicode=True)


def amtool_receivers(file: pathlib.Path, labels: dict[str, str]) -> list[str]:
    argv = ["amtool", "config", "routes", "test", f"--config.file={file}", *(f"{name}={quoted(value)}" for name, value in labels.items())]
    tested = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    return tested.stdout.splitlines()[-1].split(",")


@settings(max_examples=100)
@example(routes=[{"receiver": "chat", "matchers": ['x=~"a.b"']}], several=[{"x": "a\nb"}])
@example(routes=[{"receiver": "chat", "match_re": {"x": r"\d"}}], several=[{"x": "٣"}, {"x": "3"}])
@example(routes=[{"receiver": "chat", "match_re": {"x": "(?i)Ä"}}], several=[{"x": "ä"}])
@example(routes=[{"receiver": "chat", "match": {"x": "on", "y": "0x10"}, "continue": True}], several=[{"x": "on", "y": "0x10"}])
@given(routes=TREES, several=st.lists(LABELS, min_size=1, max_size=3))
def test_every_alert_goes_to_the_receivers_that_amtool_names(tmp_path_factory: pytest.TempPathFactory, routes: list[dict[str, Any]], several: list[dict[str, str]]) -> None:
    file = tmp_path_factory.mktemp("amtool") / "alertmanager.yml"
    file.write_text(config(routes))
    routing = parse_routes(file.read_text())
    for labels in several:
        assert list(routing.receivers(labels)) == amtool_receivers(file, labels)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("severity=critical", [Matcher("severity", "critical")]),
        ("{ severity = critical }", [Matcher("severity", "critical")]),
        ('a="b, c", d!~"e|f"', [Matcher("a", "b, c"), Matcher("d", "e|f", is_regex=True, is_equal=False)]),
        (r'a=~"b\\.c\"\n\d"', [Matcher("a", 'b\\.c"\n\\d', is_regex=True)]),
        ("a=", [Matcher("a", "")]),
        ('"größe.cm"=~"1.+"', [Matcher("größe.cm", "1.+", is_regex=True)]),
    ],
)
def test_matchers_are_read_in_every_spelling(written: str, meant: list[Matcher]) -> None:
    assert list(parse_matchers(written)) == meant


@pytest.mark.parametrize("written", ["severity", "=critical", 'a="b', 'a="b"c', 'a=b"c'])
def test_what_is_no_matcher_is_refused_as_alertmanager_refuses_it(tmp_path: pathlib.Path, written: str) -> None:
    (tmp_path / "alertmanager.yml").write_text(config([{"matchers": [written]}]))
    assert subprocess.run(["amtool", "check-config", tmp_path / "alertmanager.yml"], capture_output=True, check=False).returncode != 0
    with pytest.raises(ValueError, match=r"no matcher|a quote too"):
        parse_matchers(written)


TREE = """
route:
  receiver: mail
  routes:
    - receiver: pager
      match: {severity: critical}
    - receiver: chat
      matchers: [alertname=~"Homeostat.+"]
      continue: true
    - receiver: actor
      matchers: [alertname="HomeostatPropose"]
      mute_time_intervals: [nights]
    - {receiver: actor, active_time_intervals: [nights], match: {team: night}}
receivers:
  - {name: mail, email_configs: [{to: a@example.org}], of_the_future: 1}
  - {name: pager}
  - {name: chat, slack_configs: [{api_url: http://example.org}]}
  - {name: actor, webhook_configs: [{url: http://127.0.0.1:9922/webhook}, {url: http://127.0.0.1:1}]}
time_intervals:
  - name: nights
    time_intervals: [{times: [{start_time: 00:00, end_time: 06:00}], weekdays: ['monday:friday']}]
unknown: {key: 1}
"""
MONDAY = 4 * 86400
HOUR = 3600


def test_it_says_which_route_takes_an_alert_away_from_a_receiver() -> None:
    routing = parse_routes(TREE)
    assert routing.shadow({"alertname": "HomeostatPropose"}, "actor") is None
    assert str(routing.shadow({"alertname": "HomeostatPropose", "severity": "critical"}, "actor")) == '{severity="critical"} -> pager'
    assert routing.shadow({"alertname": "HomeostatPropose", "severity": "critical"}, "nobody") is None
    assert routing.shadow({"alertname": "Other"}, "actor") is None


def test_it_knows_the_addresses_of_webhooks() -> None:
    routing = parse_routes(TREE)
    assert routing.webhooks["actor"] == ("http://127.0.0.1:9922/webhook", "http://127.0.0.1:1")
    assert not routing.webhooks.get("mail")


def test_it_knows_when_a_route_keeps_quiet() -> None:
    routing = parse_routes(TREE)
    muted, awake = routing.root.routes[2:]
    assert [routing.silent(muted, MONDAY + hour * HOUR) for hour in (5, 6)] == [True, False]
    assert [routing.silent(awake, MONDAY + hour * HOUR) for hour in (5, 6)] == [False, True]
    assert not routing.silent(routing.root, MONDAY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no configuration of Alertmanager's: Expected `object`, got `null`"),
        ("receivers: []", "missing required field `route`"),
        ("route: [", "line 1: no valid YAML"),
        ("route:\n\treceiver: x", "line 2: no valid YAML"),
        ("route: {receiver: x}", "which? names a receiver that is not there; there are: none"),
        ("route: {receiver: x, mute_time_intervals: [z]}\nreceivers: [{name: x}]", "names the time interval 'z', which is not there"),
        ("route: {receiver: x, routes: [{matchers: [nonsense]}]}\nreceivers: [{name: x}]", "'nonsense' is no matcher"),
        ("route: {receiver: x, routes: 3}\nreceivers: [{name: x}]", "Expected `array"),
        ("route: " + "{routes: [" * 500 + "]}" * 500, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(RoutingError, match=told.replace("which? ", "")) as error:
        parse_routes(text)
    assert "\n" not in str(error.value)


@pytest.mark.integration
def test_what_a_running_alertmanager_tells_of_its_configuration_reads_as_its_file_does(tmp_path: pathlib.Path) -> None:
    written = yaml.safe_load(TREE)
    del written["unknown"], written["receivers"][0]["of_the_future"]
    written["receivers"][0]["email_configs"][0] |= {"from": "b@example.org", "smarthost": "localhost:25"}
    written["time_intervals"][0]["time_intervals"][0] |= {
        "times": [{"start_time": "00:00", "end_time": "06:00"}], "months": ["1:3"], "days_of_month": ["1:-1"], "years": ["1970"], "location": "Europe/Berlin",
    }  # fmt: skip
    with start_alertmanager(tmp_path / "alertmanager", written) as running:
        told = Alertmanager(AlertmanagerConfig(url=running.url)).configuration()
    assert parse_routes(told) == parse_routes((tmp_path / "alertmanager/alertmanager.yml").read_text())


def by_words(labels: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(labels.items())


RULES = """
route: {receiver: x}
receivers: [{name: x}]
inhibit_rules:
  - {source_match: {severity: critical}, target_match_re: {severity: "warning|info"}, equal: [alertname, cluster]}
  - {source_matchers: [alertname="Down"], target_matchers: [alertname!="Up"], equal: [host]}
  - {source_matchers: [alertname=~"U.+"], target_matchers: [alertname=~"U.+", severity="info"]}
"""


@pytest.mark.integration
def test_an_alert_is_muted_by_the_inhibit_rules_as_in_a_running_alertmanager(tmp_path: pathlib.Path) -> None:
    rules = parse_routes(RULES).inhibit_rules
    combined = itertools.product(["Down", "Up", "Under"], ["critical", "warning", "info"], ["a", "b"])
    drawn = random.Random(3).sample([{"alertname": name, "severity": severity, "host": host} for name, severity, host in combined], 12)
    expected = [labels for labels in drawn if any(rule.mutes(labels, other) for rule in rules for other in drawn)]
    assert 0 < len(expected) < len(drawn)
    with start_alertmanager(tmp_path / "alertmanager", yaml.safe_load(RULES)) as running:
        requests.post(f"{running.url}/api/v2/alerts", json=[{"labels": labels} for labels in drawn], timeout=5).raise_for_status()

        def muted() -> list[dict[str, str]]:
            told = requests.get(f"{running.url}/api/v2/alerts", timeout=5).json()
            return [alert["labels"] for alert in told if alert["status"]["inhibitedBy"]]

        wait_for(f"these to be muted: {expected}", lambda: sorted(muted(), key=by_words) == sorted(expected, key=by_words))
