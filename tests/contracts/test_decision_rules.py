"""What explains a decision counts with the numbers that the rules and the learning have."""

from __future__ import annotations

import pathlib
import re

from actor import learn
from homeostat import words
from homeostat.explanation import decision

RULES = (pathlib.Path(__file__).parents[2] / "alert-rules/decision.rules.yml").read_text(encoding="utf-8")


def test_a_tier_is_left_as_far_below_its_threshold_as_is_explained() -> None:
    assert {float(band) for band in re.findall(r"[-+] (0\.[0-9]+)\b", RULES)} == {decision.BAND}


def test_what_is_learned_is_bounded_alike_where_it_is_learned_decided_by_and_explained() -> None:
    bounds = re.findall(r"clamp\(homeostat_action_learned_offset_ratio, (-?[0-9.]+), (-?[0-9.]+)\)", RULES)
    assert {tuple(map(float, found)) for found in bounds} == {(learn.OFFSET_LEAST, learn.OFFSET_MOST)} == {(decision.OFFSET_LEAST, decision.OFFSET_MOST)}


def test_the_alerts_that_tell_of_decisions_are_those_of_the_rules() -> None:
    named = re.findall(r"- alert: (\w+)(?:\n.*?)*?decision=\"([a-z-]+)\"", RULES)
    assert dict(named) == words.DECISION_ALERTS
