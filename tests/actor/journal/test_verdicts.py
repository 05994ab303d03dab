"""Gate verdicts: all of a decision with its inputs, and of a no that lasts its first and latest wording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, incidents, totals, verdicts
from actor.model import Decided, Incident, Verdict
from homeostat.config import Duration, Size
from tests.support import NOW, WEB

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Iterator[Journal]:
    """Return a journal with one incident in it."""
    journal = Journal(tmp_path, Size(4096))
    decided = Decided(key=WEB, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.95)
    with journal.transaction() as db:
        incidents.open_incident(db, "i1", decided, (NOW, NOW))
    yield journal
    journal.close()


def found(journal: Journal) -> Incident:
    incident = incidents.find(journal, "i1")
    assert incident is not None
    return incident


def count(journal: Journal, name: str, **labels: str) -> float:
    return sum(value for said, value in totals.read(journal).get(name, []) if labels.items() <= said.items())


ALLOW, REFUSE = Verdict("allow", "fine"), Verdict("refuse", "no")


def ask(journal: Journal, at: float, **said: Verdict) -> None:
    with journal.transaction() as db:
        verdicts.record(db, found(journal), said, at)


def test_the_same_verdicts_are_stored_once(journal: Journal) -> None:
    for number in range(3):
        ask(journal, NOW + number, known=ALLOW, age=REFUSE)
    assert len(verdicts.given_on(journal, "i1")) == 2
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_an_allowing_gate_that_words_it_differently_is_no_news(journal: Journal) -> None:
    for number in range(3):
        ask(journal, NOW + number, known=Verdict("allow", f"heard of {number} s ago"), age=REFUSE)
    assert len(verdicts.given_on(journal, "i1")) == 2


def test_another_verdict_is_stored_with_all_that_were_asked_beside_it(journal: Journal) -> None:
    ask(journal, NOW, known=ALLOW, age=REFUSE)
    ask(journal, NOW + 1, known=ALLOW, age=ALLOW)
    ask(journal, NOW + 2, known=ALLOW, age=REFUSE)
    assert [(said["gate"], said["answer"]) for said in verdicts.given_on(journal, "i1")] == [
        ("known", "allow"), ("age", "refuse"), ("known", "allow"), ("age", "allow"), ("known", "allow"), ("age", "refuse"),
    ]  # fmt: skip
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 2


def test_a_no_that_goes_on_keeps_its_first_and_its_latest_wording(journal: Journal) -> None:
    for number in range(300):
        ask(journal, NOW + 60 * number, known=ALLOW, age=Verdict("refuse", f"last confirmed {number} min ago"))
    told = [said["reason"] for said in verdicts.given_on(journal, "i1") if said["gate"] == "age"]
    assert told == ["last confirmed 0 min ago", "last confirmed 299 min ago"]
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_another_answer_of_the_same_gate_is_told_beside_the_first(journal: Journal) -> None:
    for number in range(6):
        ask(journal, NOW + number, age=Verdict("refuse" if number < 3 else "defer", f"no {number}"))
    assert [said["reason"] for said in verdicts.given_on(journal, "i1")] == ["no 0", "no 2", "no 3", "no 5"]


def test_gates_that_change_their_minds_for_ever_keep_the_first_asking_and_the_latest(journal: Journal) -> None:
    incident = found(journal)
    with journal.transaction() as db:
        for number in range(1500):
            verdicts.record(db, incident, {"known": ALLOW, "age": REFUSE if number % 2 else ALLOW}, NOW + number)
    told = verdicts.given_on(journal, "i1")
    assert [said["asked_at"] - NOW for said in told[:2]] == [0, 0]
    assert [said["asked_at"] - NOW for said in told[2:]] == [number for number in range(1000, 1500) for _ in range(2)]
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 750


def test_a_clock_that_was_set_back_does_not_make_old_verdicts_the_latest(journal: Journal) -> None:
    ask(journal, NOW, known=ALLOW, age=ALLOW)
    for number in range(3):
        ask(journal, NOW - 5000 + number, known=ALLOW, age=REFUSE)
    assert count(journal, "homeostat_gate_refusals_total", gate="age") == 1


def test_a_verdict_keeps_the_inputs_that_it_saw(journal: Journal) -> None:
    ask(journal, NOW, age=Verdict("refuse", "old", {"age_seconds": 1.5, "most": Duration(900), "names": ["a\0"]}))
    assert verdicts.given_on(journal, "i1")[0]["inputs"] == {"age_seconds": 1.5, "most": 900.0, "names": ["a\0"]}
