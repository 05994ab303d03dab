"""The codec of remote_read: what was written is read, and anything else is one clean error."""

from __future__ import annotations

import contextlib
import itertools
import math
import struct

import cramjam
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from homeostat.block import MalformedError
from homeostat.matchers import Matcher
from homeostat.remote_read import decode, encode
from tests.homeostat import wire

MOST = 1 << 20
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
NOW = 1_700_000_000.0

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
labels = st.dictionaries(texts, texts, max_size=4)
times = st.integers(2**35, 2**42 - 1).map(lambda milliseconds: milliseconds / 1000)
numbers = st.one_of(st.just(0.0), st.just(-0.0), st.floats(), st.just(STALE))
series = st.tuples(labels, st.lists(st.tuples(times, numbers), max_size=20))


def read(body: bytes) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
    found = decode(body, MOST)
    ends = np.cumsum(found.counts)
    return [
        (
            found.read_labels(name),
            list(zip(found.timestamps[end - count : end].tolist(), found.values[end - count : end].tolist(), strict=True)),
        )
        for name, count, end in zip(found.names, found.counts, ends, strict=True)
    ]


def bits(samples: list[tuple[float, float]]) -> list[tuple[float, bytes]]:
    return [(time, b"nan" if math.isnan(value) else struct.pack("<d", value)) for time, value in samples]


@given(st.lists(series, max_size=5))
def test_what_prometheus_writes_is_read_bit_by_bit(written: list[tuple[dict[str, str], list[tuple[float, float]]]]) -> None:
    found = read(wire.answer(*written))
    assert [each for each, _ in found] == [each for each, _ in written]
    assert [bits(samples) for _, samples in found] == [bits(samples) for _, samples in written]


@given(st.lists(st.integers(-(10**7), 10**7), max_size=40), st.data())
def test_scrapes_late_by_any_time_are_read_to_the_millisecond(late: list[int], data: st.DataObject) -> None:
    samples = [(NOW + 15 * number + milliseconds / 1000, data.draw(numbers)) for number, milliseconds in enumerate([0, *late])]
    [(_, found)] = read(wire.answer(({}, samples)))
    assert bits(found) == bits(samples)


@pytest.mark.parametrize("size", [14, 17, 20])
def test_the_largest_change_of_each_size_is_no_other(size: int) -> None:
    edge = 2 ** (size - 1)
    differences = itertools.accumulate([10**7, edge, -edge + 1, edge + 1, -edge, 0])
    samples = [(NOW + milliseconds / 1000, 1.0) for milliseconds in itertools.accumulate(differences)]
    assert read(wire.answer(({}, samples))) == [({}, samples)]


def test_all_chunks_of_a_series_are_one_after_the_other_and_none_is_as_long_as_another() -> None:
    samples = [(NOW + second, float(second % 7)) for second in range(300)]
    parts = [samples[:2], samples[2:3], samples[3:200], samples[200:]]
    written = wire.labels_of({"a": "b"}) + b"".join(map(wire.chunk, parts))
    assert read(wire.frame(wire.field(1, written)) + wire.answer(({"a": "c"}, samples))) == [({"a": "b"}, samples), ({"a": "c"}, samples)]


def test_stale_markers_are_no_number() -> None:
    [(_, [(_, value)])] = read(wire.answer(({}, [(NOW, STALE)])))
    assert math.isnan(value)


def test_results_of_several_queries_follow_one_another() -> None:
    one, two = (wire.field(1, wire.labels_of({"a": name}) + wire.chunk([(NOW, 1.0)])) for name in "12")
    assert read(wire.frame(one) + wire.frame(two + b"\x10\x01")) == [({"a": "1"}, [(NOW, 1.0)]), ({"a": "2"}, [(NOW, 1.0)])]


def test_no_series_is_no_error() -> None:
    for body in (b"", wire.frame(b"")):
        assert read(body) == []


