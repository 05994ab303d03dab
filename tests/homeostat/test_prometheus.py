"""The adapter around prometheus-api-client, against a real HTTP server: timeout, retry, warnings, splitting, escaping."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.config.units import Duration
from homeostat.prometheus import MOST_POINTS, Prometheus, PrometheusError, quoted, selector
from tests.httpd import Asked, Reply, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


def vector(*rows: tuple[dict[str, str], str], **more: Any) -> Reply:
    result = [{"metric": labels, "value": [1700000000.5, value]} for labels, value in rows]
    return Reply({"status": "success", "data": {"resultType": "vector", "result": result}, **more})


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(lambda asked: vector(({"__name__": "up", "job": "node"}, "1"))) as running:
        yield running


def client(site: Site, timeout: float = 2.0, token: str | None = None) -> Prometheus:
    return Prometheus(PrometheusConfig(url=f"{site.url}/", timeout=Duration(timeout)), token)


def test_an_instant_query_yields_labels_time_and_value(site: Site) -> None:
    (sample,) = client(site).query("up")
    assert (sample.labels, sample.timestamp, sample.value) == ({"__name__": "up", "job": "node"}, 1700000000.5, 1.0)


@pytest.mark.parametrize(("text", "value"), [("+Inf", math.inf), ("-Inf", -math.inf), ("1e-300", 1e-300), ("NaN", math.nan)])
def test_every_number_of_prometheus_is_read(site: Site, text: str, value: float) -> None:
    site.answer = lambda asked: vector(({}, text))
    (sample,) = client(site).query("x")
    assert sample.value == value or (math.isnan(value) and math.isnan(sample.value))


def test_the_query_goes_in_the_body_where_a_long_one_fits(site: Site) -> None:
    long = "+".join(["up"] * 20_000)
    client(site).query(long)
    (asked,) = site.asked
    assert (asked.method, asked.path, asked.query, asked.form["query"]) == ("POST", "/api/v1/query", {}, long)


def test_the_token_is_sent_when_there_is_one(site: Site) -> None:
    client(site).query("up")
    client(site, token="a-token").query("up")
    assert [asked.headers.get("Authorization") for asked in site.asked] == [None, "Bearer a-token"]


def test_nothing_listening_is_an_error_in_one_line() -> None:
    with pytest.raises(PrometheusError, match=r"Prometheus at http://127\.0\.0\.1:9 gave no answer to 'up': ConnectionError") as error:
        Prometheus(PrometheusConfig(url="http://127.0.0.1:9", timeout=Duration(1))).query("up")
    assert len(str(error.value).splitlines()) == 1


def test_an_answer_that_does_not_come_ends_at_the_timeout(site: Site) -> None:
    over = threading.Event()
    site.answer = lambda asked: Reply([over.wait(10)])
    began = time.monotonic()
    try:
        with pytest.raises(PrometheusError, match="gave no answer"):
            client(site, timeout=0.2).query("up")
        # Asked three times in all, with 0.4 s of waiting between.
        assert time.monotonic() - began < 9
    finally:
        over.set()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_prometheus_that_is_busy_is_asked_again(site: Site, status: int) -> None:
    answers = iter([Reply({}, status), Reply({}, status), vector(({}, "1"))])
    site.answer = lambda asked: next(answers)
    assert client(site).query("up")[0].value == 1
    assert len(site.asked) == 3


def test_one_that_stays_busy_is_an_error(site: Site) -> None:
    site.answer = lambda asked: Reply({}, 503)
    with pytest.raises(PrometheusError, match="gave no answer"):
        client(site).query("up")
    assert len(site.asked) == 3


def test_a_query_that_is_refused_is_told_with_its_reason_and_not_repeated(site: Site) -> None:
    site.answer = lambda asked: Reply({"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"}, 400)
    with pytest.raises(PrometheusError, match=r"Prometheus refused 'up\('.*parse error: unexpected end"):
        client(site).query("up(")
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>hello</html>", b"{", b"null", b"[]", b"1", b'"x"', b"{}", b'{"data": null}', b'{"data": {}}', b'{"data": {"result": null}}',
     b'{"data": {"result": [1]}}', b'{"data": {"result": [{}]}}', b'{"data": {"result": [{"metric": {}, "value": [1, "x"]}]}}',
     b'{"data": {"result": [{"metric": {}, "value": []}]}}', b'{"data": {"result": [{"metric": {}, "value": null}]}}',
     b'{"data": {"resultType": "scalar", "result": [1700000000, "1"]}}', b"\xff\xfe"],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error(site: Site, body: bytes) -> None:
    site.answer = lambda asked: Reply(body)
    for ask in (lambda: client(site).query("up"), lambda: client(site).query_range("up", 0, 60, 15)):
        with pytest.raises(PrometheusError, match="gave no answer to 'up'"):
            ask()


def test_warnings_are_logged_once_with_their_query(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.answer = lambda asked: vector(({}, "1"), warnings=["a store is missing"])
    asking = client(site)
    with caplog.at_level(logging.WARNING):
        assert [len(asking.query("up")) for _ in range(2)] == [1, 1]
    assert caplog.text.count("prometheus warned query='up' warnings=['a store is missing']") == 1


def test_an_error_that_is_sent_as_if_all_were_well_is_an_error(site: Site) -> None:
    site.answer = lambda asked: Reply({"status": "error", "error": "a store is down", "data": {"result": []}})
    with pytest.raises(PrometheusError, match="refused 'up': a store is down"):
        client(site).query("up")


def test_a_label_called_warnings_is_no_warning(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.answer = lambda asked: vector(({"warnings": "x"}, "1"))
    with caplog.at_level(logging.WARNING):
        client(site).query("up")
    assert caplog.text == ""


def matrix(asked: Asked) -> Reply:
    """Answer a range query as Prometheus does: every step from start to end, and 400 beyond 11,000 points."""
    start, end, step = (float(asked.form[name]) for name in ("start", "end", "step"))
    points = int((end - start) / step) + 1
    if points > MOST_POINTS:
        return Reply({"status": "error", "error": "exceeded maximum resolution of 11,000 points per timeseries"}, 400)
    values = [[start + number * step, str(start + number * step)] for number in range(points)]
    return Reply({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": values}]}})


@pytest.mark.parametrize(("seconds", "step", "parts"), [(60, 15, 1), (10_999 * 15, 15, 1), (11_000 * 15, 15, 2), (30 * 86400, 60, 4), (25_000, 1, 3), (0, 15, 1)])
def test_a_long_range_is_asked_in_parts_and_comes_back_whole(site: Site, seconds: int, step: int, parts: int) -> None:
    site.answer = matrix
    start = 1_700_000_000
    (series,) = client(site).query_range("x", start, start + seconds, step)
    assert len(site.asked) == parts
    assert list(series.timestamps) == [start + number * step for number in range(seconds // step + 1)]
    assert series.timestamps == series.values
    assert series.labels == {"job": "a"}


def test_series_that_begin_or_end_within_a_long_range_are_put_together(site: Site) -> None:
    def answer(asked: Asked) -> Reply:
        start = float(asked.form["start"])
        names = ["both", "early"] if start == 0 else ["both", "late"]
        return Reply({"status": "success", "data": {"result": [{"metric": {"job": name}, "values": [[start, "1"]]} for name in names]}})

    site.answer = answer
    found = {series.labels["job"]: series.timestamps for series in client(site).query_range("x", 0, 15_000, 1)}
    assert found == {"both": (0.0, 11_000.0), "early": (0.0,), "late": (11_000.0,)}


def test_when_one_part_fails_nothing_is_returned(site: Site) -> None:
    answers = iter([matrix, lambda asked: Reply({"error": "no"}, 422)])
    site.answer = lambda asked: next(answers)(asked)  # noqa: PLW0108 - another one at each call
    with pytest.raises(PrometheusError, match="refused"):
        client(site).query_range("x", 0, 15_000, 1)


def test_threads_do_not_hear_each_others_answers(site: Site) -> None:
    def answer(asked: Asked) -> Reply:
        return vector(({"asked": asked.form["query"]}, "1"), **({"warnings": ["w"]} if asked.form["query"] == "q3" else {}))

    site.answer = answer
    shared, wrong = client(site), []

    def ask(name: str) -> None:
        wrong.extend(name for _ in range(20) if shared.query(name)[0].labels["asked"] != name)

    threads = [threading.Thread(target=ask, args=(f"q{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(st.text())
def test_any_text_comes_back_from_a_promql_string(value: str) -> None:
    tree = promql_parser.parse(f"m{{l={quoted(value)}}}")
    (matcher,) = tree.matchers.matchers
    assert (matcher.name, matcher.value, matcher.op) == ("l", value, promql_parser.MatchOp.Equal)


@given(st.dictionaries(st.sampled_from(["host", "target", "resource", "problem"]), st.text(), max_size=4))
def test_a_selector_asks_for_exactly_its_labels(labels: dict[str, str]) -> None:
    tree = promql_parser.parse(selector("homeostat_usage_ratio", **labels))
    assert tree.name == "homeostat_usage_ratio"
    assert {matcher.name: matcher.value for matcher in tree.matchers.matchers} == labels


@pytest.mark.parametrize("value", ["\r", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\\x00", "\\", '\\"', "\n\\n", "`", "'", "{{ x }}", "\U0001f600"])
def test_characters_with_a_history_are_escaped(value: str) -> None:
    assert promql_parser.parse(f"m{{l={quoted(value)}}}").matchers.matchers[0].value == value
