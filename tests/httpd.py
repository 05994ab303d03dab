"""A small real HTTP server that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import threading
import urllib.parse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body's form fields."""
        return {name: values[0] for name, values in urllib.parse.parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclasses.dataclass(frozen=True)
class Reply:
    """What is answered, JSON unless it is bytes already."""

    body: Any = dataclasses.field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclasses.dataclass
class Site:
    """A server's address, what it was asked, and who answers."""

    url: str
    answer: Callable[[Asked], Reply]
    asked: list[Asked] = dataclasses.field(default_factory=list)


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Reply]) -> Iterator[Site]:
    """Serve on a loopback port for as long as the block lasts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, parts.path, urllib.parse.parse_qs(parts.query), dict(self.headers), body)
            site.asked.append(asked)
            reply = site.answer(asked)
            with contextlib.suppress(ConnectionError):
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.content())), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.content())

        do_GET = do_POST = do_DELETE = do_any  # noqa: N815 - the names that http.server calls

        def log_message(self, *values: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_address[1]}", answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
