"""Every playbook that comes along is killed everywhere: in the crash matrix, or where its table says."""

from __future__ import annotations

import pytest

from actor.playbook import BUILT_IN
from tests.contracts.test_invariants import defined
from tests.crash.elsewhere import ELSEWHERE
from tests.crash.scenarios import SCENARIOS

PLAYBOOKS = {path.stem for path in BUILT_IN.glob("*.yml")}
IN_THE_MATRIX = {decide.action for scenario in SCENARIOS.values() for decide in scenario.decides}


def test_each_playbook_that_comes_along_has_a_scenario_or_is_killed_elsewhere_and_none_is_both() -> None:
    assert sorted(PLAYBOOKS - IN_THE_MATRIX) == sorted(ELSEWHERE)


@pytest.mark.parametrize("playbook", ELSEWHERE)
def test_the_test_that_kills_it_elsewhere_exists(playbook: str) -> None:
    path, _, name = ELSEWHERE[playbook][1].partition("::")
    assert name in defined(path)
