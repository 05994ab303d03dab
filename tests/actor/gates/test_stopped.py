"""Gate `stopped`: the kill switch, and mode shadow."""

from __future__ import annotations

from tests.actor.gates.situations import ask, config, situation


def test_without_a_stop_mode_active_acts() -> None:
    assert ask("stopped", situation()) == ("allow", "no stop")


def test_a_stop_refuses_and_says_who_and_why() -> None:
    assert ask("stopped", situation(stop_reason="by ada: enough")) == ("refuse", "stopped: by ada: enough")


def test_mode_shadow_records_and_does_not_act() -> None:
    assert ask("stopped", situation(settings=config(autonomy={"mode": "shadow"}))) == ("shadow", "mode is shadow: decided and recorded, not acted")


def test_a_stop_comes_before_shadow() -> None:
    assert ask("stopped", situation(settings=config(autonomy={"mode": "shadow"}), stop_reason="no"))[0] == "refuse"
