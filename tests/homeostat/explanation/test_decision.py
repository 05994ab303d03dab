"""The decision in words: each term with what it adds, and why it is this tier and no other."""

from __future__ import annotations

import pytest

from homeostat.explanation.decision import decision_part
from tests.homeostat.explanation.seen import KEY, Row, facts, only_alert, whole, without

NO_CONFIDENCE = ("target_action:homeostat_confidence:ratio", "target_action:homeostat_decision:ratio")
NO_CHOICE = (*NO_CONFIDENCE, "target_action:homeostat_choice:info", "homeostat_problem_action_info")


def last_line(rows: list[Row]) -> str:
    return decision_part(facts(rows), KEY).lines[-1]


def because(rows: list[Row]) -> str | None:
    return decision_part(facts(rows), KEY).because


def test_each_term_stands_with_its_weight_and_what_it_adds() -> None:
    part = decision_part(facts(whole()), KEY)
    assert part.lines == (
        "disk-cleanup answers disk_exhaustion here, at low risk.",
        "Its confidence is 0.957, the sum of",
        "  0.30 x 0.89 prediction = 0.267",
        "  0.30 x 1.00 historical success (12 trials) = 0.300",
        "  0.20 x 0.95 impact certainty = 0.190",
        "  0.20 x 1.00 rollback feasibility = 0.200",
        "  learned offset +0.000",
        "auto-execute also needs a prediction of at least 0.80 and 3 trials: met.",
        "notify-execute also needs a prediction of at least 0.70 and 0 trials: met.",
        "At low risk in mode active: auto-execute above 0.90, notify-execute above 0.80, propose above 0.70.",
        "0.957 is above auto-execute (0.90): so it is auto-execute.",
    )
    assert part.because is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (whole("notify-execute", confidence=0.834), "0.834 is above notify-execute (0.80) and not above auto-execute (0.90): so it is notify-execute."),
        (whole("propose", confidence=0.75), "0.75 is above propose (0.70) and not above notify-execute (0.80): so it is propose."),
        (whole("alert-only", confidence=0.70), "0.70 is not above propose (0.70): so it is alert-only."),
        (whole("notify-execute", trials=1), "0.957 is above notify-execute (0.80) and above auto-execute (0.90), for which it was tried 1 of 3 times: so it is notify-execute."),
        (
            whole("propose", prediction=0.6, historical_success=1.0, impact_certainty=1.0),
            "0.88 is above propose (0.70) and above notify-execute (0.80), for which the prediction is 0.60, below 0.70: so it is propose.",
        ),
        (whole("auto-execute", confidence=0.885), "0.885 is no longer above auto-execute (0.90), which it was, and not yet below 0.87, where that is left: so it is auto-execute."),
    ],
    ids=["between two tiers", "a proposal", "at the threshold is not above it", "too few trials", "too weak a prediction", "within the band"],
)
def test_the_tier_follows_from_the_thresholds_next_to_it(rows: list[Row], said: str) -> None:
    assert last_line(rows) == said


def test_a_tier_that_is_never_allowed_is_said_so() -> None:
    rows = [(name, labels, 2.0 if labels.get("decision") in {"auto-execute", "notify-execute"} and "threshold" in name else value) for name, labels, value in whole("propose")]
    assert last_line(rows) == "0.957 is above propose (0.70) and cannot be enough for notify-execute, which is never allowed here: so it is propose."
    assert "At low risk in mode active: auto-execute never, notify-execute never, propose above 0.70." in decision_part(facts(rows), KEY).lines


def test_the_level_in_force_is_said_and_which_entry_of_the_schedule_it_is_by() -> None:
    levels: list[Row] = [("homeostat_autonomy_level", {"host": "h1", "level": level}, value) for level, value in (("conservative", 0), ("moderate", 1))]
    entries: list[Row] = [("homeostat_schedule_active", {"host": "h1", "entry": entry}, value) for entry, value in (("weekend", 0), ("night", 1))]
    said = ": auto-execute above 0.90, notify-execute above 0.80, propose above 0.70."
    assert f"At low risk in mode active, level moderate{said}" in decision_part(facts([*whole(), *levels, *entries[:1]]), KEY).lines
    assert f"At low risk in mode active, level moderate by the schedule night{said}" in decision_part(facts([*whole(), *levels, *entries]), KEY).lines


