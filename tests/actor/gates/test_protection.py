"""Gate `protection`: what was promised to be undoable must be."""

from __future__ import annotations

from tests.actor.gates.situations import ask, incident, situation


def test_a_protection_that_can_be_given_is_allowed() -> None:
    assert ask("protection", situation()) == ("allow", "protection snapshot or preimage can be given, or doing without is declared")


def test_a_protection_that_cannot_be_given_is_refused_with_its_obstacle() -> None:
    told = ask("protection", situation(unprotectable="/srv/disk is read-only"))
    assert told == ("refuse", "protection snapshot or preimage cannot be given: /srv/disk is read-only")


def test_an_unknown_playbook_promises_nothing() -> None:
    assert ask("protection", situation(incident(action="none"))) == ("refuse", "the protection of an unknown playbook is not known")
