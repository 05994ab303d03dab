"""Prometheus' chunks of XOR-encoded samples, many at once: the first sample of all of them, then the second, and so on.

As tsdb/chunkenc/xor.go writes them (after Pelkonen et al. 2015, VLDB 8:1816). A chunk says in two bytes how many samples it
holds; then come the first time (varint, milliseconds) and value (eight bytes), and by how much later the second is taken
(varint). All other times are told by how much that difference changes, and all other values by the bits that differ from
the value before, both in as few bits as will do.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from homeostat.block import MalformedError

if TYPE_CHECKING:
    from homeostat.block import Floats, Ints

Octets: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]
_Bits: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint64]]

# So many chunks at once keep numpy busy, and what is in work stays in the processor's cache.
_AT_ONCE = 8192
_WORD_BITS, _WORD_BYTES = 64, 8
# The change of a time's difference, by the four bits it begins with (0, 10, 110, 1110, 1111): how many tell its size, and its size.
_CHANGE_TAGS = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4] * 2, np.uint64)
_CHANGE_SIZES = np.array([0] * 8 + [14] * 4 + [17] * 2 + [20, 64], np.uint64)
# A value, by the two bits it begins with: as before (0), other bits in the same place (10), or in a new one (11), which eleven bits tell.
_VALUE_TAGS = np.array([1, 1, 2, 13], np.uint64)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Streams:
    """One stream of bits a chunk: `at` [chunks] is the place in `words` (64 bits each, from their highest) where each is read next."""

    words: _Bits
    at: _Bits

    def first(self, count: int) -> _Streams:
        """Return the first of these streams; what is read of them is read of these."""
        return _Streams(self.words, self.at[:count])

    def peek(self) -> _Bits:
        """Return the next 64 bits of each; past the end anything."""
        word, bit = (self.at // _WORD_BITS).view(np.int64), self.at % _WORD_BITS
        # Shifted by all its bits a word is 0.
        return self.words.take(word, mode="clip") << bit | self.words.take(word + 1, mode="clip") >> (_WORD_BITS - bit)

    def skip(self, sizes: _Bits | int) -> None:
        """Go on by so many bits."""
        np.add(self.at, sizes, out=self.at)

    def take(self, sizes: _Bits) -> _Bits:
        """Read numbers of so many bits each, 0 to 64."""
        bits = self.peek() >> (_WORD_BITS - sizes)
        self.skip(sizes)
        return bits

    def take_varints(self) -> _Bits:
        """Read a varint each: seven bits an octet, the lowest first, until one is below 128."""
        numbers, more = np.zeros_like(self.at), np.ones_like(self.at)
        for shift in range(0, _WORD_BITS, 7):
            octets = self.take(8 * more)
            numbers |= (octets & 0x7F) << shift
            more &= octets >> 7
            if not more.any():
                break
        return numbers


def read(octets: Octets, starts: Ints, ends: Ints, most_samples: int) -> tuple[Ints, Floats, Floats]:
    """Read the chunks that stand in `octets` from each of `starts` to `ends`: how many samples each has, their times (Unix seconds) and values.

    Raises:
        MalformedError: a chunk breaks off, or all hold more than `most_samples`.

    """
    padded = np.concatenate((octets, np.zeros(2 * _WORD_BYTES - octets.size % _WORD_BYTES, np.uint8)))
    counts = padded[starts].astype(np.int64) << 8 | padded[starts + 1]
    # A sample takes two bits at least.
    if (counts > 4 * (ends - starts)).any():
        raise MalformedError("a chunk that breaks off")
    if counts.sum() > most_samples:
        raise MalformedError(f"chunks of more than {most_samples} samples")
    milliseconds, values = np.empty(counts.sum(), np.int64), np.empty(counts.sum(), np.uint64)
    words, begins = padded.view(">u8").astype(np.uint64), np.cumsum(counts) - counts
    # The longest first: those that go on are always the first ones.
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    for part in (order[first : first + _AT_ONCE] for first in range(0, order.size, _AT_ONCE)):
        streams = _Streams(words, 8 * (starts[part] + 2).astype(np.uint64))
        _read(streams, counts[part], begins[part], milliseconds, values)
        if (streams.at > 8 * ends[part].astype(np.uint64)).any():
            raise MalformedError("a chunk that breaks off")
    return counts, milliseconds / 1000, values.view(np.float64)


def _read(streams: _Streams, counts: Ints, begins: Ints, milliseconds: Ints, values: _Bits) -> None:
    """Write the samples of some chunks, the longest first, into all `milliseconds` and `values`, each chunk's from its place in `begins`."""
    zigzag = streams.take_varints()
    time = (zigzag >> 1).view(np.int64) ^ -(zigzag & 1).view(np.int64)
    difference = np.zeros_like(time)
    value = streams.take(np.full_like(streams.at, _WORD_BITS))
    leading, size = np.zeros_like(value), np.zeros_like(value)
    milliseconds[begins], values[begins] = time, value
    longer = np.searchsorted(-counts, -np.arange(1, counts[0]))
    for number, going in enumerate(longer.tolist(), 1):
        here = streams.first(going)
        time, difference = time[:going], difference[:going]
        value, leading, size = value[:going], leading[:going], size[:going]
        difference += here.take_varints().view(np.int64) if number == 1 else _change(here)
        time += difference
        value ^= _differing(here, leading, size)
        places = begins[:going] + number
        milliseconds[places], values[places] = time, value


def _change(streams: _Streams) -> Ints:
    """Read by how much the difference of two times changes."""
    tags = (streams.peek() >> (_WORD_BITS - 4)).view(np.int64)
    sizes = _CHANGE_SIZES.take(tags)
    streams.skip(_CHANGE_TAGS.take(tags))
    bits = streams.take(sizes)
    # The upper half of the numbers are the negative ones.
    return (bits - ((bits > np.uint64(1) << (sizes - 1)) << sizes)).view(np.int64)


def _differing(streams: _Streams, leading: _Bits, size: _Bits) -> _Bits:
    """Read the bits that differ from the value before; how many before them do not and how many they are is kept in `leading` and `size`."""
    tags = streams.peek() >> (_WORD_BITS - 13)
    kinds = (tags >> 11).view(np.int64)
    streams.skip(_VALUE_TAGS.take(kinds))
    new = kinds == 3
    np.copyto(leading, tags >> 6 & 0x1F, where=new)
    # Six bits cannot say 64, and 0 is never needed.
    np.copyto(size, ((tags & 0x3F) - 1 & 0x3F) + 1, where=new)
    bits = streams.take(np.where(kinds >= 2, size, 0))
    return bits << (_WORD_BITS - leading - size)
