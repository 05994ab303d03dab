"""A proxy before Prometheus that can be told to misbehave."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What a fault does with a request of which it was told the path and the body; it says whether it has answered.
Fault = "Callable[[Handler, str, bytes], bool]"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with contextlib.suppress(OSError):
            if self.server.fault(self, self.path, body):
                return
            kept = {name: value for name, value in self.headers.items() if name not in {"Host", "Content-Length"}}
            answer = requests.post(self.server.upstream + self.path, data=body, headers=kept, timeout=30)
            self.reply(answer.status_code, answer.content)

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: object) -> None:
        return


class Proxy(http.server.ThreadingHTTPServer):
    """Passes every POST on, unless `fault` answers it."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.fault: Any = obedient
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def before(upstream: str) -> Iterator[Proxy]:
    with Proxy(upstream) as proxy:
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield proxy
        proxy.shutdown()


def obedient(handler: Handler, path: str, body: bytes) -> bool:
    return False


def without_remote_read(handler: Handler, path: str, body: bytes) -> bool:
    if path == "/api/v1/read":
        handler.reply(404, b"404 page not found")
        return True
    return False


def about(metric: bytes, fault: Callable[[Handler], None]) -> Callable[[Handler, str, bytes], bool]:
    """Let a fault befall what asks about `metric`."""

    def befallen(handler: Handler, path: str, body: bytes) -> bool:
        if metric in body:
            fault(handler)
            return True
        return False

    return befallen


def busy(handler: Handler) -> None:
    handler.reply(503, b"busy")


def slow(handler: Handler) -> None:
    time.sleep(3)
    handler.reply(200, b"late")


def trickling(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def broken_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.wfile.write(b'{"status":"success","data":{"resultType":"vector","result":[')
    handler.close_connection = True


def a_million_series(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}')
    for number in range(1000):
        rows = (b',{"metric":{"instance":"host%d","job":"careless","a":"%s"},"value":[1700000000,"1"]}' % (number, b"x" * 150) for _ in range(1000))
        handler.wfile.write(b"".join(rows))
    handler.wfile.write(b"]}}")
    handler.close_connection = True


def too_many_series(handler: Handler) -> None:
    rows = b",".join(b'{"metric":{"instance":"host%d"},"value":[1700000000,"1"]}' % number for number in range(60_000))
    handler.reply(200, b'{"status":"success","data":{"resultType":"vector","result":[' + rows + b"]}}")
