"""How much may be done without asking: level, mode, ceiling, a person's word on single actions, and what all that comes to (SPEC 4.2)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from homeostat.config.section import DAY, MINUTE, Positive, Ratio, Section
from homeostat.config.units import Duration
from homeostat.words import DECISIONS, Decision, Level, Mode, Risk, Term

THRESHOLDS: dict[Level, dict[tuple[Risk, Decision], float]] = {
    "conservative": {("low", "auto-execute"): 0.95},
    "moderate": {("low", "auto-execute"): 0.90, ("low", "notify-execute"): 0.80, ("medium", "notify-execute"): 0.80},
    "aggressive": {("low", "auto-execute"): 0.75, ("low", "notify-execute"): 0.75, ("medium", "notify-execute"): 0.75},
}
PROPOSE_THRESHOLD = 0.70
NEVER = 2.0
WEIGHTS: dict[Term, float] = {
    "prediction": 0.30,
    "historical_success": 0.30,
    "impact_certainty": 0.20,
    "rollback_feasibility": 0.20,
}


class Record(Section, frozen=True, kw_only=True):
    """A track record earned elsewhere, taken over under a name (SPEC 7)."""

    source: str
    """Where it was earned."""
    successes: Annotated[int, msgspec.Meta(ge=0)]
    """How many runs were verified there."""
    trials: Annotated[int, msgspec.Meta(ge=0)]
    """Of how many."""

    def __post_init__(self) -> None:
        """Refuse more successes than trials."""
        if self.successes > self.trials:
            raise ValueError(f"{self.successes} successes of {self.trials} trials; successes cannot exceed trials")


class ActionOverride(Section, frozen=True, kw_only=True):
    """A person's word on one action; what is not given stays as the playbook says."""

    min_confidence: Ratio = 0.0
    """The confidence that executing this action needs, in place of the level's; never for high risk, and 0 leaves the level's."""
    requires_confirmation: bool = False
    """Ask a person each time: every decision to execute it becomes a proposal."""
    cooldown: Duration | None = None
    """How long it rests on a target after it ran there, in place of the playbook's."""
    settle: Duration | None = None
    """How long is waited before anything is measured, in place of the playbook's."""
    watch: Duration | None = None
    """How long the target is watched afterwards, in place of the playbook's."""
    imported_record: Record | None = None
    """A track record that it brings along from elsewhere."""


class PredictionFloor(Section, frozen=True, kw_only=True, rename="kebab"):
    """The prediction that executing needs, whatever the record says."""

    auto_execute: Ratio = 0.80
    """To act and inform after."""
    notify_execute: Ratio = 0.70
    """To inform, wait the grace out, and act."""


class TrialsFloor(Section, frozen=True, kw_only=True, rename="kebab"):
    """The trials that executing needs: autonomy is earned."""

    auto_execute: Annotated[int, msgspec.Meta(ge=0)] = 3
    """To act and inform after."""
    notify_execute: Annotated[int, msgspec.Meta(ge=0)] = 0
    """To inform, wait the grace out, and act."""


class Autonomy(Section, frozen=True, kw_only=True):
    """How much may be done without asking (SPEC 4.2)."""

    level: Level = "moderate"
    """How sure it has to be to act by itself: the thresholds of SPEC 4.2."""
    mode: Mode = "shadow"
    """shadow decides and records but acts on nothing, active acts, interactive makes a proposal of everything."""
    grace: Duration = Duration(10 * MINUTE)
    """How long an announced action waits for a veto."""
    proposal_expiry: Duration = Duration(7 * DAY)
    """How long a proposal waits for an answer."""
    prediction_floor: PredictionFloor = PredictionFloor()
    """The prediction that executing needs beside the confidence."""
    trials_floor: TrialsFloor = TrialsFloor()
    """The trials that executing needs beside the confidence."""
    ceiling: Decision = "auto-execute"
    """The most that is done without asking, whatever the confidence: auto-execute, notify-execute, propose or alert-only."""
    require_approval_for: tuple[str, ...] = ()
    """Actions that a person is asked about each time."""
    max_actions_per_day: Positive = 10
    """How many actions may run within any 24 hours."""
    actions: dict[str, ActionOverride] = {}
    """A word of yours on single actions, by name."""


def threshold(autonomy: Autonomy, risk: Risk, decision: Decision) -> float:
    """Return the confidence (0..1) that `decision` must exceed at this level, mode and ceiling; 2 is never (SPEC 4.2)."""
    if decision == "propose":
        return PROPOSE_THRESHOLD
    if autonomy.mode == "interactive" or DECISIONS.index(decision) < DECISIONS.index(autonomy.ceiling):
        return NEVER
    return THRESHOLDS[autonomy.level].get((risk, decision), NEVER)
