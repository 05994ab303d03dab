"""The matrix: which confidence each decision must exceed, by level and risk, and the cells that the owner sets (SPEC 4.2)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import msgspec

from homeostat.config.section import Ratio, Section
from homeostat.words import DECISIONS, RISKS, Decision, Level, Risk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Cell = Ratio | Literal["never"] | None
Matrix = dict[tuple[Risk, Decision], float]

NEVER = 2.0
_PROPOSE: Matrix = {(risk, "propose"): 0.70 for risk in RISKS}
_LEVELS: dict[Level, Matrix] = {
    "conservative": {("low", "auto-execute"): 0.95},
    "moderate": {("low", "auto-execute"): 0.90, ("low", "notify-execute"): 0.80, ("medium", "notify-execute"): 0.80},
    "aggressive": {("low", "auto-execute"): 0.75, ("low", "notify-execute"): 0.75, ("medium", "notify-execute"): 0.75},
}


class LowRisk(Section, frozen=True, kw_only=True, rename="kebab"):
    """What low risk needs; a number from 0 to 1 that the confidence must exceed, or never."""

    auto_execute: Cell = None
    """To act and inform after."""
    notify_execute: Cell = None
    """To inform, wait the grace out, and act."""
    propose: Cell = None
    """To ask a person."""


class MediumRisk(Section, frozen=True, kw_only=True, rename="kebab"):
    """What medium risk needs, which is never acted on without informing before."""

    notify_execute: Cell = None
    """To inform, wait the grace out, and act."""
    propose: Cell = None
    """To ask a person."""


class HighRisk(Section, frozen=True, kw_only=True, rename="kebab"):
    """What high risk needs, about which a person is always asked."""

    propose: Cell = None
    """To ask a person."""


class Thresholds(Section, frozen=True, kw_only=True):
    """Cells of the matrix that stand in place of the level's; what is not given stays as the level says."""

    low: LowRisk = LowRisk()
    """What low risk needs."""
    medium: MediumRisk = MediumRisk()
    """What medium risk needs."""
    high: HighRisk = HighRisk()
    """What high risk needs."""

    def given(self) -> Iterator[tuple[tuple[Risk, Decision], float]]:
        """Yield each cell that is given, as (risk, decision), with its threshold."""
        for risk in RISKS:
            for decision, written in msgspec.to_builtins(getattr(self, risk)).items():
                if written is not None:
                    yield (risk, decision), NEVER if written == "never" else written


def matrix(level: Level, *own: Thresholds) -> Matrix:
    """Return every cell of a level with the owner's in their places, of which the last given counts; what is not in it is never."""
    return dict([*_PROPOSE.items(), *_LEVELS[level].items(), *(cell for cells in own for cell in cells.given())])


def fault(cells: Mapping[tuple[Risk, Decision], float]) -> str | None:
    """Return what contradicts the shape of the matrix, in words: more autonomy needs no less confidence, more risk neither; None if nothing does."""
    for risk in RISKS:
        used = [(cells[risk, decision], decision) for decision in DECISIONS if cells.get((risk, decision), NEVER) < NEVER]
        for (more, bolder), (less, tamer) in itertools.pairwise(used):
            if more < less:
                return f"{risk} risk: {bolder} above {more:g} is below {tamer} above {less:g}; what is done with less asking must not need less confidence"
    for lower, higher in itertools.pairwise(RISKS):
        for decision in DECISIONS[:3]:
            allowed, needed = _reached(cells, higher, decision), _reached(cells, lower, decision)
            if allowed < needed:
                return f"{decision} above {allowed:g} for {higher} risk, but {_in_words(needed)} for {lower} risk; what is allowed to {higher} risk must be allowed to {lower}"
    return None


def _reached(cells: Mapping[tuple[Risk, Decision], float], risk: Risk, decision: Decision) -> float:
    """Return above which confidence this much autonomy, or more, is given."""
    return min(cells.get((risk, each), NEVER) for each in DECISIONS[: DECISIONS.index(decision) + 1])


def _in_words(threshold: float) -> str:
    return f"above {threshold:g}" if threshold < NEVER else "never"
