"""Gate `age`: nothing on old news."""

from __future__ import annotations

from tests.actor.gates.situations import NOW, ask, incident, situation


def heard(at: float) -> tuple[str, str]:
    return ask("age", situation(incident(last_firing_at=at)))


def test_recent_news_is_allowed() -> None:
    assert heard(NOW - 12) == ("allow", "heard of 12s ago")
    assert heard(NOW - 900)[0] == "allow"


def test_news_of_more_than_fifteen_minutes_is_refused() -> None:
    assert heard(NOW - 960) == ("refuse", "last heard of at 2023-11-14T21:57:20Z, more than 15m ago")


def test_it_is_the_last_confirmation_that_counts_not_the_first_notice() -> None:
    about = incident(opened_at=NOW - 86400, last_firing_at=NOW - 30)
    assert ask("age", situation(about))[0] == "allow"


def test_a_little_ahead_is_allowed_and_far_ahead_is_refused() -> None:
    assert heard(NOW + 5) == ("allow", "heard of 0s ago")
    assert heard(NOW + 901) == ("refuse", "last heard of in the future: the clock was set back")
