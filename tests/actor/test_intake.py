"""Whatever reaches the intake, broken or slow, the real server answers with one of five codes, and goes on."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actor.journal import intake
from actor.loop import Loop
from tests.actor.test_webhook import raw
from tests.actor.web import AS_ALERTMANAGER, INTAKE, pages_of, payload, served
from tests.support import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Host

ALLOWED = {202, 400, 401, 413, 503}
BODY = payload()


@pytest.fixture
def address(actor: Actor) -> Iterator[tuple[str, int]]:
    with served(pages_of(actor).app) as listening:
        yield listening


def answered(address: tuple[str, int], request: bytes, *, closes: bool = False) -> int | None:
    """Return the code of the answer, None when the server hung up without one."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.settimeout(0.3 if closes else 5)
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            if closes:
                connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError, TimeoutError):
            line = connection.makefile("rb").readline()
            return int(line.split()[1]) if line else None
    return None


METHODS = st.sampled_from([b"POST", b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE", b"BREW", b"post"])
PATHS = st.sampled_from([b"/webhook", b"/webhook/", b"/webhook?a=b", b"/webhook#x", b"/%77ebhook", b"http://other/webhook"])
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0"])
AUTHORIZATIONS = st.sampled_from([f"Bearer {INTAKE[0]}".encode(), b"Bearer wrong", b"Basic !!!", b"", b"\xff\xfe"])
HEADERS = st.sampled_from([
    b"", b"X: 1\r\n", b"X-Long: " + b"a" * 300_000 + b"\r\n", b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 5, 5\r\n", b"Content-Length: 99999999999999\r\n", b"Content-Type: text/html\r\n", b"Expect: 100-continue\r\n", b"no colon\r\n", b" folded\r\n",
    b"Content-Encoding: gzip\r\n", b"Host: a\r\nHost: b\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n",
])  # fmt: skip
BODIES = st.sampled_from([BODY, b"", b"{", b"null", b"[]", b"\x00" * 50, b"3\r\nabc\r\n0\r\n\r\n", b"zz\r\nabc\r\n0\r\n\r\n", BODY[:-5]]) | st.binary(max_size=60)


@given(st.tuples(METHODS, PATHS, VERSIONS, AUTHORIZATIONS, HEADERS, BODIES))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_on_the_intakes_route_the_answer_is_one_of_five(address: tuple[str, int], parts: tuple[bytes, ...]) -> None:
    method, path, version, authorization, header, body = parts
    length = b"" if b"-Length" in header or b"chunked" in header else b"Content-Length: %d\r\n" % len(body)
    head = b"%s %s %s\r\nAuthorization: %s\r\n%s%sConnection: close\r\n\r\n" % (method, path, version, authorization, header, length)
    code = answered(address, head + body, closes=True)
    assert code is None or code in ALLOWED | {100}, head[:200]


@pytest.mark.parametrize("request_line", [b"\x00\x01\x02\r\n\r\n", b"POST\r\n\r\n", b"POST /webhook\r\n\r\n", b"GET /webhook HTTP/9.9\r\n\r\n", b"\r\n" * 50 + b"x\r\n\r\n"])
def test_what_is_no_http_is_400_or_one_of_ours(address: tuple[str, int], request_line: bytes) -> None:
    assert answered(address, request_line) in ALLOWED


@pytest.mark.parametrize(
    ("header", "code"), [(b"X-Long: " + b"a" * 300_000, 400), (b"Transfer-Encoding: gzip", 400), (b"Content-Length: 1073741823", 413), (b"Content-Length: x", 400)]
)
def test_what_the_server_itself_refuses_has_a_code_that_alertmanager_knows(address: tuple[str, int], header: bytes, code: int) -> None:
    assert answered(address, b"POST /webhook HTTP/1.1\r\nHost: h\r\n" + header + b"\r\n\r\n") == code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/webhook", "/webhook/"])
def test_another_method_on_the_intake_is_400_and_401_without_a_credential(address: tuple[str, int], method: str, path: str) -> None:
    url = f"http://{address[0]}:{address[1]}{path}"
    assert requests.request(method, url, headers=AS_ALERTMANAGER, timeout=5).status_code == 400
    assert requests.request(method, url, timeout=5).status_code == 401


def test_an_error_of_our_own_is_503_so_that_it_is_delivered_again(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(intake, "store", broken)
    answer = requests.post(f"http://{address[0]}:{address[1]}/webhook", data=BODY, headers=AS_ALERTMANAGER, timeout=5)
    assert (answer.status_code, answer.text) == (503, "The delivery met an error; deliver again.\n")


def test_hundreds_of_slow_clients_keep_nobody_waiting(address: tuple[str, int]) -> None:
    head = f"POST /webhook HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {INTAKE[0]}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    with contextlib.ExitStack() as stalled:
        for _ in range(200):
            stalled.enter_context(socket.create_connection(address, timeout=5)).sendall(head + BODY[:3])
        assert raw(address, head.replace(b"Host: h", b"Connection: close") + BODY) == 202


def test_a_truncated_delivery_has_alertmanager_asked_at_once(host: Host) -> None:
    actor = Actor(host, actor={"reconcile": "1h"})
    pages, asked = pages_of(actor), threading.Semaphore(0)
    real = actor.alertmanager.alerts
    actor.alertmanager.alerts = lambda *matchers: (asked.release(), real(*matchers))[1]  # type: ignore[method-assign]
    loop = Loop(pages.service)
    loop.start()
    try:
        assert asked.acquire(timeout=10)
        assert pages.client.post("/webhook", data=BODY, headers=AS_ALERTMANAGER).status_code == 202
        assert not asked.acquire(timeout=0.3)
        assert pages.client.post("/webhook", data=payload(truncatedAlerts=1), headers=AS_ALERTMANAGER).status_code == 202
        assert asked.acquire(timeout=10)
    finally:
        actor.world.ending.set()
        pages.service.bell.set()
        loop.close()
        actor.journal.close()
