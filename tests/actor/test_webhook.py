"""Intake: receive, validate, persist, then answer; only 202, 400, 401, 413 and 503."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actor.journal import Journal, JournalError, intake
from homeostat.daemon import MOST_BODY_BYTES
from tests.actor.web import AS_ALERTMANAGER, INTAKE, OPERATOR, Pages, alert, pages_of, payload, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Actor

ALLOWED = {202, 400, 401, 413, 503}


@pytest.fixture
def pages(actor: Actor) -> Pages:
    return pages_of(actor)


def post(pages: Pages, body: bytes, path: str = "/webhook", **headers: str) -> int:
    answer = pages.client.post(path, data=body, headers=AS_ALERTMANAGER | headers)
    assert answer.status_code in ALLOWED
    assert answer.text.count("\n") == 1
    return answer.status_code


def stored(actor: Actor) -> int:
    return len(actor.journal.rows("SELECT id FROM alerts"))


@pytest.mark.parametrize("path", ["/webhook", "/webhook/", "/", ""])
def test_a_delivery_is_stored_before_it_is_acknowledged(actor: Actor, pages: Pages, path: str) -> None:
    assert post(pages, payload(), path) == 202
    assert [waiting.labels for waiting in intake.undecided(actor.journal)] == [alert()["labels"]]
    assert pages.service.bell.is_set()


def test_the_body_is_kept_whole_with_what_we_do_not_read(actor: Actor, pages: Pages) -> None:
    body = payload(somethingNew={"a": 1})
    post(pages, body)
    assert actor.journal.rows("SELECT body FROM deliveries")[0]["body"] == body


def test_a_202_is_durable_and_the_next_process_decides_it(actor: Actor, pages: Pages) -> None:
    assert post(pages, payload()) == 202
    actor.restarted().turn()


def test_every_alert_of_a_group_is_stored(actor: Actor, pages: Pages) -> None:
    post(pages, payload(alert(), alert(status="resolved"), alert(fingerprint="2")))
    assert stored(actor) == 3


def test_alerts_that_were_cut_away_are_noted(actor: Actor, pages: Pages) -> None:
    post(pages, payload(truncatedAlerts=7))
    assert actor.journal.rows("SELECT truncated FROM deliveries")[0]["truncated"] == 7


@pytest.mark.parametrize("value", ["\0", "a\0b", "$(reboot)", "../../etc", "a\nb", "-rf", "{{ .Labels }}", "\u202e", "'; DROP TABLE alerts; --", "é", "\U0001f600"])
def test_labels_are_stored_verbatim(actor: Actor, pages: Pages, value: str) -> None:
    assert post(pages, payload(alert(labels={"target": value, value: "x"}))) == 202
    assert intake.undecided(actor.journal)[0].labels == {"target": value, value: "x"}


MALFORMED = {
    "nothing": b"",
    "no JSON": b"alerts",
    "half a JSON": payload()[:-20],
    "a list": b"[]",
    "null": b"null",
    "no UTF-8": b'{"version": "\xff"}',
    "a lone surrogate": payload(alert(labels={"a": "\ud800"})),
    "another version": payload(version="3"),
    "a version that is a number": payload(version=4),
    "no version": b'{"status": "firing", "alerts": []}',
    "no alerts": json.dumps({"version": "4", "status": "firing"}).encode(),
    "alerts that are none": payload(alerts={"a": 1}),
    "an alert without labels": payload({"status": "firing", "annotations": {}, "startsAt": "", "fingerprint": ""}),
    "a label that is a number": payload(alert(labels={"a": 1})),
    "a label that is null": payload(alert(labels={"a": None})),
    "truncated that is text": payload(truncatedAlerts="many"),
    "deeper than anybody reads": b'{"version": "4", "status": "firing", "alerts": ' + b"[" * 100_000,
    "a number beyond any": b'{"version": "4", "status": "firing", "alerts": [], "truncatedAlerts": 1e999}',
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_body_is_400_and_nothing_is_stored(actor: Actor, pages: Pages, fault: str) -> None:
    assert post(pages, MALFORMED[fault]) == 400
    assert stored(actor) == 0


@given(st.one_of(st.binary(max_size=300), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(lambda value: json.dumps({"version": "4", "status": "firing", "alerts": value}).encode())))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_the_answer_is_one_of_ours(pages: Pages, body: bytes) -> None:
    assert post(pages, body) in {202, 400}


def test_a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_413(actor: Actor, pages: Pages) -> None:
    room = MOST_BODY_BYTES - len(payload(padding=""))
    assert post(pages, payload(padding="x" * room)) == 202
    assert post(pages, payload(padding="x" * (room + 1))) == 413
    assert stored(actor) == 1


@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", f"Bearer {OPERATOR[0]}", f"Bearer {INTAKE[0]}x", f"Bearer {INTAKE[0][:-1]}", f"Token {INTAKE[0]}", INTAKE[0],
        "Basic !!!", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Basic " + base64.b64encode(f"{INTAKE[0]}:".encode()).decode(),
    ],
)  # fmt: skip
def test_without_a_valid_credential_it_is_401_and_nothing_changes_but_a_counter(actor: Actor, pages: Pages, header: str | None) -> None:
    answer = pages.client.post("/webhook", data=payload(), headers={"Authorization": header} if header is not None else {})
    assert answer.status_code == 401
    assert (stored(actor), pages.service.requests.read()[401]) == (0, 1)
    assert not pages.service.bell.is_set()


@pytest.mark.parametrize("token", INTAKE)
def test_both_tokens_of_a_rotation_are_valid_as_bearer_and_as_basic(pages: Pages, token: str) -> None:
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    for header in (f"Bearer {token}", f"bearer {token}", f"Basic {basic}"):
        assert post(pages, payload(), Authorization=header) == 202


def test_without_any_token_configured_everybody_may_deliver(actor: Actor) -> None:
    pages = pages_of(actor, intake=(), operator=())
    assert pages.client.post("/webhook", data=payload()).status_code == 202


def test_a_journal_that_cannot_be_written_is_503_so_that_it_is_delivered_again(actor: Actor, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(journal: Journal) -> None:
        raise JournalError("journal.db: not written: database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "transaction", full)
        assert post(pages, payload()) == 503
    assert post(pages, payload()) == 202
    assert stored(actor) == 1


def test_every_answer_is_counted_by_its_code(pages: Pages) -> None:
    post(pages, payload())
    post(pages, b"")
    pages.client.post("/webhook", data=payload())
    assert pages.service.requests.read() == {202: 1, 400: 1, 401: 1, 413: 0, 503: 0}


@pytest.mark.parametrize("path", ["//webhook", "/webhook//", "///", "/./webhook"])
def test_never_a_redirect(pages: Pages, path: str) -> None:
    assert pages.client.post(path, data=payload(), headers=AS_ALERTMANAGER).status_code not in range(300, 400)


@pytest.fixture
def address(pages: Pages) -> Iterator[tuple[str, int]]:
    with served(pages.app) as listening:
        yield listening


def raw(address: tuple[str, int], request: bytes) -> int:
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request)
        return int(connection.makefile("rb").readline().split()[1])


HEAD = f"POST /webhook HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer {INTAKE[0]}\r\n".encode()


def test_over_a_real_socket_a_delivery_is_stored(actor: Actor, address: tuple[str, int]) -> None:
    url = f"http://{address[0]}:{address[1]}/webhook"
    answer = requests.post(url, data=payload(alert(labels={"target": "\0"})), headers=AS_ALERTMANAGER, timeout=5)
    assert answer.status_code == 202
    assert intake.undecided(actor.journal)[0].labels == {"target": "\0"}


def test_over_a_real_socket_every_refusal_has_its_code(address: tuple[str, int]) -> None:
    body = payload()
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    assert raw(address, HEAD.replace(b"Bearer", b"Broken") + length + body) == 401
    assert raw(address, HEAD + b"Content-Length: 3\r\n\r\nabc") == 400
    assert raw(address, HEAD + length + body) == 202
    assert raw(address, HEAD + f"Content-Length: {MOST_BODY_BYTES + 1}\r\n\r\n".encode() + b"x" * (MOST_BODY_BYTES + 1)) == 413


def test_over_a_real_socket_a_refusal_is_told_whole_whatever_letters_it_quotes(address: tuple[str, int]) -> None:
    answer = requests.post(f"http://{address[0]}:{address[1]}/webhook", data=payload(version="\u00e9\U0001f600"), headers=AS_ALERTMANAGER, timeout=5)
    answer.encoding = "utf-8"
    assert (answer.status_code, answer.text) == (400, "This is no Alertmanager webhook of version 4: its version is '\u00e9\U0001f600'\n")


def test_a_body_in_chunks_is_taken(actor: Actor, address: tuple[str, int]) -> None:
    body = payload()
    assert raw(address, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n") == 202
    assert stored(actor) == 1


def test_a_body_that_claims_a_gibibyte_is_refused_before_it_is_read(address: tuple[str, int]) -> None:
    assert raw(address, HEAD + b"Content-Length: 1073741823\r\n\r\n" + b"x" * 1000) == 413


def test_half_sent_bodies_do_not_keep_others_waiting(address: tuple[str, int]) -> None:
    stalled = [socket.create_connection(address, timeout=5) for _ in range(30)]
    try:
        for connection in stalled:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        url = f"http://{address[0]}:{address[1]}/webhook"
        assert requests.post(url, data=payload(), headers=AS_ALERTMANAGER, timeout=2).status_code == 202
    finally:
        for connection in stalled:
            connection.close()
