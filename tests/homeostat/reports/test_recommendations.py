"""Each rule speaks where it should, and holds its tongue where it should not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from homeostat.holds import Hold
from homeostat.reports.model import (
    Accuracy,
    Asked,
    Now,
    Prediction,
    Record,
    Refusal,
    Report,
    RunsOut,
    Told,
    Tried,
    Waiting,
)
from homeostat.reports.recommendations import RULES, recommend
from tests.homeostat.cli.conftest import every_command

DAY = 86400.0
UNTIL = 100 * DAY
WELL = Report(
    asked=Asked(host="nas", period="7d", since=UNTIL - 7 * DAY, until=UNTIL),
    made_at=UNTIL,
    record=Record(mode="active", level="moderate", proved_at=UNTIL - 100),
    now=Now(forecasts=3),
)
GOOD = Tried(successes=20, trials=20)
FORECAST = Accuracy(scored=500, brier=0.1, expected=0.3, crossed=0.28, coverage=0.9, time_error=0.1, pending=1)


def told(outcome: str = "failed", action: str = "service-restart", problem: str = "memory_leak") -> Told:
    return msgspec.convert({"id": "a1", "problem": problem, "target": "web", "action": action, "outcome": outcome, "at": UNTIL, "words": "why"}, Told)


def runs_out(median: float = 0.5 * DAY, **changes: Any) -> Now:
    one = RunsOut(problem="disk_exhaustion", target="/srv", resource="filesystem", used=0.9, lower=1.0, median=median, upper=None, action="none", decision="")
    return Now(runs_out=(msgspec.structs.replace(one, **changes),))


def record(**changes: Any) -> dict[str, Any]:
    assert WELL.record is not None
    return {"record": msgspec.structs.replace(WELL.record, **changes)}


def refusal(incidents: int, answer: str = "refuse") -> dict[str, Any]:
    return record(refusals=(Refusal(gate="window", answer=answer, action="disk-cleanup", incidents=incidents),))


def measure(rule: str, value: float) -> dict[str, Any]:
    return {"now": Now(measures={f"host:homeostat_{rule}:ratio30d": value})}


def accuracy(**changes: Any) -> dict[str, Any]:
    return {"accuracy": {"24h": msgspec.structs.replace(FORECAST, **changes)}}


UNFORESEEN = Prediction(problem="p", target="/srv", resource="r", became="unforeseen", made_at=None, at=UNTIL)
WAITS = Waiting(id="w1", problem="p", target="web", action="service-restart", risk="low", confidence=None, expires_at=UNTIL + DAY)
READY = {"month": GOOD, "approved": 3}

SAID: list[tuple[str, dict[str, Any], str]] = [
    ("stranded", record(failed=(told("stranded"),)), "Look at web yourself"),
    ("runs-out", {"now": runs_out()}, "See to /srv today"),
    ("runs-out-unsure", {"now": runs_out(action="disk-cleanup", decision="alert-only")}, "See to /srv today"),
    ("waits", record(waiting=(WAITS,)), "Answer what waits for you: 1 proposal"),
    ("breaker", record(holds=(Hold("breaker", "everything", "homeostat", "3 failures in a row", None),)), "See whether the breaker may end"),
    ("blind", {"now": Now(blind=("logs",))}, "Give back its sight"),
    ("doctor", {"now": Now(failed_checks=("rules",))}, "Mend the chain"),
    ("selftest", record(proved_at=0.0), "Let a selftest show"),
    ("selftest-old", record(proved_at=UNTIL - 3 * DAY), "Let a selftest show"),
    ("backups", {"unproven": ("nightly",)}, "Have backups verified"),
    ("failing", record(failed=(told(), told())), "Look into web: service-restart failed there 2 times"),
    ("refused", refusal(5), "Look at why window says no"),
    ("unhandled", record(unanswered=(told("alerted", "none", "power_loss"),) * 5), "Give power_loss a playbook"),
    ("poor", record(month=Tried(successes=5, trials=10)), "Let it ask first"),
    ("unnecessary", measure("actions_unnecessary", 0.06), "Ask more confidence"),
    ("manual", measure("decisions_manual", 0.2), "See what could be done without you"),
    ("unforeseen", {"predictions": (UNFORESEEN,)}, "Look at what reached its limit unforeseen"),
    ("intervals", accuracy(coverage=0.5), "Trust the intervals of 24h less"),
    ("probabilities", accuracy(expected=0.6), "too high"),
    ("shadow", record(mode="shadow", shadowed=(told("shadowed"),)), "let it propose"),
    ("level", record(**READY), "Consider the level aggressive"),
]
UNSAID: list[tuple[str, dict[str, Any]]] = [
    ("well", {}),
    ("nothing-known", {"record": None, "now": None}),
    ("far-off", {"now": runs_out(5 * DAY)}),
    ("in-hand", {"now": runs_out(action="disk-cleanup", decision="auto-execute")}),
    ("a-silence", record(holds=(Hold("silence", "web", "ada", "x", None),))),
    ("failed-once", record(failed=(told(),))),
    ("refused-seldom", refusal(4)),
    ("put-off", refusal(9, "defer")),
    ("told-of-seldom", record(unanswered=(told("alerted", "none"),) * 4)),
    ("few-trials", record(month=Tried(successes=0, trials=9))),
    ("few-scored", accuracy(scored=20, coverage=0.1)),
    ("calibrated", accuracy()),
    ("nothing-to-tell", accuracy(coverage=None, expected=None)),
    ("some-unnecessary", measure("actions_unnecessary", 0.05)),
    ("highest-level", record(**READY, level="aggressive")),
    ("denied", record(**READY, denied=1)),
    ("nobody-asked", record(month=GOOD)),
    ("shadow-of-nothing", record(mode="shadow")),
]


@pytest.mark.parametrize(("changes", "words"), [pytest.param(changes, words, id=name) for name, changes, words in SAID])
def test_it_is_recommended_with_evidence_and_a_command_that_exists(changes: dict[str, Any], words: str) -> None:
    (one,) = recommend(msgspec.structs.replace(WELL, **changes))
    assert words in one.advice
    assert one.evidence
    assert one.command.split()[1] in every_command()


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in UNSAID])
def test_nothing_is_recommended_without_need(changes: dict[str, Any]) -> None:
    assert list(recommend(msgspec.structs.replace(WELL, **changes))) == []


def test_every_rule_has_a_case() -> None:
    speaking = {rule for rule in RULES for _, changes, _ in SAID if list(rule(msgspec.structs.replace(WELL, **changes)))}
    assert speaking == set(RULES)


def test_a_day_in_shadow_is_too_short_to_leave_it() -> None:
    day = msgspec.structs.replace(WELL.asked, since=UNTIL - DAY)
    assert list(recommend(msgspec.structs.replace(WELL, asked=day, **record(mode="shadow", shadowed=(told("shadowed"),))))) == []


def test_a_name_in_a_command_is_quoted_for_the_shell() -> None:
    hostile = Refusal(gate="window", answer="refuse", action="x; rm -rf /", incidents=9)
    (one,) = recommend(msgspec.structs.replace(WELL, **record(refusals=(hostile,))))
    assert one.command == "homeostat decisions --action 'x; rm -rf /' --outcome refused"
