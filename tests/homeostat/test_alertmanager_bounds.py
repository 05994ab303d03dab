"""An Alertmanager that answers slowly, without end, or only half holds nobody up."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import TYPE_CHECKING

import pytest

from homeostat import alertmanager as door
from homeostat.alertmanager import Alertmanager, AlertmanagerError
from homeostat.config.types import Alertmanager as AlertmanagerConfig
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT_SECONDS = 0.5


def trickles(handler: http.server.BaseHTTPRequestHandler) -> None:
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def never_ends(handler: http.server.BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b" " * 65536)


def breaks_off(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"[")


def says_nothing(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(3 * TIMEOUT_SECONDS)


@contextlib.contextmanager
def answering(body: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.send_response(200)
                self.send_header("Content-Length", str(10**9))
                self.end_headers()
                body(self)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("body", [trickles, never_ends, breaks_off, says_nothing])
def test_it_is_given_up_within_bounds(body: Callable[[http.server.BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_MOST_BYTES", 4 * 1024**2)
    with answering(body) as url:
        asked = Alertmanager(AlertmanagerConfig(url=url, timeout=Duration(TIMEOUT_SECONDS)))
        began = time.monotonic()
        with pytest.raises(AlertmanagerError, match="gave no answer"):
            asked.alerts()
        assert time.monotonic() - began < 20 * TIMEOUT_SECONDS
