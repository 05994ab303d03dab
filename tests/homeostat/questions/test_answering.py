"""An answer is made of what the doors say: rows joined by their labels, sentences of the first, and what is missing is named."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from typing import Any

import pytest

from homeostat.config import Config, loads
from homeostat.daemon_client import DaemonError
from homeostat.prometheus import PrometheusError, Sample
from homeostat.questions.answering import answer
from homeostat.questions.model import NotUnderstood, Part, Reply
from homeostat.questions.names import QUERY
from homeostat.questions.writing import written
from tests.homeostat.cli.conftest import incident
from tests.support import JumpingClock

CONFIG = """
host: nas
services: {jellyfin: {manager: systemd, unit: jellyfin.service}}
exporter: {hosts: {"10.0.0.9:9100": nas}}
questions:
  cats:
    examples: [how many cats are there, "how many cats has {host}"]
    words: [[cat]]
    answers:
      - title: Cats
        rows: [instance, room]
        columns:
          cats: {promql: "cats{$of_instance}"}
          asleep: {promql: "cats_asleep{$of_instance}", unit: ratio}
          mood: {promql: "cats_mood{$of_instance}", label: mood}
        order: -cats
        most: 2
        says: ["{room} has {cats} of {rows}.", "They are {mood}."]
        none: No cat in {window}.
        needs: {cats: the cat_exporter}
      - title: Naps
        journal: decisions
        asks: {last: $seconds, target: $target}
        where: {outcome: [succeeded]}
        columns:
          when: {field: opened_at, unit: moment}
          who: {field: target, unit: text}
          became: {field: became, unit: text}
          plan: {field: proposal.plan, unit: text}
        none: No nap.
