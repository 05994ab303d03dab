"""Gate `silenced`: a silence is a pause, and so is an Alertmanager that does not answer."""

from __future__ import annotations

import pytest

from actor.model import Silences
from homeostat.alertmanager import Matcher
from homeostat.silences import pause_matchers
from tests.actor.gates.situations import NOW, ask, incident, situation, surroundings, touching
from tests.support import silence


def under(*matchers: Matcher, answered_at: float = NOW) -> tuple[str, str]:
    return ask("silenced", situation(silences=Silences((silence(*matchers),), answered_at)))


def test_without_a_silence_it_goes_on() -> None:
    assert ask("silenced", situation()) == ("allow", "no silence matches")


@pytest.mark.parametrize(
    "matchers",
    [
        [Matcher("alertname", "HomeostatAutoExecute|HomeostatNotifyExecute", is_regex=True), Matcher("host", "h1")],
        [Matcher("target", "web")],
        [Matcher("target", "other", is_equal=False)],
        [Matcher("nowhere", "")],
        [Matcher("target", "w.*", is_regex=True), Matcher("severity", "critical", is_equal=False)],
    ],
)
def test_a_silence_that_matches_the_decisions_labels_refuses_and_names_its_author(matchers: list[Matcher]) -> None:
    assert under(*matchers) == ("refuse", "silenced by ada until 2026-01-02T00:00:00Z: maintenance")


@pytest.mark.parametrize(
    "matchers",
    [[Matcher("target", "we")], [Matcher("target", "web"), Matcher("host", "h2")], [Matcher("target", "e", is_regex=True)], [Matcher("action", "")]],
)
def test_a_silence_on_something_else_does_not(matchers: list[Matcher]) -> None:
    assert under(*matchers)[0] == "allow"


def test_a_silence_on_one_tier_does_not_mute_another() -> None:
    about = incident(decision="propose")
    muted = Silences((silence(Matcher("alertname", "HomeostatAutoExecute")),), NOW)
    assert ask("silenced", situation(about, silences=muted))[0] == "allow"


@pytest.mark.parametrize("service", [None, "web"])
def test_a_pause_holds_back_too_what_a_person_would_say_yes_to(service: str | None) -> None:
    paused = Silences((silence(*pause_matchers("h1", service)),), NOW)
    assert ask("silenced", situation(incident(decision="propose"), silences=paused)) == ("refuse", "silenced by ada until 2026-01-02T00:00:00Z: maintenance")
    elsewhere = Silences((silence(*pause_matchers("h1", "other")), silence(*pause_matchers("h2"))), NOW)
    assert ask("silenced", situation(incident(decision="propose"), silences=elsewhere))[0] == "allow"


def test_a_pause_of_a_service_that_would_be_touched_beside_the_target_holds_back_all_of_it() -> None:
    paused = Silences((silence(*pause_matchers("h1", "authelia")),), NOW)
    told = "authelia, which it would touch too, is silenced by ada until 2026-01-02T00:00:00Z: maintenance"
    assert ask("silenced", situation(silences=paused, surroundings=surroundings(dependants=frozenset({"authelia"})))) == ("refuse", told)
    assert ask("silenced", situation(silences=paused, plan=touching("authelia"))) == ("refuse", told)
    assert ask("silenced", situation(silences=paused, plan=touching("portal")))[0] == "allow"


def test_no_answer_is_a_no() -> None:
    assert ask("silenced", situation(silences=None)) == ("refuse", "Alertmanager does not say whether this is silenced")


def test_an_answer_older_than_a_minute_is_a_no() -> None:
    assert ask("silenced", situation(silences=Silences((), NOW - 60)))[0] == "allow"
    assert ask("silenced", situation(silences=Silences((), NOW - 61))) == ("refuse", "Alertmanager's last answer on silences is more than 1m old")


def test_an_answer_from_the_future_is_as_good_as_none() -> None:
    assert ask("silenced", situation(silences=Silences((), NOW + 61)))[0] == "refuse"


def test_a_silence_whose_pattern_we_cannot_read_counts_as_matching() -> None:
    assert under(Matcher("target", r"\p{L}+", is_regex=True))[0] == "refuse"
