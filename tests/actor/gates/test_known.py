"""Gate `known`: only what the configuration names exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.actor.gates.situations import DISK, ask, config, incident, playbook, situation


def test_a_target_of_the_catalogue_with_a_playbook_that_answers_is_allowed() -> None:
    assert ask("known", situation()) == ("allow", "service-restart may act on service web")
    assert ask("known", situation(incident(DISK))) == ("allow", "disk-cleanup may act on filesystem disk")


def test_another_hosts_incident_is_refused() -> None:
    assert ask("known", situation(incident(host="h2"))) == ("refuse", "host 'h2' is not this host, 'h1'")


def test_an_unknown_playbook_is_refused_by_name() -> None:
    assert ask("known", situation(incident(action="format-disk"))) == ("refuse", "no playbook is named 'format-disk'")


def test_a_problem_that_the_playbook_does_not_answer_is_refused() -> None:
    assert ask("known", situation(incident(problem="disk_exhaustion"))) == ("refuse", "playbook service-restart does not answer 'disk_exhaustion'")


@pytest.mark.parametrize("target", ["Web", "web ", "web.service", "we", "*", "", "web\n", "disk"])
def test_a_target_that_is_not_exactly_in_the_catalogue_is_refused(target: str) -> None:
    assert ask("known", situation(incident(target=target), filesystem=None)) == ("refuse", f"{target!r} is not in the catalogue of services")


def test_a_service_is_no_file_system() -> None:
    about = incident(DISK, target="web")
    assert ask("known", situation(about)) == ("refuse", "'web' is not in the catalogue of filesystems")


EVERYTHING = st.sampled_from(["*", "all", "web*", "?eb", "[w]eb", "web,db", "web db", "web\n", "WEB", "", ".", "/", ".*", "web.service", "{web,disk}", "we\u200bb"])


@given(st.text() | EVERYTHING, st.sampled_from(["service-restart", "disk-cleanup"]))
def test_all_cannot_be_expressed_and_nothing_but_an_exact_name_is_known(target: str, action: str) -> None:
    known, settings = playbook(action), config()
    about = incident(target=target, action=action, problem=known.file.answers[0])
    places = settings.services if known.file.acts_on == "service" else settings.filesystems
    said = ask("known", situation(about, settings, playbook=known, service=settings.services.get(target), filesystem=settings.filesystems.get(target)))
    assert (said[0] == "allow") == (target in places)
