"""The codec of remote_read: what was written is read, and anything else is one clean error."""

from __future__ import annotations

import contextlib
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


def test_zeros_between_other_values_are_no_other_values() -> None:
    samples = [(NOW + second, float(value)) for second, value in enumerate([0, 0, 5, 0, 7, 7, 0])]
    assert read(wire.answer(({"a": "b"}, samples))) == [({"a": "b"}, samples)]


def test_stale_markers_are_no_number() -> None:
    [(_, [(_, value)])] = read(wire.answer(({}, [(NOW, STALE)])))
    assert math.isnan(value)


def test_results_of_several_queries_follow_one_another() -> None:
    one = wire.field(1, wire.field(1, wire.labels_of({"a": "1"}) + wire.sample((NOW, 1.0))))
    two = wire.field(1, wire.field(1, wire.labels_of({"a": "2"}) + wire.sample((NOW, 2.0))))
    assert read(wire.packed(one + two)) == [({"a": "1"}, [(NOW, 1.0)]), ({"a": "2"}, [(NOW, 2.0)])]


def test_no_series_is_no_error() -> None:
    for body in (wire.answer(), wire.packed(b""), b""):
        assert read(body) == []


@given(st.binary(max_size=300))
@example(b"\xff" * 12)
def test_any_bytes_are_read_or_are_one_clean_error(body: bytes) -> None:
    for each in (body, wire.packed(body), wire.packed(wire.field(1, wire.field(1, body)))):
        with contextlib.suppress(MalformedError):
            read(each)


@given(st.lists(series, min_size=1, max_size=3), st.data())
def test_an_answer_with_bytes_missing_or_changed_is_read_or_is_one_clean_error(
    written: list[tuple[dict[str, str], list[tuple[float, float]]]], data: st.DataObject
) -> None:
    message = bytearray(cramjam.snappy.decompress_raw(wire.answer(*written)))
    place = data.draw(st.integers(0, len(message) - 1))
    for broken in (message[:place], message[place:], message[:place] + bytes([message[place] ^ data.draw(st.integers(1, 255))]) + message[place + 1 :]):
        with contextlib.suppress(MalformedError):
            read(wire.packed(bytes(broken)))


@pytest.mark.parametrize(
    "samples",
    [wire.field(2, b"\x10\x01"), wire.field(2, b"\x10" + wire.varint(10**10)), wire.field(3, b""), wire.sample((NOW, 1.0))[:9], wire.sample((NOW, 1.0))[9:]],
)  # fmt: skip
def test_another_layout_than_prometheus_own_is_refused(samples: bytes) -> None:
    with pytest.raises(MalformedError):
        read(wire.packed(wire.field(1, wire.field(1, wire.labels_of({"a": "b"}) + samples))))


def test_a_sample_is_not_put_together_from_two_series() -> None:
    whole = wire.sample((NOW, 1.0))
    halves = [wire.field(1, wire.labels_of({"a": name}) + half) for name, half in (("1", whole[:9]), ("2", whole[9:]))]
    with pytest.raises(MalformedError):
        read(wire.packed(wire.field(1, b"".join(halves))))


def test_an_answer_that_would_unpack_to_more_than_allowed_is_refused_before_it_is() -> None:
    bomb = bytes(cramjam.snappy.compress_raw(bytes(MOST + 1)))
    assert len(bomb) < MOST / 10
    with pytest.raises(MalformedError, match="more than"):
        decode(bomb, MOST)


def test_a_request_says_what_is_wanted_and_when() -> None:
    matchers = [Matcher("__name__", "=", "up"), Matcher("job", "!=", "a"), Matcher("x", "=~", "b|c"), Matcher("y", "!~", "d")]
    kinds = [(b"", "__name__", "up"), (b"\x01", "job", "a"), (b"\x02", "x", "b|c"), (b"\x03", "y", "d")]
    written = b"".join(wire.field(3, b"\x08" + (kind or b"\0") + wire.field(2, name.encode()) + wire.field(3, value.encode())) for kind, name, value in kinds)
    expected = wire.field(1, b"\x08" + wire.varint(1500) + b"\x10" + wire.varint(2500) + written)
    assert bytes(cramjam.snappy.decompress_raw(encode([matchers], 1.5, 2.5))) == expected
