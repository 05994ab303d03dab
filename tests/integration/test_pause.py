"""Pauses and silences in a real Alertmanager: what each mutes, what it never mutes, and how `homeostat` tells it."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.alertmanager import Alertmanager, PostedAlert
from homeostat.cli.__main__ import main
from homeostat.clock import SystemClock, rfc3339
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from tests.integration import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

pytestmark = pytest.mark.integration

NOBODY = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip)
NUMBERS = itertools.count()
PEOPLES = ("HomeostatProblem", "HomeostatUndecided", "HomeostatProposal", "HomeostatOutcome", "HomeostatWatchdog", "HostDown")
FIXED = {"host": "h1", "severity": "warning"}


@dataclasses.dataclass
class Desk:
    """A real Alertmanager, and the CLI of a host that it serves."""

    folder: pathlib.Path
    url: str

    @property
    def door(self) -> Alertmanager:
        return Alertmanager(AlertmanagerConfig(url=self.url))

    def run(self, *arguments: str, host: str = "h1", services: tuple[str, ...] = ("web", "jellyfin")) -> Result:
        """Run `homeostat` on a host with these services; its actor, exporter and Prometheus do not answer."""
        nowhere = {"url": "http://127.0.0.1:9", "timeout": "1s"}
        config = {
            "host": host, "alertmanager": {"url": self.url}, "prometheus": nowhere, "links": {"console": nowhere["url"]}, "exporter": {"url": nowhere["url"]},
            "actor": {"state_directory": str(self.folder)}, "services": {name: {"manager": "podman", "unit": "x"} for name in services},
        }  # fmt: skip
        path = self.folder / "homeostat.yml"
        path.write_text(yaml.safe_dump(config))
        return CliRunner().invoke(main, ["--config.file", str(path), *arguments])

    def amtool(self, *arguments: str) -> str:
        """Do as a person does with Alertmanager's own tool."""
        done = subprocess.run(["amtool", f"--alertmanager.url={self.url}", "silence", *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def add(self, *matchers: str, comment: str = "a film") -> str:
        return self.amtool("add", "--author=bob", f"--comment={comment}", "--duration=10m", *matchers)

    def fire(self, *label_sets: dict[str, str]) -> None:
        now = SystemClock().now()
        self.door.post([PostedAlert(labels, {}, rfc3339(now - 60), rfc3339(now + 600)) for labels in label_sets])

    def heard(self, **labels: str) -> list[str]:
        """Return the names of the alerts with these labels that no silence mutes."""
        return sorted(alert.labels["alertname"] for alert in self.door.alerts() if labels.items() <= alert.labels.items())

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return told

    def clear(self) -> None:
        for silence in self.door.silences():
            self.door.expire(silence.id)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with stack.start_alertmanager(tmp_path_factory.mktemp("alertmanager"), NOBODY) as running:
        yield running.url


@pytest.fixture
def desk(alertmanager: str, tmp_path: pathlib.Path) -> Iterator[Desk]:
    built = Desk(tmp_path, alertmanager)
    yield built
    built.clear()


def decision(name: str = "HomeostatAutoExecute", **others: str) -> dict[str, str]:
    decided = "auto-execute" if name == "HomeostatAutoExecute" else "notify-execute"
    return {"alertname": name, "decision": decided, "risk": "low", "action": "service-restart", "target": "web", "problem": "memory_leak", **FIXED, **others}


def test_a_pause_mutes_what_is_executed_and_nothing_that_people_hear_of(desk: Desk) -> None:
    desk.fire(decision(), decision("HomeostatNotifyExecute"), decision("HomeostatPropose"), *({"alertname": name, **FIXED} for name in PEOPLES))
    made = desk.run("pause", "--for", "10m", "--reason", "a concert")
    assert made.exit_code == 0, made.output
    assert desk.heard(host="h1") == sorted([*PEOPLES, "HomeostatPropose"])
    (hold,) = desk.told()["holds"]
    assert (hold["by"], hold["scope"], hold["reason"]) == ("silence", "everything", "a concert")
    assert abs(hold["until"] - SystemClock().now() - 600) < 30
    assert "the pause of" in desk.run("resume").output
    assert desk.told()["holds"] == []
    assert len(desk.heard(host="h1")) == len(PEOPLES) + 3


@given(NAMES, NAMES, NAMES, st.sets(st.sampled_from(["--service", "--action"])))
@settings(max_examples=40, deadline=None)
def test_whatever_is_paused_under_whatever_name_people_and_strangers_are_heard(alertmanager: str, host: str, service: str, action: str, flags: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(pathlib.Path(folder), alertmanager)
        given_names = {"--service": service, "--action": action}
        arguments = [f"{flag}={given_names[flag]}" for flag in sorted(flags)]
        one = str(next(NUMBERS))
        labels = {"host": host, "target": service, "action": action, "problem": "p", "resource": "r", "severity": "critical", "example": one}
        desk.fire(*({"alertname": name, **labels} for name in (*PEOPLES, "HomeostatAutoExecute", "HomeostatNotifyExecute")), {"alertname": action, "example": one})
        made = desk.run("pause", "--reason=r", *arguments, host=host, services=(service,))
        heard = desk.heard(example=one)
        if made.exit_code == 0:
            assert heard == sorted({*PEOPLES, action})
        else:
            assert len(heard) == len({*PEOPLES, action}) + 2, made.output
            assert desk.door.silences() == []
        assert len([line for line in desk.run("resume", host=host, services=(service,)).output.splitlines() if line.startswith("the pause of")]) == (made.exit_code == 0)


def test_a_silence_on_one_target_made_by_hand_is_told_as_what_it_is(desk: Desk) -> None:
    desk.fire(decision(), decision(target="jellyfin"), {"alertname": "HomeostatProblem", **FIXED, "target": "web"})
    desk.add("target=web")
    told = desk.told()
    assert [(hold["scope"], hold["author"], hold["reason"]) for hold in told["holds"]] == [("target web", "bob", "a film")]
    assert "also keeps people from hearing of HomeostatProblem" in told["warnings"][0]
    assert desk.heard(target="web") == []
    assert desk.heard(target="jellyfin") == ["HomeostatAutoExecute"]


def test_a_silence_by_a_pattern_is_told_as_what_it_is(desk: Desk) -> None:
    desk.add('alertname=~"Homeostat(Auto|Notify)Execute"', 'target=~"jelly.*"')
    assert [hold["scope"] for hold in desk.told()["holds"]] == ['target=~"jelly.*"']


def test_a_silence_that_is_ended_early_or_is_yet_to_come_holds_nothing(desk: Desk) -> None:
    made = desk.add("alertname=HomeostatAutoExecute")
    assert [hold["scope"] for hold in desk.told()["holds"]] == ["HomeostatAutoExecute"]
    desk.amtool("expire", made)
    desk.amtool("add", "--author=bob", "--comment=later", f"--start={rfc3339(SystemClock().now() + 3600)}", f"--end={rfc3339(SystemClock().now() + 7200)}", "host=h1")
    assert desk.told()["holds"] == []


def test_a_lone_negative_matcher_is_accepted_by_alertmanager_and_warned_about_by_us(desk: Desk) -> None:
    desk.fire(decision(), {"alertname": "HomeostatProblem", **FIXED}, {"alertname": "HostDown", "severity": "critical"})
    desk.add('host!="h2"')
    assert desk.heard() == []
    told = desk.told()
    assert [hold["scope"] for hold in told["holds"]] == ["everything"]
    assert "mutes alerts of every name, people's and other programs' too" in told["warnings"][0]


def test_a_silence_with_a_typo_says_what_was_meant(desk: Desk) -> None:
    desk.add('alertname=~"HomeostatAutoExecute|HomeostatNotifyExecute"', "target=jelyfin")
    told = desk.told()
    assert told["holds"] == []
    assert "there is no target jelyfin; did you mean jellyfin?" in told["warnings"][0]


def test_resume_ends_a_pause_made_by_hand_and_leaves_and_names_what_reaches_further(desk: Desk) -> None:
    desk.add('alertname=~"HomeostatAutoExecute|HomeostatNotifyExecute"', "host=h1", comment="by hand")
    desk.add("host=h1", comment="the house sleeps")
    output = desk.run("resume").output
    assert "the pause of bob is over: by hand" in output
    assert "still silenced (everything) by bob" in output
    assert [silence.comment for silence in desk.door.silences()] == ["the house sleeps"]


def test_a_pause_ends_by_itself_and_an_alertmanager_that_is_gone_is_told(desk: Desk, tmp_path: pathlib.Path) -> None:
    with stack.start_alertmanager(tmp_path / "other", NOBODY) as other:
        short = Desk(tmp_path, other.url)
        assert short.run("pause", "--reason", "x", "--for", "6s").exit_code == 0
        assert len(short.told()["holds"]) == 1
        stack.wait_for("its end by itself", lambda: short.told()["holds"] == [])
    result = short.run("resume")
    assert (result.exit_code, "NOT DONE: the pauses" in result.output) == (1, True)