@given(st.binary(max_size=300))
@example(b"\xff" * 12)
def test_any_bytes_are_read_or_are_one_clean_error(body: bytes) -> None:
    head = b"\x08" + wire.varint(2**40) + b"\x10" + wire.varint(2**40) + b"\x18\x01"
    for each in (body, wire.frame(body), wire.frame(wire.field(1, body)), wire.frame(wire.field(1, wire.field(2, head + wire.field(4, body))))):
        with contextlib.suppress(MalformedError):
            read(each)


@given(st.lists(series, min_size=1, max_size=3), st.data())
def test_an_answer_with_bytes_missing_or_changed_is_read_or_is_one_clean_error(
    written: list[tuple[dict[str, str], list[tuple[float, float]]]], data: st.DataObject
) -> None:
    message = wire.answer(*written)
    place = data.draw(st.integers(0, len(message) - 1))
    for broken in (message[:place], message[place:], message[:place] + bytes([message[place] ^ data.draw(st.integers(1, 255))]) + message[place + 1 :]):
        with contextlib.suppress(MalformedError):
            read(broken)


CHUNK = wire.chunk([(NOW, 1.0), (NOW + 1, 2.0)])


@pytest.mark.parametrize(
    "content",
    [CHUNK.replace(b"\x18\x01", b"\x18\x02"), CHUNK[:-1], CHUNK + b"\0", wire.field(2, b""), wire.field(2, b"\x10\x01" * 15), wire.field(3, b"")],
)  # fmt: skip
def test_a_histogram_or_another_layout_than_prometheus_own_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        read(wire.frame(wire.field(1, wire.labels_of({"a": "b"}) + content)))


@pytest.mark.parametrize("message", [b"", wire.field(1, wire.field(1, wire.labels_of({"a": "b"}) + wire.field(2, b"\x10" + wire.varint(2**40))))])
def test_samples_from_a_server_that_knows_no_chunks_are_refused(message: bytes) -> None:
    with pytest.raises(MalformedError):
        read(bytes(cramjam.snappy.compress_raw(message)))


def test_a_chunk_that_says_to_hold_more_than_it_does_is_refused() -> None:
    data = wire.xor([(NOW, 1.0), (NOW + 1, 2.0)])
    more = CHUNK.replace(data, b"\0\x20" + data[2:])
    with pytest.raises(MalformedError, match="breaks off"):
        read(wire.frame(wire.field(1, more)) + wire.answer(({}, [(NOW, 1.0)] * 99)))


def test_more_samples_than_allowed_are_refused() -> None:
    body = wire.answer(({}, [(NOW + second, 1.0) for second in range(10)]))
    assert decode(body, 10).counts.tolist() == [10]
    with pytest.raises(MalformedError, match="more than 9 samples"):
        decode(body, 9)


def test_a_request_says_what_is_wanted_and_when() -> None:
    matchers = [Matcher("__name__", "=", "up"), Matcher("job", "!=", "a"), Matcher("x", "=~", "b|c"), Matcher("y", "!~", "d")]
    kinds = [(b"", "__name__", "up"), (b"\x01", "job", "a"), (b"\x02", "x", "b|c"), (b"\x03", "y", "d")]
    written = b"".join(wire.field(3, b"\x08" + (kind or b"\0") + wire.field(2, name.encode()) + wire.field(3, value.encode())) for kind, name, value in kinds)
    expected = wire.field(1, b"\x08" + wire.varint(1500) + b"\x10" + wire.varint(2500) + written) + b"\x10\x01"
    assert bytes(cramjam.snappy.decompress_raw(encode([matchers], 1.5, 2.5))) == expected


def test_a_chunk_longer_than_any_number_is_one_clean_error() -> None:
    length = 2**63 + 5
    chunk = b"\x12" + wire.varint(length)
    series = b"\x0a" + wire.varint(len(chunk) + length) + chunk
    with pytest.raises(MalformedError, match="breaks off"):
        decode(wire.varint(len(series)) + bytes(4) + series, MOST)
