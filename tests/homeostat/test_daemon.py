"""What both daemons do alike: addresses, health pages, serving, signals."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time

import flask
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from waitress import wasyncore

from homeostat import daemon


@pytest.mark.parametrize(
    ("address", "read"),
    [("127.0.0.1:9921", ("127.0.0.1", 9921)), (":9921", ("0.0.0.0", 9921)), ("[::1]:9921", ("::1", 9921)), ("localhost:0", ("localhost", 0)), ("h.example:80", ("h.example", 80))],
)
def test_an_address_is_a_host_and_a_port(address: str, read: tuple[str, int]) -> None:
    assert daemon.split_address(address) == read


@pytest.mark.parametrize("address", ["", "9921", "host", "host:", "host:http", "host:-1", "host:65536", "host:1.5", "host:²"])
def test_what_is_no_address_says_how_to_write_one(address: str) -> None:
    with pytest.raises(ValueError):
        daemon.split_address(address)


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        assert daemon.split_address(text)[1] <= 65535
    except ValueError:
        assert True


@pytest.mark.parametrize(("address", "own"), [("127.0.0.1:1", True), ("127.9.9.9:1", True), ("localhost:1", True), ("[::1]:1", True), (":1", False), ("0.0.0.0:1", False),
                                              ("[::]:1", False), ("192.168.0.2:1", False), ("127.example.com:1", False), ("localhost.example.com:1", False)])  # fmt: skip
def test_loopback_is_only_loopback(address: str, own: bool) -> None:
    assert daemon.is_loopback(address) is own


def app(unready: str | None = None, fault: str | None = None, secret: str = "") -> flask.Flask:
    pages = flask.Flask("test")
    health = daemon.Health(unready=lambda: unready, reload=lambda: fault, may_reload=lambda header: (header or "") == secret)
    daemon.health_routes(pages, health)
    return pages


def test_health_pages_say_what_is_so() -> None:
    assert app().test_client().get("/-/healthy").status_code == 200
    assert app().test_client().get("/-/ready").status_code == 200
    waiting = app(unready="not yet reconciled").test_client().get("/-/ready")
    assert (waiting.status_code, waiting.text) == (503, "Not ready: not yet reconciled\n")


def test_a_reload_says_whether_it_was_taken_over() -> None:
    assert app().test_client().post("/-/reload").text == "Reloaded.\n"
    answer = app(fault="homeostat.yml:3: no").test_client().post("/-/reload")
    assert (answer.status_code, answer.text) == (500, "homeostat.yml:3: no\n")


def test_a_reload_needs_its_credential_and_a_get_never_acts() -> None:
    assert app(secret="x").test_client().post("/-/reload").status_code == 401
    assert app().test_client().get("/-/reload").status_code == 405


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_port_that_is_taken_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match=f"cannot listen on {address}: Address already in use"):
            daemon.Server(app(), address)
    # waitress forgets to close what it could not bind; a daemon ends here anyway.
    gc.collect()


def test_a_host_that_is_none_is_an_error_that_names_it() -> None:
    with pytest.raises(OSError, match=r"cannot listen on nowhere\.invalid:0"):
        daemon.Server(app(), "nowhere.invalid:0")


def test_a_server_finishes_the_requests_under_way_before_it_ends() -> None:
    pages, entered = flask.Flask("slow"), threading.Event()

    @pages.get("/")
    def slow() -> str:
        entered.set()
        time.sleep(0.4)
        return "done"

    server = daemon.Server(pages, "127.0.0.1:0")
    server.start()
    answers: list[str] = []
    url = f"http://127.0.0.1:{server._server.effective_port}/"
    asking = threading.Thread(target=lambda: answers.append(requests.get(url, timeout=5).text))
    asking.start()
    assert entered.wait(5)
    server.close()
    asking.join()
    wasyncore.close_all(server._server._map, ignore_all=True)
    server._thread.join()
    assert answers == ["done"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_and_a_hang_up_reloads_first(number: signal.Signals) -> None:
    before = {name: signal.getsignal(name) for name in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    reloads: list[int] = []

    def reload() -> None:
        reloads.append(1)
        os.kill(os.getpid(), number)

    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGHUP)).start()
    try:
        daemon.wait_for_signals(threading.Event(), reload)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    assert reloads == [1]
