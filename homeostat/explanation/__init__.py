"""Why something was done, or nothing: the chain from the series to the outcome, link by link, from what the doors answered."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from homeostat.explanation import delivery, facts
from homeostat.explanation.asking import ask
from homeostat.explanation.decision import HEADING, decision_part
from homeostat.explanation.deeds import deed_parts, outcome_sentence
from homeostat.explanation.delivery import delivery_part
from homeostat.explanation.facts import Key
from homeostat.explanation.forecast import remembered_part
from homeostat.explanation.parts import Part, Silent, day, number, sections
from homeostat.prometheus import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.alertmanager import Alertmanager
    from homeostat.prometheus import Prometheus


def of_incident(story: dict[str, Any], prometheus: Prometheus, alertmanager: Alertmanager) -> list[dict[str, Any]]:
    """Explain an incident as the actor tells it, with the terms as they were when it was decided.

    What Alertmanager does with its alert is asked while its episode goes on. A door that does not answer is said to be silent.
    """
    key = Key(*(story[name] for name in Key._fields))
    questions: dict[str, Callable[[], Any]] = {"then": functools.partial(facts.look, prometheus, key.host, key.target, decided_at(story))}
    if story["episode_ended_at"] is None:
        questions["mail"] = functools.partial(delivery.collect, alertmanager, 'alertname=~"Homeostat.+"', f"host={quoted(key.host)}")
    answers = ask(questions)
    before = _remembered(answers["then"], key, story)
    now = [delivery_part(answers["mail"], key)] if "mail" in answers else []
    because = before[-1].because or (f"a confidence of {number(story['confidence'])} was not enough for more" if story["confidence"] else None)
    return sections(outcome_sentence(story, because), [*before, *now, *deed_parts(story)])


def decided_at(story: dict[str, Any]) -> float:
    """Return when it was last decided what to do: when it was acted on, its gates were last asked, or it was closed without."""
    asked = [verdict["asked_at"] for verdict in story["verdicts"] if story["acted_at"] is None or verdict["asked_at"] <= story["acted_at"]]
    return float(max(asked, default=story["acted_at"] or story["closed_at"] or story["opened_at"]))


def _remembered(then: facts.Facts | Silent, key: Key, story: dict[str, Any]) -> list[Part]:
    if isinstance(then, Silent):
        return [Part(HEADING, (f"Prometheus does not tell the terms of this decision: {then.reason}.",))]
    found = decision_part(then, key)
    if not then.all("target_action:homeostat_decision:ratio", **key._asdict()):
        said = f"{story['decision']} {story['action']}" + (f" at confidence {number(story['confidence'])}" if story["confidence"] is not None else "")
        lines = (f"It was {said}.", f"The terms of {day(decided_at(story))} are not in Prometheus: it may keep less, or had no rules or no exporter then.")
        return [remembered_part(then, key), Part(HEADING, lines)]
    return [remembered_part(then, key), Part(f"{HEADING}, as it was at {day(decided_at(story))}", found.lines, found.because)]
