"""SPEC 4.3: one decision at a time, entered above its threshold and left 0.03 below it, and a changed threshold that wins."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.conftest import Chain

ORDER = ("auto-execute", "notify-execute", "propose")
MINUTES = 120


def follow(cells: dict[str, float], confidences: list[float]) -> list[str]:
    """Return the decision at each step, by SPEC 4.3's words: entered above, left 0.03 below."""
    decisions, before = [], "alert-only"
    for confidence in confidences:
        held = ORDER[ORDER.index(before) :] if before in ORDER else ()
        bands = {name: threshold - (0.03 if name in held else 0) for name, threshold in cells.items()}
        before = next((name for name in ORDER if confidence > round(bands[name], 4)), "alert-only")
        decisions.append(before)
    return decisions


def moving(chain: Chain, host: str, confidences: list[float], level: str = "moderate") -> dict[str, str]:
    """Return a host whose confidence moves like this, with a certain prediction: the actor's terms move."""
    terms = " ".join(f"{(confidence - 0.3) / 0.7:.9f}" for confidence in confidences)
    ratios = ("historical_success_ratio", "impact_certainty_ratio", "rollback_feasibility_ratio")
    return chain.whole(host, 1, level) | chain.record(host, **dict.fromkeys(ratios, terms))


@pytest.mark.parametrize("level", ["conservative", "moderate", "aggressive"])
def test_noise_around_every_threshold_follows_the_band_and_never_fires_two_decisions(chain: Chain, level: str) -> None:
    noise = random.Random(level)
    series: dict[str, str] = {}
    at: dict[str, dict[str, str]] = {f"{minute}m": {} for minute in range(MINUTES)}
    for centre in (0.70, 0.75, 0.80, 0.85, 0.90, 0.95):
        host = f"around-{centre}"
        confidences = [round(centre + noise.uniform(-0.04, 0.04), 4) for _ in range(MINUTES)]
        series |= moving(chain, host, confidences, level)
        for minute, decision in enumerate(follow(chain.levels[level]["low"], confidences)):
            at[f"{minute}m"][host] = decision
    chain.decides(series, at=at)


def test_noise_within_the_band_does_not_change_the_decision(chain: Chain) -> None:
    noise = random.Random(1)
    confidences = [0.91, *(round(noise.uniform(0.8701, 0.93), 4) for _ in range(MINUTES))]
    series = moving(chain, "nas", confidences)
    chain.decides(series, at={f"{minute}m": {"nas": "auto-execute"} for minute in range(MINUTES)})


def test_a_tier_is_left_at_exactly_003_below_and_entered_again_only_above(chain: Chain) -> None:
    series = moving(chain, "nas", [0.9001, 0.8701, 0.87, 0.9, 0.9001])
    steps = ("auto-execute", "auto-execute", "notify-execute", "notify-execute", "auto-execute")
    chain.decides(series, at={f"{minute}m": {"nas": decision} for minute, decision in enumerate(steps)})


def test_a_raised_threshold_suspends_the_band_at_once(chain: Chain) -> None:
    series = moving(chain, "nas", [0.88] * 20, "aggressive")
    threshold = 'homeostat_autonomy_threshold_ratio{host="nas",instance="nas:1",risk="low",decision="auto-execute"}'
    assert threshold in series
    series[threshold] = "0.75x5 0.9x20"
    chain.decides(
        series, at={"5m": {"nas": "auto-execute"}, "6m": {"nas": "notify-execute"}, "18m": {"nas": "notify-execute"}}
    )


def test_a_persons_own_raised_threshold_suspends_the_band_too(chain: Chain) -> None:
    series = moving(chain, "nas", [0.95] * 20)
    own = 'homeostat_action_min_confidence_ratio{host="nas",instance="nas:1",action="disk-cleanup"}'
    assert own in series
    series[own] = "0x5 0.96x20"
    chain.decides(series, at={"5m": {"nas": "auto-execute"}, "6m": {"nas": "propose"}, "18m": {"nas": "propose"}})


def test_another_action_has_to_enter_its_tier_anew(chain: Chain) -> None:
    series = moving(chain, "nas", [0.91, *[0.89] * 20])
    other = {
        name.replace("disk-cleanup", "backup-rotation"): it for name, it in series.items() if "disk-cleanup" in name
    }
    answers = {name for name in series if "problem_action_info" in name}
    (old,) = answers
    series |= other
    series[old] = "1x5 stale"
    series[old.replace("disk-cleanup", "backup-rotation")] = "_x6 1x20"
    chain.decides(series, at={"5m": {"nas": "auto-execute"}, "8m": {"nas": "notify-execute"}})


def test_the_band_is_lost_while_the_actor_is_silent(chain: Chain) -> None:
    series = moving(chain, "nas", [0.91, *[0.89] * 20])
    series['homeostat_actor_ready{host="nas",instance="nas:1"}'] = "1x5 stale 1x20"
    chain.decides(
        series, at={"5m": {"nas": "auto-execute"}, "6m": {"nas": "alert-only"}, "7m": {"nas": "notify-execute"}}
    )
