"""Bulk reading against a real HTTP server: many series at once, remote_read and its absence, and answers out of bounds."""

from __future__ import annotations

import contextlib
import http.server
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat import prometheus as door
from homeostat.block import MalformedError, read_matrix, read_vector
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.config.units import Duration
from homeostat.matchers import plain
from homeostat.prometheus import Prometheus, PrometheusError, RemoteReadError
from tests.exporter.fakes import FakeClock
from tests.homeostat import wire
from tests.httpd import Asked, Reply, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.block import Block

NOW = 1_700_000_000.0
UP = [plain("up")]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(lambda asked: Reply({})) as running:
        yield running


def client(site: Site, timeout: float = 2.0, token: str | None = None) -> Prometheus:
    return Prometheus(PrometheusConfig(url=site.url, timeout=Duration(timeout)), token)


def success(result: list[Any], **more: Any) -> Reply:
    return Reply({"status": "success", "data": {"resultType": "x", "result": result}, **more})


def rows(block: Block) -> dict[str, list[tuple[float, float]]]:
    found, end = {}, 0
    for name, count in zip(block.names, block.counts.tolist(), strict=True):
        end += count
        span = slice(end - count, end)
        found[block.read_labels(name)["a"]] = list(zip(block.timestamps[span].tolist(), block.values[span].tolist(), strict=True))
    return found


def test_a_vector_is_read_into_columns(site: Site) -> None:
    site.answer = lambda asked: success([{"metric": {"a": "x"}, "value": [NOW, "1.5"]}, {"metric": {"a": "y"}, "value": [NOW, "+Inf"]}])
    assert rows(client(site).vector("up", NOW)) == {"x": [(NOW, 1.5)], "y": [(NOW, math.inf)]}
    assert site.asked[0].form == {"query": "up", "time": "1700000000.0"}


def test_a_matrix_is_read_into_columns_with_every_number_that_prometheus_writes(site: Site) -> None:
    site.answer = lambda asked: success(
        [
            {"metric": {"a": "x"}, "values": [[NOW, "1e+06"], [NOW + 0.5, "-Inf"], [NOW + 1, "0"]]},
            {"metric": {"a": "none"}, "values": []},
            {"metric": {"a": 'y["]'}, "values": [[NOW, "-1.25e-300"]]},
        ]
    )  # fmt: skip
    found = rows(client(site).matrix("up", NOW, NOW + 1, 0.5))
    assert found == {"x": [(NOW, 1e6), (NOW + 0.5, -math.inf), (NOW + 1, 0.0)], "none": [], 'y["]': [(NOW, -1.25e-300)]}
    assert site.asked[0].form == {"query": "up", "start": "1700000000.0", "end": "1700000001.0", "step": "0.5"}


def test_not_a_number_is_read_as_that(site: Site) -> None:
    site.answer = lambda asked: success([{"metric": {"a": "x"}, "values": [[NOW, "NaN"]], "value": [NOW, "NaN"]}])
    for block in (client(site).vector("up", NOW), client(site).matrix("up", NOW, NOW, 1)):
        assert math.isnan(block.values[0])


def test_no_series_is_no_error(site: Site) -> None:
    site.answer = lambda asked: success([])
    assert (rows(client(site).vector("up", NOW)), rows(client(site).matrix("up", NOW, NOW, 1))) == ({}, {})


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"null", b"[]", b"{}", b'{"status": "success", "data": {}}', b'{"status": "success", "data": {"result": [1]}}', b'{"status": "success", "data": {"result": [{}]}}',
     b'{"status": "success", "data": {"result": [{"metric": {}, "value": [1, "x"], "values": [[1, "x"]]}]}}', b'{"status": "success", "data": {"result": [1700000000, "1"]}}',
     b'{"status": "success", "data": {"result": [{"metric": {}, "value": [1], "values": [[1]]}]}}', b'{"status": "success", "data": {"result": [{"metric": {}, "value": 1, "values": 1}]}}',
     b'{"status": "success", "data": {"result": [{"metric": {}, "values": [[1, "2,3"]], "value": [1, "2,3"]}]}}', b"\xff\xfe"],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error_in_one_line(site: Site, body: bytes) -> None:
    site.answer = lambda asked: Reply(body)
    for ask in (lambda: client(site).vector("up", NOW), lambda: client(site).matrix("up", NOW, NOW, 1)):
        with pytest.raises(PrometheusError, match="gave no answer to 'up'") as error:
            ask()
        assert len(str(error.value).splitlines()) == 1


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_block_or_one_clean_error(body: bytes, framed: bool) -> None:
    whole = b'{"status": "success", "data": {"result": [{"metric": {}, "value": [1, "1"], "values": [' + body + b"]}]}}" if framed else body
    for read in (read_vector, read_matrix):
        with contextlib.suppress(MalformedError):
            read(whole)


def test_a_refusal_is_told_with_its_reason(site: Site) -> None:
    site.answer = lambda asked: Reply({"status": "error", "error": "parse error: unexpected end"}, 400)
    with pytest.raises(PrometheusError, match=r"refused 'up\('.*HTTP 400.*parse error: unexpected end"):
        client(site).vector("up(", NOW)


