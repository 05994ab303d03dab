"""How much may be done without asking: level, mode, ceiling, a person's word on single actions, and what all that comes to (SPEC 4.2)."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import msgspec

from homeostat.config.section import DAY, MINUTE, Positive, Ratio, Section
from homeostat.config.thresholds import NEVER, Matrix, Thresholds, fault, matrix
from homeostat.config.units import Duration
from homeostat.time_intervals import YEAR_DAYS, TimeInterval, active, changes
from homeostat.words import DECISIONS, EXECUTING, Decision, Level, Mode, Problem, Risk


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


class Weights(Section, frozen=True, kw_only=True):
    """The weight of each term of the confidence; together they are 1."""

    prediction: Ratio = 0.30
    """How probable the trouble is."""
    historical_success: Ratio = 0.30
    """How often the action has succeeded."""
    impact_certainty: Ratio = 0.20
    """How sure its playbook is of its effect."""
    rollback_feasibility: Ratio = 0.20
    """How well it can be undone now."""

    def __post_init__(self) -> None:
        """Refuse weights by which the confidence is no share of 1."""
        total = sum(msgspec.structs.astuple(self))
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights add up to {total:g}; they must add up to 1")


class Entry(Section, frozen=True, kw_only=True):
    """A part of the week, or of the year, with a level and a budget of its own."""

    name: str
    """What it is called, in metrics and in what a gate says."""
    when: tuple[TimeInterval, ...]
    """The times at which it holds, in the syntax of `windows`; one of them is enough."""
    level: Level
    """The level in place of `autonomy.level`."""
    max_actions_per_day: Positive | None = None
    """The budget in place of `autonomy.max_actions_per_day`, spent by whatever ran in the last 24 hours."""
    thresholds: Thresholds = Thresholds()
    """Cells in place of this level's and of `autonomy.thresholds`."""

    def __post_init__(self) -> None:
        """Refuse what has no name, and what never holds."""
        if not self.name.strip():
            raise ValueError("an entry of the schedule needs a name")
        if not self.when:
            raise ValueError("when must name a time; without one this never holds")


class Autonomy(Section, frozen=True, kw_only=True):
    """How much may be done without asking (SPEC 4.2)."""

    level: Level = "moderate"
    """How sure it has to be to act by itself; see docs/autonomy.md for the thresholds of each level."""
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
    thresholds: Thresholds = Thresholds()
    """Cells of the matrix in place of the level's, whichever level holds."""
    weights: Weights = Weights()
    """The weight of each term of the confidence."""
    ceiling: Decision = "auto-execute"
    """The most that is decided, whatever the confidence: auto-execute, notify-execute, propose or alert-only."""
    require_approval_for: tuple[str, ...] = ()
    """Actions that a person is asked about each time."""
    preferences: dict[Problem, tuple[str, ...]] = {}
    """Of each problem the actions in the order you prefer, for where their track records are equal."""
    max_actions_per_day: Positive = 10
    """How many actions may run within any 24 hours."""
    schedule: tuple[Entry, ...] = ()
    """Times at which another level and budget hold: the first entry whose time it is, and outside all of them those above."""
    actions: dict[str, ActionOverride] = {}
    """A word of yours on single actions, by name."""

    def __post_init__(self) -> None:
        """Refuse two entries of one name, an action that is preferred twice, and a matrix that contradicts itself."""
        names = [entry.name for entry in self.schedule]
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if twice:
            raise ValueError(f"schedule: two entries have the name {twice[0]!r}")
        for problem, preferred in self.preferences.items():
            if len(set(preferred)) < len(preferred):
                raise ValueError(f"preferences: {problem} names an action twice")
        for entry in (None, *self.schedule):
            told = fault(InForce(self, entry).cells)
            if told is not None:
                raise ValueError(f"{f'schedule {entry.name}' if entry is not None else 'thresholds'}: {told}")


@dataclasses.dataclass(frozen=True, slots=True)
class InForce:
    """What of the autonomy holds at a moment: its own level and budget, or those of the schedule's `entry`."""

    autonomy: Autonomy
    entry: Entry | None

    @property
    def level(self) -> Level:
        """The level."""
        return (self.entry or self.autonomy).level

    @property
    def max_actions_per_day(self) -> int:
        """The budget: how many actions may have run in the last 24 hours, whatever held then."""
        own = self.entry.max_actions_per_day if self.entry is not None else None
        return own if own is not None else self.autonomy.max_actions_per_day

    @property
    def budget(self) -> str:
        """The budget in words, with whose it is."""
        return f"{self.max_actions_per_day}/1d actions{f' of the schedule {self.entry.name}' if self.entry is not None else ''}"

    @property
    def cells(self) -> Matrix:
        """The matrix, before mode and ceiling."""
        return matrix(self.level, self.autonomy.thresholds, *([self.entry.thresholds] if self.entry is not None else ()))

    def threshold(self, risk: Risk, decision: Decision) -> float:
        """Return the confidence (0..1) that `decision` must exceed; 2 is never (SPEC 4.2)."""
        if self.autonomy.mode == "interactive" and decision in EXECUTING:
            return NEVER
        if DECISIONS.index(decision) < DECISIONS.index(self.autonomy.ceiling):
            return NEVER
        return self.cells.get((risk, decision), NEVER)


def in_force(autonomy: Autonomy, now: float) -> InForce:
    """Return what holds at `now` (Unix seconds): the first entry of the schedule whose time it is, else what stands outside it."""
    return InForce(autonomy, next((entry for entry in autonomy.schedule if active(entry.when, now)), None))


def in_force_until(autonomy: Autonomy, now: float) -> float | None:
    """Return when something else will be in force than at `now` (Unix seconds), None if not within a year."""
    times = [interval for entry in autonomy.schedule for interval in entry.when]
    standing = in_force(autonomy, now).entry
    return next((moment for moment in changes(times, now, now + YEAR_DAYS * DAY) if in_force(autonomy, moment).entry is not standing), None)
