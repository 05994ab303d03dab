"""The crash matrix in `make test`: every single point, a sample of the pairs, and every seeded mutant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.fleet import Fleet, distinct, pairs, sampled, told
from tests.crash.mutants import MUTANTS
from tests.crash.scenarios import SCENARIOS
from tests.crash.server import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

PAIRS, SEED = 12, 4


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet() as running:
        yield running


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_killed_at_any_point_every_invariant_holds(fleet: Fleet, scenario: str) -> None:
    whole = fleet.run(Case(scenario=scenario))
    assert not whole.violations
    once = list(fleet.all(distinct(scenario, whole.points[0])))
    assert len(once) > 30
    twice = list(fleet.all(sampled(pairs(once), PAIRS, SEED)))
    assert not [told(finding) for finding in (*once, *twice) if finding[1].violations]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_matrix_catches_the_product_with_this_fault(fleet: Fleet, mutant: str) -> None:
    scenario = MUTANTS[mutant].scenario
    whole = fleet.run(Case(scenario=scenario, mutant=mutant))
    caught = bool(whole.violations) or any(result.violations for _, result in fleet.all(distinct(scenario, whole.points[0], mutant)))
    assert caught
