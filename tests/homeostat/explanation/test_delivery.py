"""What Alertmanager does with a decision, in words."""

from __future__ import annotations

import msgspec
import pytest

from homeostat.alertmanager import Alert, AlertStatus, Matcher, Receiver, Silence, SilenceStatus
from homeostat.explanation.delivery import Mail, delivery_part
from homeostat.explanation.parts import Silent
from tests.homeostat.explanation.seen import KEY

SILENCE = Silence("s1", (Matcher("target", "/srv"),), "ada", "moving house", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", SilenceStatus("active"))


def alert(name: str = "HomeostatAutoExecute", status: AlertStatus | None = None, fingerprint: str = "f1", **labels: str) -> Alert:
    receivers = (Receiver("homeostat-actor"),)
    return Alert(fingerprint, {"alertname": name, **KEY._asdict(), **labels}, {}, "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", status, receivers)


def test_an_alert_that_is_there_is_told_with_its_time_and_receivers() -> None:
    part = delivery_part(Mail((alert(),), ()), KEY)
    assert (part.lines, part.because) == (("HomeostatAutoExecute is there since 2026-01-01T00:00:00Z, for receiver homeostat-actor.",), None)


def test_a_silence_is_told_with_its_author_end_reason_and_matchers() -> None:
    part = delivery_part(Mail((alert(status=AlertStatus(silenced_by=("s1",))),), (SILENCE,)), KEY)
    assert part.because == 'HomeostatAutoExecute is silenced by ada until 2026-01-02T00:00:00Z: moving house (target="/srv")'
    assert part.lines[1] == 'It is silenced by ada until 2026-01-02T00:00:00Z: moving house (target="/srv").'


def test_a_silence_without_author_and_comment_is_told_so() -> None:
    unsigned = Silence("s1", (Matcher("host", "h1"),), "", "", "a", "b", SilenceStatus("active"))
    part = delivery_part(Mail((alert(status=AlertStatus(silenced_by=("s1",))),), (unsigned,)), KEY)
    assert part.because == 'HomeostatAutoExecute is silenced by nobody who gave a name until b, without a word why (host="h1")'


@pytest.mark.parametrize(("others", "by"), [((), "the alert with fingerprint b1"), ((alert("HomeostatBreakerOpen", fingerprint="b1", target=""),), "HomeostatBreakerOpen")])
def test_what_inhibits_is_named_where_it_is_known(others: tuple[Alert, ...], by: str) -> None:
    part = delivery_part(Mail((alert(status=AlertStatus(inhibited_by=("b1",))), *others), ()), KEY)
    assert part.because == f"HomeostatAutoExecute is inhibited by {by}"


def test_two_alerts_of_one_episode_close_the_way_only_when_both_are_muted() -> None:
    muted = AlertStatus(silenced_by=("s1",))
    both = (alert(status=muted), alert("HomeostatPropose", muted))
    assert delivery_part(Mail(both, (SILENCE,)), KEY).because is not None
    assert delivery_part(Mail((both[0], alert("HomeostatPropose")), (SILENCE,)), KEY).because is None


@pytest.mark.parametrize("others", [(), (alert("HomeostatProblem"),), (alert(target="/other"),), (alert(host="h2"),)])
def test_an_alert_that_never_came_closes_the_way(others: tuple[Alert, ...]) -> None:
    because = delivery_part(Mail(others, ()), KEY).because
    assert because == "no decision alert on disk_exhaustion at /srv is in Alertmanager: is it in Prometheus' alerting section?"


def test_a_receiver_that_bears_no_actors_name_is_remarked_and_closes_nothing() -> None:
    part = delivery_part(Mail((msgspec.structs.replace(alert(), receivers=(Receiver("people"),)),), ()), KEY)
    assert part.lines[0].endswith("for receiver people.")
    assert part.lines[1].startswith("No receiver there bears the name of an actor's;")
    assert part.because is None


def test_an_alertmanager_that_is_silent_is_told_so() -> None:
    part = delivery_part(Silent("Alertmanager at http://a gave no answer: ConnectTimeout"), KEY)
    assert part.lines == ("Alertmanager does not say: Alertmanager at http://a gave no answer: ConnectTimeout.",)
    assert part.because is not None
