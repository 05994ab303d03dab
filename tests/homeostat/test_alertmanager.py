"""The door to Alertmanager, against a real HTTP server: what is asked, what is read, and every fault in one line."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.alertmanager import Alertmanager, AlertmanagerError, Matcher, PostedAlert, Silence
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from homeostat.config.units import Duration
from tests.httpd import Reply, Site, serving
from tests.support import silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# As Alertmanager 0.25 answers.
SILENCE = {
    "id": "2f1a", "createdBy": "ada", "comment": "maintenance", "startsAt": "2026-01-01T00:00:00.000Z", "endsAt": "2026-01-01T01:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z", "status": {"state": "active"},
    "matchers": [{"name": "alertname", "value": "Homeostat.*", "isRegex": True, "isEqual": True}, {"name": "host", "value": "h1", "isRegex": False}],
}  # fmt: skip
ALERT = {
    "annotations": {"confidence": "0.950"}, "endsAt": "2026-01-01T00:05:00.000Z", "fingerprint": "8d2f", "receivers": [{"name": "actor"}],
    "startsAt": "2026-01-01T00:00:00.000Z", "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"}, "updatedAt": "2026-01-01T00:00:00.000Z",
    "generatorURL": "http://prometheus:9090/graph", "labels": {"alertname": "HomeostatPropose", "target": "\0"},
}  # fmt: skip


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(lambda asked: Reply([])) as running:
        yield running


def client(site: Site, timeout: float = 2.0, token: str | None = None) -> Alertmanager:
    return Alertmanager(AlertmanagerConfig(url=f"{site.url}/", timeout=Duration(timeout)), token)


def test_active_silences_are_read_and_others_left_out(site: Site) -> None:
    others = [{**SILENCE, "id": state, "status": {"state": state}} for state in ("pending", "expired")]
    site.answer = lambda asked: Reply([SILENCE, *others])
    (found,) = client(site).silences()
    assert (found.id, found.created_by, found.comment, found.ends_at) == ("2f1a", "ada", "maintenance", "2026-01-01T01:00:00.000Z")
    assert [str(matcher) for matcher in found.matchers] == ['alertname=~"Homeostat.*"', 'host="h1"']


def test_alerts_are_asked_for_active_and_unmuted_with_every_matcher(site: Site) -> None:
    site.answer = lambda asked: Reply([ALERT])
    (alert,) = client(site).alerts('alertname=~"Homeostat.*"', 'host="a&b"')
    assert (alert.fingerprint, alert.labels, alert.annotations) == ("8d2f", ALERT["labels"], {"confidence": "0.950"})
    (asked,) = site.asked
    assert asked.path == "/api/v2/alerts"
    assert asked.query == {"filter": ['alertname=~"Homeostat.*"', 'host="a&b"'], "active": ["true"], "silenced": ["false"], "inhibited": ["false"]}


def test_a_silence_is_made_with_author_comment_and_times(site: Site) -> None:
    site.answer = lambda asked: Reply({"silenceID": "new"})
    made = client(site).silence([Matcher("host", "h1"), Matcher("target", "w.*", is_regex=True)], (1_700_000_000, 1_700_003_600), "ada", "why")
    assert made == "new"
    assert site.asked[0].json == {
        "matchers": [{"name": "host", "value": "h1", "isRegex": False, "isEqual": True}, {"name": "target", "value": "w.*", "isRegex": True, "isEqual": True}],
        "startsAt": "2023-11-14T22:13:20Z", "endsAt": "2023-11-14T23:13:20Z", "createdBy": "ada", "comment": "why",
    }  # fmt: skip


@pytest.mark.parametrize("silence_id", ["2f1a", "../alerts", "a/b?c#d", "é"])
def test_a_silence_is_ended_by_its_id_and_nothing_else(site: Site, silence_id: str) -> None:
    client(site).expire(silence_id)
    assert site.asked[0].method == "DELETE"
    assert site.asked[0].path.startswith("/api/v2/silence/")
    assert site.asked[0].path.count("/") == 4


def test_alerts_of_our_own_are_posted_as_the_api_spells_them(site: Site) -> None:
    client(site).post([PostedAlert(labels={"alertname": "HomeostatOutcome"}, annotations={"a": "\0"}, starts_at="s", ends_at="e")])
    assert site.asked[0].json == [{"labels": {"alertname": "HomeostatOutcome"}, "annotations": {"a": "\0"}, "startsAt": "s", "endsAt": "e", "generatorURL": ""}]


def test_the_token_is_sent_when_there_is_one(site: Site) -> None:
    client(site, token="a-token").silences()
    assert site.asked[0].headers["Authorization"] == "Bearer a-token"


CALLS: dict[str, Callable[[Alertmanager], Any]] = {
    "silences": lambda alertmanager: alertmanager.silences(),
    "alerts": lambda alertmanager: alertmanager.alerts(),
    "silence": lambda alertmanager: alertmanager.silence([], (0, 1), "a", "b"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"{}", b"[1]", b'[{"id": 1}]', b'{"silenceID": 1}', b'{"other": "x"}', b"\xff", b'[{"labels": {"a": null}}]'])
def test_an_answer_of_another_shape_is_an_error(site: Site, call: str, body: bytes) -> None:
    site.answer = lambda asked: Reply(body)
    with pytest.raises(AlertmanagerError, match="in an unknown shape") as error:
        CALLS[call](client(site))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 301, 204])
def test_a_refusal_is_told_with_its_status_and_words_and_no_redirect_is_followed(site: Site, status: int) -> None:
    body = b"" if status == 204 else b"bad\nmatcher"
    site.answer = lambda asked: Reply(body, status, {"Location": f"{site.url}/elsewhere"} if status == 301 else {})
    with pytest.raises(AlertmanagerError, match=f"answered {status} to GET silences") as error:
        client(site).silences()
    assert len(str(error.value).splitlines()) == 1
    assert len(site.asked) == 1


def test_nothing_listening_is_an_error_in_one_line() -> None:
    with pytest.raises(AlertmanagerError, match=r"Alertmanager at http://127\.0\.0\.1:9 gave no answer: ConnectionError"):
        Alertmanager(AlertmanagerConfig(url="http://127.0.0.1:9", timeout=Duration(1))).silences()


def test_an_answer_that_does_not_come_ends_at_the_timeout(site: Site) -> None:
    over = threading.Event()
    site.answer = lambda asked: Reply([over.wait(10)])
    began = time.monotonic()
    try:
        with pytest.raises(AlertmanagerError, match="gave no answer: ReadTimeout"):
            client(site, timeout=0.2).silences()
        assert time.monotonic() - began < 8
    finally:
        over.set()


LABELS = {"alertname": "HomeostatAutoExecute", "host": "h1", "target": "web"}


@pytest.mark.parametrize(
    ("matcher", "holds"),
    [
        (Matcher("target", "web"), True), (Matcher("target", "we"), False), (Matcher("target", "web", is_equal=False), False),
        (Matcher("target", "db", is_equal=False), True), (Matcher("target", "w.*", is_regex=True), True), (Matcher("target", "w", is_regex=True), False),
        (Matcher("target", "e", is_regex=True), False), (Matcher("target", "w.*", is_regex=True, is_equal=False), False), (Matcher("absent", ""), True),
        (Matcher("absent", ".+", is_regex=True), False), (Matcher("absent", "x", is_equal=False), True),
        (Matcher("alertname", "HomeostatAutoExecute|HomeostatNotifyExecute", is_regex=True), True), (Matcher("target", r"\p{L}+", is_regex=True), True),
        (Matcher("target", "(", is_regex=True, is_equal=False), True), (Matcher("target", "web{,3}", is_regex=True, is_equal=False), True),
    ],
)  # fmt: skip
def test_a_matcher_holds_as_in_alertmanager_and_what_we_cannot_read_counts_as_holding(matcher: Matcher, holds: bool) -> None:
    assert matcher.matches(LABELS) is holds


@pytest.mark.parametrize("pattern", ["(?i)CAFÉ", "(?si)CAFÉ"])
def test_letters_without_their_case_are_not_only_those_of_ascii(pattern: str) -> None:
    assert Matcher("target", pattern, is_regex=True).matches({"target": "café"})


@pytest.mark.parametrize("pattern", [r"(\w+-?)+x", "(a|a)*x", "(?:a+)+x", "a?" * 40 + "a" * 40, ".*" * 12 + "x", r"(?i)([a-z]+)*\d"])
def test_a_pattern_that_python_would_try_for_hours_counts_as_holding_at_once(pattern: str) -> None:
    began = time.process_time()
    assert Matcher("target", pattern, is_regex=True).matches({"target": "a" * 60})
    assert time.process_time() - began < 1


@pytest.mark.parametrize("pattern", ["(?i)(Web|Db)-.*", r"[^*+]+\.(foo|bar)(-[a-z]+)?", ".*a.*|.*b.*|.*c.*|.+d.+", r"\(\)+\*", "(?:x|y).*z"])
def test_a_pattern_as_people_write_them_is_tried(pattern: str) -> None:
    assert not Matcher("target", pattern, is_regex=True).matches({"target": "zzz"})


def test_a_silence_needs_all_of_its_matchers() -> None:
    assert silence(Matcher("host", "h1"), Matcher("target", "web")).matches(LABELS)
    assert not silence(Matcher("host", "h1"), Matcher("target", "db")).matches(LABELS)


@given(st.text(), st.text(), st.booleans(), st.booleans())
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_whatever_a_person_wrote_matching_never_raises(pattern: str, value: str, is_regex: bool, is_equal: bool) -> None:
    muted: Silence = silence(Matcher("target", pattern, is_regex, is_equal))
    assert muted.matches({"target": value}) in {True, False}


def test_muted_alerts_are_asked_for_too_with_what_mutes_them_and_who_is_told(site: Site) -> None:
    muted = {**ALERT, "status": {"inhibitedBy": ["f1"], "silencedBy": ["2f1a"], "state": "suppressed", "mutedBy": []}}
    site.answer = lambda asked: Reply([muted])
    (alert,) = client(site).all_alerts('host="h1"')
    assert alert.status is not None
    assert (alert.status.silenced_by, alert.status.inhibited_by, [receiver.name for receiver in alert.receivers]) == (("2f1a",), ("f1",), ["actor"])
    assert site.asked[0].query == {"filter": ['host="h1"'], "active": ["true"], "silenced": ["true"], "inhibited": ["true"]}