def test_the_threshold_that_the_rules_recorded_stands_in_place_of_the_levels() -> None:
    recorded: Row = ("target_action:homeostat_threshold:ratio", {**KEY._asdict(), "action": "disk-cleanup", "risk": "low", "decision": "auto-execute"}, 0.96)
    lines = decision_part(facts([*whole("notify-execute", min_confidence=0.96), recorded]), KEY).lines
    assert lines[-1] == "0.957 is above notify-execute (0.80) and not above auto-execute (0.96): so it is notify-execute."
    assert lines[-2].endswith("; the 0.96 is the action's own min_confidence.")


def test_terms_that_moved_since_the_decision_are_told_apart_from_what_it_rests_on() -> None:
    assert "Its confidence was recorded as 0.834; its terms now add up to 0.957:" in decision_part(facts(whole("notify-execute", confidence=0.834)), KEY).lines


def test_below_a_proposal_the_decision_itself_is_why_nothing_happens() -> None:
    assert because(whole("alert-only", confidence=0.62)) == "0.62 is not above propose (0.70), so it is alert-only"


WHY_NONE: dict[str, tuple[list[Row], str]] = {
    "no playbook answers": ([*without(whole(), *NO_CHOICE), only_alert()], "no playbook answers disk_exhaustion"),
    "the actor is silent": (
        [*without(whole(), *NO_CHOICE, "homeostat_actor_ready"), only_alert()],
        "the actor of h1 is silent: Prometheus has no series of it",
    ),
    "two actions answer": (
        [*without(whole(), *NO_CONFIDENCE), ("homeostat_problem_action_info", {"host": "h1", "problem": KEY.problem, "action": "wipe", "risk": "low"}, 1.0), only_alert()],
        "2 actions answer disk_exhaustion here, disk-cleanup and wipe, and that is no choice",
    ),
    "a term is missing": (
        [*without(whole(), *NO_CONFIDENCE, "homeostat_action_rollback_feasibility_ratio"), only_alert("disk-cleanup", "low")],
        "the confidence in disk-cleanup could not be computed: missing is rollback feasibility",
    ),
    "several are missing": (
        [*without(whole(), *NO_CONFIDENCE, "homeostat_action_impact_certainty_ratio", "homeostat_action_trials"), only_alert("disk-cleanup", "low")],
        "the confidence in disk-cleanup could not be computed: missing are impact certainty and the trials",
    ),
    "the actor went silent after it was chosen": (
        [*without(whole(), *NO_CONFIDENCE, "homeostat_actor_ready", "homeostat_action_trials"), only_alert("disk-cleanup", "low")],
        "the confidence in disk-cleanup could not be computed: the actor of h1 is silent: Prometheus has no series of it",
    ),
    "the actor is not ready": (
        [*(row if row[0] != "homeostat_actor_ready" else (row[0], row[1], 0.0) for row in without(whole(), *NO_CONFIDENCE)), only_alert("disk-cleanup", "low")],
        "the confidence in disk-cleanup could not be computed: the actor of h1 is not ready yet",
    ),
    "a floor is missing": (
        [*without(whole(), *NO_CONFIDENCE, "homeostat_trials_floor"), only_alert("disk-cleanup", "low")],
        "the confidence in disk-cleanup could not be computed: thresholds or floors of risk low are missing",
    ),
    "the rules are not loaded": (
        without(whole(), *NO_CONFIDENCE),
        "Prometheus has decided nothing about disk_exhaustion at /srv, though it sees it: ask again in a minute, and if that stays, ask homeostat doctor about the rules",
    ),
    "no problem": (without(whole(), *NO_CONFIDENCE, "homeostat_problem_confidence_ratio", "target:homeostat_problem:info"), "Prometheus sees no disk_exhaustion at /srv"),
    "nothing at all": ([], "Prometheus holds nothing about /srv or its host"),
}


@pytest.mark.parametrize("case", WHY_NONE)
def test_every_reason_why_nothing_is_decided_has_its_words(case: str) -> None:
    rows, said = WHY_NONE[case]
    assert because(rows) == said


def test_an_option_for_this_target_stands_in_place_of_those_for_the_host() -> None:
    here: list[Row] = [("homeostat_problem_action_info", {"host": "h1", "problem": KEY.problem, "target": "/srv", "action": action, "risk": "low"}, 1.0) for action in ("a", "b")]
    assert because([*without(whole(), *NO_CONFIDENCE), *here, only_alert()]) == "2 actions answer disk_exhaustion here, a and b, and that is no choice"


def test_high_risk_is_weighed_for_a_proposal_only() -> None:
    rows = [(name, {**labels, "risk": "high"} if "risk" in labels else labels, value) for name, labels, value in whole("propose")]
    assert decision_part(facts(rows), KEY).lines[-2:] == ("At high risk in mode active: propose above 0.70.", "0.957 is above propose (0.70): so it is propose.")