"""
LINES = {
    "cats": [({"instance": "10.0.0.9:9100", "room": "kitchen"}, 1.0), ({"instance": "10.0.0.9:9100", "room": "attic"}, 3.0), ({"instance": "x", "room": "cellar"}, math.nan)],
    "cats_asleep": [({"instance": "10.0.0.9:9100", "room": "attic"}, 0.5), ({"instance": "elsewhere", "room": "attic"}, 1.0)],
}  # fmt: skip


@dataclasses.dataclass
class Doors:
    """Stand-ins for the doors; what is None does not answer."""

    series: dict[str, list[tuple[dict[str, str], float]]] | None
    decisions: list[dict[str, Any]] | None = None
    config: Config = dataclasses.field(default_factory=lambda: loads(CONFIG, Config, "homeostat.yml"))
    asked: list[str] = dataclasses.field(default_factory=list)
    clock: JumpingClock = dataclasses.field(default_factory=lambda: JumpingClock(1_700_000_100.0))

    @property
    def prometheus(self) -> Doors:
        return self

    actor = exporter = prometheus

    def query(self, promql: str, at: float | None = None) -> list[Sample]:
        self.asked.append(promql if at is None else f"{promql} at {at:.0f}")
        if self.series is None:
            raise PrometheusError("Prometheus is gone")
        if promql == QUERY:
            return [Sample({"__name__": "up", "instance": "10.0.0.9:9100"}, 0.0, 1.0)]
        if promql.startswith("count by (__name__)"):
            return [Sample({"__name__": name}, 0.0, 1.0) for name in self.series if re.search(rf'[|"]{name}[|"]', promql)]
        return [Sample(labels, 0.0, value) for labels, value in self.series.get(re.split(r"[^a-z_]", promql)[0], [])]

    def get(self, path: str, **parameters: Any) -> Any:
        self.asked.append(f"{path} {parameters}")
        if self.decisions is None:
            raise DaemonError("the actor is gone")
        return self.decisions


def ask(doors: Doors, text: str = "how many cats has nas") -> Reply:
    return answer(doors, text)  # type: ignore[arg-type]


def parts(reply: Reply) -> dict[str, Part]:
    return {part.title: part for part in reply.parts}


def test_rows_are_joined_sorted_and_bounded_and_the_first_is_told() -> None:
    doors = Doors(LINES, [])
    part = parts(ask(doors))["Cats"]
    assert [heading.name for heading in part.headings] == ["host", "room", "cats", "asleep", "mood"]
    assert part.rows == (("nas", "attic", 3.0, 0.5, None), ("nas", "kitchen", 1.0, None, None))
    assert part.more == 1
    # Of what is not known nothing is said.
    assert part.lines == ("attic has 3 of 3.",)
    assert 'cats{instance=~"10\\\\.0\\\\.0\\\\.9:9100"}' in part.asked


def test_the_journal_is_asked_with_what_was_said_and_filtered() -> None:
    doors = Doors({}, [incident(), incident(outcome="refused"), incident(state="running", outcome=None)])
    part = parts(ask(doors, "how many cats has jellyfin"))["Naps"]
    assert part.rows == ((1_700_000_000.0, "web", "succeeded", None),)
    assert part.asked == ("GET /api/v1/decisions?last=604800&target=jellyfin of the actor",)
    assert "decisions {'last': '604800', 'target': 'jellyfin'}" in doors.asked


def test_a_metric_that_nobody_serves_is_named_with_who_would_bring_it() -> None:
    reply = ask(Doors({}, []))
    assert parts(reply)["Cats"].lines == ("Prometheus has no cats: the cat_exporter would bring it.",)
    # Where another part has something to tell, nothing is said of it.
    assert list(parts(ask(Doors({}, [incident()])))) == ["Naps"]


def test_a_metric_that_is_there_without_a_row_is_nothing() -> None:
    assert parts(ask(Doors({"cats": []}, [])))["Cats"].lines == ("No cat in 7d.",)


def test_who_does_not_answer_is_named_and_the_rest_is_told() -> None:
    reply = ask(Doors(None, [incident()]))
    assert parts(reply)["Cats"].lines == ("No answer: Prometheus is gone",)
    assert len(parts(reply)["Naps"].rows) == 1
    assert not reply.is_silent
    assert reply.remarks == ("Only names of the configuration are known: Prometheus is gone",)
    assert ask(Doors(None, None)).is_silent


def test_an_unknown_question_says_what_can_be_asked_here() -> None:
    with pytest.raises(NotUnderstood, match="no question that is known here") as told:
        ask(Doors({}, []), "bake me a cake")
    assert "how many cats are there" in told.value.can_be_asked
    assert "is jellyfin running?" in told.value.can_be_asked
    # Nothing here is a file system.
    assert not any("{" in example for example in told.value.can_be_asked)


def test_a_misspelt_name_is_asked_back() -> None:
    with pytest.raises(NotUnderstood, match=r"'jelly' is no name that is known here; did you mean jellyfin\?"):
        ask(Doors({}, []), "is jelly running?")
    with pytest.raises(NotUnderstood, match="sounds like is-running, and names no service that is known here, as jellyfin"):
        ask(Doors({}, []), "does it work still running?")


def test_a_name_that_is_only_near_is_remarked_where_the_question_needs_none() -> None:
    reply = ask(Doors(LINES, []), "how many cats has jelly")
    assert reply.remarks == ("'jelly' is no name that is known here; did you mean jellyfin?",)


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("how many fluffy cats has nas", "fluffy"), ("how many cats were there on 2026-11-20", "2026-11-20"), ("how many cats have jellyfin and immich", "immich"),
        ("is jellyfin or immich running", "immich"), ("when does the certificate of jellyfin expire", "jellyfin"),
    ],
)  # fmt: skip
def test_what_the_answer_makes_nothing_of_is_told(text: str, left_out: str) -> None:
    config = loads(CONFIG.replace("services: {", "services: {immich: {manager: systemd, unit: immich.service}, "), Config, "homeostat.yml")
    assert ask(Doors(LINES, [], config), text).remarks == (f"Left out, as this kind of question makes nothing of it: {left_out}.",)


@pytest.mark.parametrize("text", ["how many cats has nas", "what uses the most memory on nas?", "is jellyfin running on nas", "top 5 memory"])
def test_nothing_is_said_to_be_left_out_where_nothing_is(text: str) -> None:
    assert ask(Doors(LINES, []), text).remarks == ()


def test_another_host_is_asked_for_its_own_story() -> None:
    doors = Doors({}, [], loads(CONFIG.replace('exporter: {hosts: {"10.0.0.9:9100": nas}}', 'exporter: {hosts: {"10.0.0.9:9100": pi}}'), Config, "homeostat.yml"))
    assert ask(doors, "why did you do nothing at pi?").parts[0].lines == ("Only the actor of pi knows that: ask there, as here is nas.",)


def test_an_owner_s_question_of_a_built_in_s_name_takes_its_place() -> None:
    config = loads(CONFIG.replace("  cats:\n", "  top-memory:\n"), Config, "homeostat.yml")
    assert ask(Doors({}, [], config)).name == "top-memory"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "bytes", ""), ("any", "bytes", "any"), (math.nan, "ratio", "unknown"), (math.inf, "seconds", "never"), (-math.inf, "seconds", "past"), (90061.0, "seconds", "1d1h"), (0.0123, "seconds", "12.3ms"),
        (-7200.0, "seconds", "-2h"), (0.0, "seconds", "0s"), (1_700_000_000.0, "moment", "2023-11-14T22:13:20Z"), (0.0, "moment", "never"), (math.inf, "moment", "never"), (1e300, "moment", "never"), (0.5, "ratio", "50%"), (0.0123, "ratio", "1.2%"),
        (math.inf, "ratio", "unlimited"), (0.0, "bytes", "0 B"), (1536.0, "bytes", "1.54 kB"), (22.7e9, "bytes", "22.7 GB"), (999.6e6, "bytes", "1 GB"),
        (-5e6, "bytes_per_second", "-5 MB/s"), (1.0, "yes", "yes"), (0.0, "yes", "no"), (3.0, "number", "3"), (0.001234, "number", "0.00123"), (True, "number", "True"),
    ],
)  # fmt: skip
def test_a_value_is_written_in_its_unit(value: Any, unit: Any, text: str) -> None:
    assert written(value, unit) == text


YESTERDAY = """
      - title: Fed
        columns: {meals: {promql: "cats_fed[$window]"}}
      - title: Lost
        journal: decisions
        asks: {last: $seconds}
        at: closed_at
        columns: {who: {field: target, unit: text}}