def test_an_answer_in_part_is_none(site: Site) -> None:
    site.answer = lambda asked: success([], warnings=["PromQL info: x", "a store is missing"])
    for ask in (lambda: client(site).vector("up", NOW), lambda: client(site).matrix("up", NOW, NOW, 1)):
        with pytest.raises(PrometheusError, match="answered 'up' in part: a store is missing"):
            ask()


def test_remarks_on_a_query_are_logged_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.answer = lambda asked: success([], warnings=["PromQL info: metric might not be a counter"])
    asking = client(site)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert rows(asking.vector("up", NOW)) == {}
    assert caplog.text.count("prometheus warned query='up' warnings=['PromQL info: metric might not be a counter']") == 1


def test_an_error_that_is_sent_as_if_all_were_well_is_an_error(site: Site) -> None:
    site.answer = lambda asked: Reply({"status": "error", "error": "a store is down", "data": {"result": []}})
    for ask in (lambda: client(site).vector("up", NOW), lambda: client(site).matrix("up", NOW, NOW, 1)):
        with pytest.raises(PrometheusError, match="gave no answer to 'up'"):
            ask()


def test_remote_read_sends_what_the_protocol_wants_and_reads_what_comes(site: Site) -> None:
    samples = [(NOW - 15, 1.0), (NOW, 0.0)]
    site.answer = lambda asked: Reply(wire.answer(({"a": "x"}, samples)))
    assert rows(client(site, token="a-token").remote_read(UP, NOW - 60, NOW)) == {"x": samples}
    (asked,) = site.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/read")
    wanted = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Read-Version": "0.1.0", "Authorization": "Bearer a-token"}
    assert wanted.items() <= asked.headers.items()
    assert b"up" in bytes(cramjam.snappy.decompress_raw(asked.body))


@pytest.mark.parametrize("reply", [Reply(b"", 404), Reply(b"", 405), Reply(b"", 501), Reply(b"no", 403), Reply(b"exceeded sample limit", 400), Reply(b"<html>welcome</html>")])
def test_a_server_without_remote_read_is_told_once_and_not_asked_again(site: Site, caplog: pytest.LogCaptureFixture, reply: Reply) -> None:
    site.answer, clock = lambda asked: reply, FakeClock()
    asking = Prometheus(PrometheusConfig(url=site.url), clock=clock)
    for _ in range(2):
        with pytest.raises(RemoteReadError, match="offers no remote_read"):
            asking.remote_read(UP, NOW - 60, NOW)
    assert len(site.asked) == 1
    assert not asking.reads_remotely
    clock.seconds += 3600
    assert asking.reads_remotely
    assert caplog.text.count("query_range is asked instead") == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again_another_time(site: Site, status: int) -> None:
    site.answer = lambda asked: Reply(b"", status)
    asking = client(site)
    with pytest.raises(PrometheusError) as error:
        asking.remote_read(UP, NOW - 60, NOW)
    assert not isinstance(error.value, RemoteReadError)
    site.answer = lambda asked: Reply(wire.answer())
    assert rows(asking.remote_read(UP, NOW - 60, NOW)) == {}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow answers of 1 MiB."""
    monkeypatch.setattr(door, "MOST_BYTES", 1 << 20)


class Drip(http.server.BaseHTTPRequestHandler):
    """Answers without an end, as fast or slow as its server says, and counts what it could send."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.over.wait(self.server.pause_seconds):
                self.server.sent += self.wfile.write(b" " * self.server.chunk_bytes)

    def log_message(self, *values: object) -> None:
        return


@contextlib.contextmanager
def dripping(chunk_bytes: int, pause_seconds: float) -> Iterator[Any]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip) as server:
        server.over, server.sent, server.chunk_bytes, server.pause_seconds = threading.Event(), 0, chunk_bytes, pause_seconds
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()


ASKS = [lambda one: one.query("up"), lambda one: one.vector("up", NOW), lambda one: one.matrix("up", NOW, NOW, 1), lambda one: one.remote_read(UP, NOW, NOW)]


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.usefixtures("small")
def test_an_answer_without_an_end_is_cut_off(ask: Any) -> None:
    with dripping(1 << 16, 0) as server:
        asking = Prometheus(PrometheusConfig(url=f"http://127.0.0.1:{server.server_port}", timeout=Duration(5)))
        with pytest.raises(PrometheusError, match="TooLargeError: more than 1 MiB") as error:
            ask(asking)
        assert len(str(error.value).splitlines()) == 1
        assert server.sent < 32 << 20


@pytest.mark.parametrize("ask", ASKS)
def test_an_answer_that_trickles_ends_at_the_timeout(ask: Any) -> None:
    with dripping(1, 0.05) as server:
        asking = Prometheus(PrometheusConfig(url=f"http://127.0.0.1:{server.server_port}", timeout=Duration(0.3)))
        began = time.monotonic()
        with pytest.raises(PrometheusError, match="TooSlowError: not over after"):
            ask(asking)
        assert time.monotonic() - began < 15


def test_an_answer_that_breaks_off_is_an_error(site: Site) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(success([]).content(), headers={"Content-Length": "1000", "Connection": "close"})

    site.answer = answer
    for ask in ASKS:
        with pytest.raises(PrometheusError, match="gave no answer"):
            ask(client(site))
