"""Learning in the rules: whatever offset is served, it raises the confidence by .05 at most, and no decision past policy or risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.conftest import LEVELS, MINUTES, NEVER, steady

if TYPE_CHECKING:
    from tests.rules.conftest import Chain, Series

LEAST, MOST = -0.30, 0.05
RANKS = ("alert-only", "propose", "notify-execute", "auto-execute")
SHARE = st.integers(0, 100).map(lambda percent: percent / 100)
HOST = st.fixed_dictionaries(
    {
        "prediction": SHARE,
        "historical_success_ratio": SHARE,
        "impact_certainty_ratio": SHARE,
        "rollback_feasibility_ratio": SHARE,
        "learned_offset_ratio": st.sampled_from([-1e9, -5.0, -0.31, -0.3, -0.1, 0.0, 0.02, 0.05, 0.051, 0.3, 1.0, 1e9]),
        "trials": st.integers(0, 5),
        "level": st.sampled_from(sorted(LEVELS)),
        "risk": st.sampled_from(["low", "medium", "high"]),
        "interactive": st.booleans(),
    }
)


def confidence(host: dict[str, Any], offset: float) -> float:
    terms = 0.3 * host["prediction"] + 0.3 * host["historical_success_ratio"] + 0.2 * host["impact_certainty_ratio"] + 0.2 * host["rollback_feasibility_ratio"]
    return round(min(1.0, max(0.0, terms + min(MOST, max(LEAST, offset)))), 4)


def decided(host: dict[str, Any], confidence: float) -> str:
    """Return the decision as SPEC 4.1 and 4.2 read: the first cell that is exceeded and whose floors are met."""
    cells = dict(LEVELS[host["level"]][host["risk"]])
    if host["interactive"]:
        cells |= dict.fromkeys(("auto-execute", "notify-execute"), NEVER)
    floors = {"auto-execute": (0.8, 3), "notify-execute": (0.7, 0), "propose": (0.0, 0)}
    for name, threshold in cells.items():
        prediction, trials = floors[name]
        if confidence > threshold and host["prediction"] >= prediction and host["trials"] >= trials:
            return name
    return "alert-only"


def served(chain: Chain, name: str, host: dict[str, Any]) -> Series:
    terms = {term: host[term] for term in ("historical_success_ratio", "impact_certainty_ratio", "rollback_feasibility_ratio", "trials")}
    policy = chain.policy(name, host["level"])
    if host["interactive"]:
        policy = {series: steady(NEVER) if "threshold" in series and "-execute" in series else values for series, values in policy.items()}
    offset = f"{host['learned_offset_ratio']:f}x{MINUTES}"
    return chain.problem(name, host["prediction"]) | policy | chain.answer(name, risk=host["risk"]) | chain.record(name, **terms, learned_offset_ratio=offset)


@given(st.lists(HOST, min_size=10, max_size=30))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_was_learned_raises_within_its_bound_and_never_past_policy_ceiling_or_risk(chain: Chain, hosts: list[dict[str, Any]]) -> None:
    series: Series = {}
    decisions: dict[str, str] = {}
    for number, host in enumerate(hosts):
        name, with_it = f"h{number}", confidence(host, host["learned_offset_ratio"])
        series |= served(chain, name, host)
        decisions[name] = decided(host, with_it)
        assert with_it <= round(confidence(host, 0.0) + MOST, 4)
        if host["risk"] == "high" or host["interactive"]:
            assert RANKS.index(decisions[name]) <= RANKS.index("propose")
    chain.decides(series, at={"3m": decisions})