"""


def test_yesterday_is_the_day_before_and_what_is_asked_as_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        # 2023-11-14 23:15 in Berlin; yesterday began at 1699830000.
        found = [incident(target=name, closed_at=closed) for name, closed in (("before", 1699829999.0), ("first", 1699830000.0), ("last", 1699916399.0), ("today", 1699916400.0), ("open", None))]
        doors = Doors(LINES, found, loads(CONFIG + YESTERDAY, Config, "homeostat.yml"))
        reply = ask(doors, "how many cats were there yesterday")
    finally:
        monkeypatch.undo()
        time.tzset()
    told = parts(reply)
    assert [row[0] for row in told["Lost"].rows] == ["first", "last"]
    assert told["Lost"].when == told["Fed"].when == "from 2023-11-13 00:00 CET to 2023-11-14 00:00 CET"
    assert told["Lost"].asked == ("GET /api/v1/decisions?until=1699916400&last=170100 of the actor",)
    assert "cats_fed[1d] at 1699916400" in doors.asked
    assert told["Fed"].asked == ("cats_fed[1d], as of 2023-11-13T23:00:00Z",)
    # What knows no time is of now, and says none.
    assert told["Cats"].when == ""
    assert "cats" in doors.asked
    assert (reply.names["from"], reply.names["to"]) == ("2023-11-12T23:00:00Z", "2023-11-13T23:00:00Z")


def test_a_time_that_an_answer_of_now_makes_nothing_of_is_told() -> None:
    assert ask(Doors(LINES, []), "what used the most memory yesterday").remarks == ("Left out, as this kind of question is of now: yesterday.",)
    assert ask(Doors(LINES, []), "what uses the most memory today").remarks == ()
