"""The remote_read protocol, as far as it is needed: a ReadRequest in protobuf and snappy, and its streamed answer of XOR chunks.

Messages as in Prometheus' prompb/remote.proto and prompb/types.proto. An answer is a row of frames: a length, a checksum, and
a message with some series. Chunks are as Prometheus stores them: it neither decodes nor packs them, which would take it longer
than all else. What is answered in another way (samples, histograms) is refused: `query_range` can be asked instead.
"""

from __future__ import annotations

import array
import math
from typing import TYPE_CHECKING

import cramjam
import numpy as np

from homeostat import xor_chunks
from homeostat.block import Block, MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.block import Ints, Labels
    from homeostat.matchers import Matcher
    from homeostat.xor_chunks import Octets

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
_OPERATORS = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
# Tags are field << 3 | wire type: 0 a varint, 1 eight bytes, 2 a length and so many bytes.
_FIRST, _SECOND = 0x0A, 0x12
_QUERY_INDEX = 0x10
_CHECKSUM_BYTES = 4
_STREAMED_XOR_CHUNKS = 1
# A chunk's message begins with its first and last time (tag and six bytes each), its encoding (XOR) and the tag of its data.
_HEAD = {0: 0x08, 7: 0x10, 14: 0x18, 15: 0x01, 16: 0x22}
_HEAD_BYTES = 17


def encode(queries: Sequence[Sequence[Matcher]], start: float, end: float) -> bytes:
    """Write a request for the raw samples of every series that meets all matchers of one of `queries` (Unix seconds, inclusive)."""
    times = _varint_field(1, math.ceil(start * 1000)) + _varint_field(2, math.floor(end * 1000))
    messages = [times + b"".join(_field(3, _matcher(matcher)) for matcher in query) for query in queries]
    wanted = b"".join(_field(1, message) for message in messages) + _varint_field(2, _STREAMED_XOR_CHUNKS)
    return bytes(cramjam.snappy.compress_raw(wanted))


def decode(body: bytes, most_samples: int) -> Block:
    """Read the answer to a request; samples in the order they came, stale markers among them as NaN.

    Raises:
        MalformedError: it is no such answer, or holds more than `most_samples`.

    """
    names: list[bytes] = []
    upto = [0]
    chunks = array.array("q")
    try:
        for start, end in (series for frame in _frames(body) for series in _series(body, *frame)):
            begin = _end_of_labels(body, start, end)
            names.append(body[start:begin])
            for chunk in _chunks(body, begin, end):
                chunks.extend(chunk)
            upto.append(len(chunks) // 2)
    except (IndexError, OverflowError):
        raise MalformedError("a remote_read answer that breaks off") from None
    octets = np.frombuffer(body, np.uint8)
    begins, ends = np.array(chunks, np.int64).reshape(-1, 2).T
    counts, timestamps, values = xor_chunks.read(octets, _starts(octets, begins, ends), ends, most_samples)
    samples = np.concatenate(([0], np.cumsum(counts)))[upto]
    return Block(names, np.diff(samples), timestamps, values, _read_labels)


def _frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the message of each frame begins and ends; its checksum says no more than that of TCP."""
    at = 0
    while at < len(data):
        length, begin = _varint(data, at)
        begin += _CHECKSUM_BYTES
        at = begin + length
        if at > len(data):
            raise MalformedError("a remote_read answer that breaks off")
        yield begin, at


def _series(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each series of a frame's message begins and ends; after them may stand which query they answer."""
    while at < end and data[at] == _FIRST:
        length, begin = _varint(data, at + 1)
        at = begin + length
        yield begin, at
    if at < end and data[at] == _QUERY_INDEX:
        _, at = _varint(data, at + 1)
    if at != end:
        raise MalformedError("a remote_read answer with something else in it")


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the message of each chunk of a series begins and ends."""
    while at < end and data[at] == _SECOND:
        length, begin = data[at + 1], at + 2
        # As for labels: there are many.
        if length >= 0x80:
            length, begin = _varint(data, at + 1)
        at = begin + length
        yield begin, at
    if at != end:
        raise MalformedError("chunks that break off")


def _starts(octets: Octets, begins: Ints, ends: Ints) -> Ints:
    """Return where the data of each chunk's message begins; they end with it."""
    if (ends - begins < _HEAD_BYTES + 4).any():
        raise MalformedError("chunks that break off")
    if any((octets[begins + place] != octet).any() for place, octet in _HEAD.items()):
        raise MalformedError("chunks in another layout than Prometheus' own")
    low, high = (octets[begins + _HEAD_BYTES + byte].astype(np.int64) for byte in (0, 1))
    starts: Ints = begins + _HEAD_BYTES + 1 + (low >= 0x80)
    if (starts + np.where(low >= 0x80, (low & 0x7F) | high << 7, low) != ends).any():
        raise MalformedError("chunks in another layout than Prometheus' own")
    return starts


def _messages(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each of the messages in field 1 begins and ends; nothing else may stand between them."""
    while at < end:
        if data[at] != _FIRST:
            raise MalformedError(f"a remote_read answer with field tag {data[at]:#x} in it")
        length, begin = _varint(data, at + 1)
        at = begin + length
        if at > end:
            raise MalformedError("a remote_read answer that breaks off")
        yield begin, at


def _end_of_labels(data: bytes, at: int, end: int) -> int:
    while at < end and data[at] == _FIRST:
        length, begin = data[at + 1], at + 2
        # A call for each label of each series would take longer than all samples.
        if length >= 0x80:
            length, begin = _varint(data, at + 1)
        at = begin + length
    if at > end:
        raise MalformedError("labels that break off")
    return at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where the next thing begins."""
    number = data[at]
    if number < 0x80:
        return number, at + 1
    number, shift = number & 0x7F, 7
    while shift < 64:
        at += 1
        number |= (data[at] & 0x7F) << shift
        if data[at] < 0x80:
            return number, at + 1
        shift += 7
    raise MalformedError("a number of more than 64 bits")


def _read_labels(name: bytes) -> Labels:
    """Read the labels of a series: each a message of its name and its value."""
    try:
        return dict(_label(name[begin:end]) for begin, end in _messages(name, 0, len(name)))
    except (IndexError, UnicodeDecodeError):
        raise MalformedError("labels that are none") from None


def _label(message: bytes) -> tuple[str, str]:
    texts, at = {_FIRST: b"", _SECOND: b""}, 0
    while at < len(message):
        tag, (length, begin) = message[at], _varint(message, at + 1)
        at = begin + length
        if tag not in texts or at > len(message):
            raise MalformedError("labels that are none")
        texts[tag] = message[begin:at]
    return texts[_FIRST].decode(), texts[_SECOND].decode()


def _matcher(matcher: Matcher) -> bytes:
    texts = _field(2, matcher.name.encode()) + _field(3, matcher.value.encode())
    return _varint_field(1, _OPERATORS[matcher.operator]) + texts


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _write_varint(len(content)) + content


def _varint_field(number: int, value: int) -> bytes:
    return bytes([number << 3]) + _write_varint(value)


def _write_varint(number: int) -> bytes:
    # Negative numbers are written as Go writes them: in two's complement of 64 bits.
    number &= 2**64 - 1
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(octets) + bytes([number])
