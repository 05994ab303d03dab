"""All gates together: their order, and that a broken one is a no."""

from __future__ import annotations

import dataclasses

import pytest

from actor.kinds import Gate
from actor.situation import GATES, ask_gates, deciding
from tests.actor.gates.situations import incident, situation


def test_they_are_asked_in_the_order_of_spec_5_3() -> None:
    assert list(GATES) == [
        "known", "protected", "confirmation", "stopped", "silenced", "firing", "age", "once", "postponed", "window", "quiet-time", "cooldown",
        "budget", "blast-radius", "correlated", "redundancy", "breaker", "concurrency", "start-limit", "drifted", "dependencies", "protection", "room",
        "confidence",
    ]  # fmt: skip


def test_no_two_share_a_place() -> None:
    assert len({gate.order for gate in GATES.values()}) == len(GATES)


def test_when_all_agree_nothing_decides_against() -> None:
    assert deciding(ask_gates(situation())) is None


def test_all_are_asked_and_the_first_no_decides() -> None:
    verdicts = ask_gates(situation(incident(target="nowhere"), stop_reason="by ada", silences=None))
    assert set(verdicts) == set(GATES)
    assert [name for name, verdict in verdicts.items() if verdict.answer != "allow"] == ["known", "stopped", "silenced"]
    assert deciding(verdicts)[0] == "known"


@pytest.mark.parametrize("name", GATES)
def test_a_gate_that_breaks_has_said_no(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(GATES, name, Gate(order=GATES[name].order, ask=broken))
    assert deciding(ask_gates(situation()))[0] == name
    assert ask_gates(situation())[name].reason == "the gate itself failed: ZeroDivisionError: division by zero"


def test_a_situation_is_all_that_a_gate_sees() -> None:
    frozen = situation()
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.now = 0.0
