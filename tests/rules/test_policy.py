"""What the owner writes decides: the actor's real page, read by the real rules, for every key that governs autonomy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.actor.web import pages_of
from tests.support import HOST, Actor, Host

if TYPE_CHECKING:
    import pathlib

    from tests.rules.conftest import Chain

POLICY = {
    "homeostat_autonomy_threshold_ratio", "homeostat_confidence_weight_ratio", "homeostat_prediction_floor_ratio", "homeostat_trials_floor", "homeostat_action_min_confidence_ratio",
}  # fmt: skip
ALWAYS: dict[str, Any] = {"name": "always", "when": [{}]}


def own(**override: Any) -> dict[str, Any]:
    return {"actions": {"disk-cleanup": override}}


def low(**cells: Any) -> dict[str, Any]:
    return {"thresholds": {"low": {name.replace("_", "-"): cell for name, cell in cells.items()}}}


# The worked example of SPEC 4.1: 0.89, 1.00, 0.95 and 1.00 give 0.957.
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "the matrix": ({}, "low", "auto-execute"),
    "conservative": ({"level": "conservative"}, "low", "auto-execute"),
    "medium risk": ({"level": "aggressive"}, "medium", "notify-execute"),
    "medium risk, conservative": ({"level": "conservative"}, "medium", "propose"),
    "high risk": ({"level": "aggressive"}, "high", "propose"),
    "a cell of the owner's": (low(auto_execute=0.96), "low", "notify-execute"),
    "exactly at a cell": (low(auto_execute=0.957), "low", "notify-execute"),
    "two cells that are never": (low(auto_execute="never", notify_execute="never") | {"level": "conservative"}, "low", "propose"),
    "cells that leave nothing": (
        {"level": "conservative", "thresholds": {"low": {"auto-execute": 0.96, "propose": "never"}, "medium": {"propose": "never"}, "high": {"propose": "never"}}}, "low", "alert-only",
    ),
    "a cell for medium risk": ({"thresholds": {"medium": {"notify-execute": 0.96}}}, "medium", "propose"),
    "a schedule": ({"schedule": [ALWAYS | {"level": "conservative", "thresholds": {"low": {"auto-execute": 0.96}}}]}, "low", "propose"),
    "weights": ({"weights": {"prediction": 1, "historical_success": 0, "impact_certainty": 0, "rollback_feasibility": 0}}, "low", "notify-execute"),
    "a prediction floor": ({"prediction_floor": {"auto-execute": 0.9}}, "low", "notify-execute"),
    "a trials floor": ({"trials_floor": {"auto-execute": 13}}, "low", "notify-execute"),
    "a ceiling of notify-execute": ({"ceiling": "notify-execute"}, "low", "notify-execute"),
    "a ceiling of propose": ({"ceiling": "propose", "level": "aggressive"}, "low", "propose"),
    "a ceiling of alert-only": ({"ceiling": "alert-only", "level": "aggressive"}, "low", "alert-only"),
    "mode interactive": ({"mode": "interactive", "level": "aggressive"}, "low", "propose"),
    "mode shadow decides as active does": ({"mode": "shadow"}, "low", "auto-execute"),
    "a threshold of the action's own, not reached": (own(min_confidence=0.96), "low", "propose"),
    "a threshold of the action's own, reached": (own(min_confidence=0.5) | low(auto_execute=0.99), "low", "auto-execute"),
    "an own threshold under a ceiling": (own(min_confidence=0.5) | {"ceiling": "propose"}, "low", "propose"),
    "an own threshold in mode interactive": (own(min_confidence=0.5) | {"mode": "interactive"}, "low", "propose"),
    "an own threshold for high risk": (own(min_confidence=0.5), "high", "propose"),
    "an own threshold for medium risk": (own(min_confidence=0.5), "medium", "notify-execute"),
    "an own threshold for medium risk where that is never": (own(min_confidence=0.5) | {"level": "conservative"}, "medium", "propose"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_decides(chain: Chain, tmp_path: pathlib.Path, name: str) -> None:
    autonomy, risk, decision = CASES[name]
    actor = Actor(Host(tmp_path / "host"), autonomy={"level": "moderate", **autonomy})
    page = pages_of(actor).client.get("/metrics").text
    actor.journal.close()
    policy = {}
    for sample in (sample for family in text_string_to_metric_families(page) for sample in family.samples if sample.name in POLICY):
        labels = ",".join(f'{label}="{value}"' for label, value in sample.labels.items())
        policy[f'{sample.name}{{instance="{HOST}:1",{labels}}}'] = f"{sample.value:g}x20"
    assert {name.partition("{")[0] for name in policy} == POLICY
    rest = {name.replace('risk="low"', f'risk="{risk}"'): values for name, values in chain.whole(HOST).items() if name.partition("{")[0] not in POLICY}
    chain.decides(rest | policy, at={"10m": {HOST: decision}})
