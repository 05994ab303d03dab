"""SPEC 4.2: every cell of the matrix and both sides of every boundary, for the three levels, and the floors beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.conftest import Chain

BOUNDARIES = (0.70, 0.75, 0.80, 0.90, 0.95)
CONFIDENCES = sorted({0.31, 1.0, *(round(b + d, 4) for b in BOUNDARIES for d in (-0.0001, 0, 0.0001))})


def decision_of(cells: dict[str, float], confidence: float) -> str:
    """Return the decision as SPEC 4.2 reads: the first cell whose threshold is strictly exceeded."""
    return next((name for name, threshold in cells.items() if confidence > threshold), "alert-only")


def with_confidence(chain: Chain, host: str, confidence: float) -> dict[str, str]:
    """Return an action's record that yields this confidence from a certain problem: 0.3 + 0.7 x."""
    term: float | str = (confidence - 0.3) / 0.7
    ratios = ("historical_success_ratio", "impact_certainty_ratio", "rollback_feasibility_ratio")
    return {**chain.problem(host, 1), **chain.record(host, **dict.fromkeys(ratios, term))}


@pytest.mark.parametrize("level", ["conservative", "moderate", "aggressive"])
def test_every_confidence_and_risk_gets_its_cell_of_the_matrix_and_no_other(chain: Chain, level: str) -> None:
    series: dict[str, str] = {}
    decisions: dict[str, str] = {}
    for risk, cells in chain.levels[level].items():
        for confidence in CONFIDENCES:
            host = f"{risk}-{confidence}"
            series |= (
                chain.policy(host, level) | chain.answer(host, risk=risk) | with_confidence(chain, host, confidence)
            )
            decisions[host] = decision_of(cells, confidence)
    chain.decides(series, at={"3m": decisions})


def test_high_risk_never_executes_and_medium_never_unasked_even_if_a_configuration_says_so(chain: Chain) -> None:
    series: dict[str, str] = {}
    for risk in ("medium", "high"):
        series |= chain.problem(risk, 1) | chain.policy(risk) | chain.record(risk) | chain.answer(risk, risk=risk)
    for name in series:
        if "autonomy_threshold" in name and "-execute" in name:
            series[name] = "0.1x400"
    chain.decides(series, at={"3m": {"medium": "notify-execute", "high": "propose"}})


@pytest.mark.parametrize(
    ("prediction", "trials", "decision"),
    [
        (0.80, 3, "auto-execute"),
        (0.79999999, 3, "auto-execute"),
        (0.7999, 3, "notify-execute"),
        (0.80, 2, "notify-execute"),
        (0.70, 0, "notify-execute"),
        (0.6999, 300, "propose"),
    ],
)
def test_floors_are_met_from_their_own_value_on(chain: Chain, prediction: float, trials: int, decision: str) -> None:
    series = chain.whole("nas", prediction) | chain.record("nas", trials=trials, impact_certainty_ratio=1)
    chain.decides(series, at={"3m": {"nas": decision}})


def test_habit_does_not_keep_a_tier_whose_evidence_has_gone(chain: Chain) -> None:
    series = chain.whole("nas", "0.85x5 0.79x5 0.69x5") | chain.record("nas", impact_certainty_ratio=1)
    at = {"4m": {"nas": "auto-execute"}, "9m": {"nas": "notify-execute"}, "15m": {"nas": "propose"}}
    chain.decides(series, at=at)


@pytest.mark.parametrize(
    ("own", "level", "risk", "decision"),
    [
        (0, "moderate", "low", "auto-execute"),
        (0.957, "moderate", "low", "propose"),
        (0.9569, "moderate", "low", "auto-execute"),
        (0.9569, "conservative", "low", "auto-execute"),
        (0.99, "aggressive", "low", "propose"),
        (0.5, "moderate", "medium", "notify-execute"),
        (0.957, "moderate", "medium", "propose"),
        (0.5, "conservative", "medium", "propose"),
        (0.5, "aggressive", "high", "propose"),
    ],
)
def test_a_persons_own_threshold_replaces_the_levels_number_for_executing_but_not_its_never(
    chain: Chain, own: float, level: str, risk: str, decision: str
) -> None:
    series = chain.problem("nas") | chain.policy("nas", level) | chain.answer("nas", risk=risk)
    series |= chain.record("nas", min_confidence_ratio=own)
    chain.decides(series, at={"3m": {"nas": decision}})


def test_a_low_threshold_of_a_person_executes_below_the_level_but_not_below_the_floors(chain: Chain) -> None:
    weak: dict[str, float | str] = {
        "historical_success_ratio": 0.5,
        "impact_certainty_ratio": 0.5,
        "rollback_feasibility_ratio": 0.5,
    }
    series: dict[str, str] = {}
    for host, prediction in (("sure", 0.9), ("unsure", 0.69)):
        series |= chain.whole(host, prediction) | chain.record(host, min_confidence_ratio=0.5, **weak)
    chain.decides(series, at={"3m": {"sure": "auto-execute", "unsure": "alert-only"}})


def test_interactive_mode_holds_against_a_persons_own_threshold(chain: Chain) -> None:
    series = chain.whole("nas", 1.0) | chain.record("nas", min_confidence_ratio=0.5)
    for name in series:
        if "autonomy_threshold" in name and "-execute" in name:
            series[name] = "2x400"
    chain.decides(series, at={"3m": {"nas": "propose"}})


@pytest.mark.parametrize(
    ("offset", "confidence"),
    [(0, 0.84), (0.05, 0.89), (0.5, 0.89), (-0.10, 0.74), (-0.30, 0.54), (-3, 0.54)],
)
def test_the_learned_offset_counts_within_its_bound(chain: Chain, offset: float, confidence: float) -> None:
    series = chain.whole("nas", 0.5) | chain.record("nas", learned_offset_ratio=offset)
    query = "max by (host) (target_action:homeostat_confidence:ratio)"
    chain.expect(series, ("3m", query, {'{host="nas"}': confidence}))


def test_confidence_stays_within_0_and_1(chain: Chain) -> None:
    series = chain.whole("most", 1) | chain.record("most", learned_offset_ratio=0.05)
    nothing: dict[str, float | str] = {
        "historical_success_ratio": 0,
        "impact_certainty_ratio": 0,
        "rollback_feasibility_ratio": 0,
    }
    series |= chain.whole("least", 0.5) | chain.record("least", learned_offset_ratio=-0.3, **nothing)
    query = "max by (host) (target_action:homeostat_confidence:ratio)"
    chain.expect(series, ("3m", query, {'{host="most"}': 1, '{host="least"}': 0}))
