"""The remote_read protocol, as far as it is needed: protobuf and snappy of a ReadRequest and of its SAMPLES answer.

Messages as in Prometheus' prompb/remote.proto and prompb/types.proto. A sample takes 18 bytes, as Go's encoder writes it:
tag and length, a double, a time of six bytes; a value of zero is left out, which leaves 9. So all of an answer's samples
are cells of 9 bytes, and are read at once. What is written in another way is refused: `query_range` can be asked instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import cramjam
import numpy as np

from homeostat.block import Block, MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.block import Floats, Ints, Labels
    from homeostat.matchers import Matcher

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
_OPERATORS = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
# Tags are field << 3 | wire type: 0 a varint, 1 eight bytes, 2 a length and so many bytes.
_FIRST, _SECOND = 0x0A, 0x12
_CELL_BYTES = 9
_WITH_VALUE = (0x12, 16, 0x09)
_WITHOUT_VALUE = (0x12, 7, 0x10)
_TIME_TAG = 0x10
_CONTINUED, _LAST = 0x8080808080, 0x800000000000

_Cells: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
_Flags: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]


def encode(queries: Sequence[Sequence[Matcher]], start: float, end: float) -> bytes:
    """Write a request for the raw samples of every series that meets all matchers of one of `queries` (Unix seconds, inclusive)."""
    times = _varint_field(1, math.ceil(start * 1000)) + _varint_field(2, math.floor(end * 1000))
    messages = [times + b"".join(_field(3, _matcher(matcher)) for matcher in query) for query in queries]
    return bytes(cramjam.snappy.compress_raw(b"".join(_field(1, message) for message in messages)))


def decode(body: bytes, most_bytes: int) -> Block:
    """Read the answer to a request; samples in the order they came, stale markers among them as NaN.

    Raises:
        MalformedError: it is no such answer, is larger than `most_bytes`, or writes samples in another way than Go does.

    """
    data = _uncompressed(body, most_bytes)
    names, runs = [], []
    try:
        for first, last in _messages(data, 0, len(data)):
            for start, end in _messages(data, first, last):
                begin = _end_of_labels(data, start, end)
                names.append(bytes(data[start:begin]))
                runs.append(data[begin:end])
    except IndexError:
        raise MalformedError("a remote_read answer that breaks off") from None
    counts, timestamps, values = _samples(runs)
    return Block(names, counts, timestamps, values, _read_labels)


def _uncompressed(body: bytes, most_bytes: int) -> memoryview:
    try:
        if body and cramjam.snappy.decompress_raw_len(body) > most_bytes:
            raise MalformedError(f"a remote_read answer of more than {most_bytes} bytes")
        return memoryview(cramjam.snappy.decompress_raw(body) if body else b"")
    except cramjam.DecompressionError as error:
        raise MalformedError(f"no remote_read answer: {error}") from None


def _messages(data: memoryview, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each of the messages in field 1 begins and ends; nothing else may stand between them."""
    while at < end:
        if data[at] != _FIRST:
            raise MalformedError(f"a remote_read answer with field tag {data[at]:#x} in it")
        length, begin = _varint(data, at + 1)
        at = begin + length
        if at > end:
            raise MalformedError("a remote_read answer that breaks off")
        yield begin, at


def _end_of_labels(data: memoryview, at: int, end: int) -> int:
    while at < end and data[at] == _FIRST:
        length, begin = data[at + 1], at + 2
        # A call for each label of each series would take longer than all samples.
        if length >= 0x80:
            length, begin = _varint(data, at + 1)
        at = begin + length
    if at > end:
        raise MalformedError("labels that break off")
    return at


def _varint(data: memoryview | bytes, at: int) -> tuple[int, int]:
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


def _samples(runs: list[memoryview]) -> tuple[Ints, Floats, Floats]:
    """Read all series' samples at once: how many each has, their times (Unix seconds) and their values."""
    sizes = np.array([len(run) for run in runs], np.int64)
    if (sizes % _CELL_BYTES).any():
        raise MalformedError("samples in another layout than Prometheus' own")
    cells = np.frombuffer(b"".join(runs), np.uint8).reshape(-1, _CELL_BYTES)
    opens = _begin_with(cells, _WITH_VALUE)
    ends = np.cumsum(sizes // _CELL_BYTES)
    if opens[ends[sizes > 0] - 1].any():
        raise MalformedError("a sample that breaks off")
    closed = np.concatenate(([0], np.cumsum(~opens)))
    counts = closed[ends] - closed[ends - sizes // _CELL_BYTES]
    return counts, *_times_and_values(cells, opens)


def _times_and_values(cells: _Cells, opens: _Flags) -> tuple[Floats, Floats]:
    """Split the cells: one that `opens` holds six bytes of a value, and the next two more before the time."""
    if not opens[1::2].any() and opens[::2].all() and not len(opens) % 2:
        # Nothing but pairs, as nearly always: views will do.
        return _paired(cells.reshape(-1, 2 * _CELL_BYTES))
    closing, valued = cells[~opens], np.concatenate(([False], opens[:-1]))[~opens]
    if np.count_nonzero(valued) != np.count_nonzero(opens) or not _begin_with(closing[~valued], _WITHOUT_VALUE).all():
        raise MalformedError("samples in another layout than Prometheus' own")
    times = _times(closing[:, 2:])
    values = np.zeros(len(closing))
    _, values[valued] = _paired(np.concatenate((cells[opens], closing[valued]), axis=1))
    return times, values


def _paired(samples: _Cells) -> tuple[Floats, Floats]:
    values = np.ascontiguousarray(samples[:, 3:11]).view("<f8")[:, 0]
    return _times(samples[:, 11:]), values


def _times(octets: _Cells) -> Floats:
    """Read tagged varints of six bytes, milliseconds, as seconds."""
    padded = np.zeros((len(octets), 8), np.uint8)
    padded[:, :6] = octets[:, 1:]
    packed = padded.view("<u8")[:, 0]
    if (octets[:, 0] != _TIME_TAG).any() or ((packed & np.uint64(_CONTINUED | _LAST)) != _CONTINUED).any():
        raise MalformedError("times in another layout than Prometheus' own")
    milliseconds = sum((packed & np.uint64(0x7F << 8 * byte)) >> np.uint64(byte) for byte in range(6))
    return np.asarray(milliseconds, np.float64) / 1000


def _begin_with(cells: _Cells, octets: tuple[int, int, int]) -> _Flags:
    first, second, third = octets
    found: _Flags = (cells[:, 0] == first) & (cells[:, 1] == second) & (cells[:, 2] == third)
    return found


def _read_labels(name: bytes) -> Labels:
    """Read the labels of a series: each a message of its name and its value."""
    try:
        return dict(_label(name[begin:end]) for begin, end in _messages(memoryview(name), 0, len(name)))
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
