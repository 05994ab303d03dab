"""Writes remote_read answers as Prometheus does, for tests of who reads them."""

from __future__ import annotations

import itertools
import struct

Sample = tuple[float, float]

_WORD = 2**64


def answer(*series: tuple[dict[str, str], list[Sample]]) -> bytes:
    """Write an answer to one query, of series with (Unix seconds, value) samples: a frame and at most one chunk each."""
    return b"".join(frame(field(1, labels_of(labels) + (chunk(samples) if samples else b""))) for labels, samples in series)


def frame(message: bytes) -> bytes:
    return varint(len(message)) + b"sums" + message


def labels_of(labels: dict[str, str]) -> bytes:
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in sorted(labels.items()))


def chunk(samples: list[Sample]) -> bytes:
    first, last = (varint(round(time * 1000)) for time, _ in (samples[0], samples[-1]))
    return field(2, b"\x08" + first + b"\x10" + last + b"\x18\x01" + field(4, xor(samples)))


def xor(samples: list[Sample]) -> bytes:
    """Write a chunk's data, sample by sample."""
    times = [round(time * 1000) for time, _ in samples]
    raws = [int.from_bytes(struct.pack(">d", value), "big") for _, value in samples]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    changes = ["", *(_change(later - earlier) for earlier, later in itertools.pairwise(steps))]
    bits = f"{len(samples):016b}{_octets(varint(times[0] * 2))}{raws[0]:064b}"
    if steps:
        bits += _octets(varint(steps[0] % _WORD))
    place = None
    for change, earlier, later in zip(changes, raws, raws[1:], strict=False):
        differing, place = _differing(earlier ^ later, place)
        bits += change + differing
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _octets(written: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in written)


def _change(change: int) -> str:
    if change == 0:
        return "0"
    for tag, size in (("10", 14), ("110", 17), ("1110", 20)):
        if -(2 ** (size - 1)) < change <= 2 ** (size - 1):
            return f"{tag}{change % 2**size:0{size}b}"
    return f"1111{change % _WORD:064b}"


def _differing(bits: int, place: tuple[int, int] | None) -> tuple[str, tuple[int, int] | None]:
    """Write the bits that differ, in the same place as before (zeros ahead of and behind them) where they fit there."""
    if bits == 0:
        return "0", place
    leading, trailing = min(31, 64 - bits.bit_length()), (bits & -bits).bit_length() - 1
    if place and leading >= place[0] and trailing >= place[1]:
        return f"10{bits >> place[1]:0{64 - sum(place)}b}", place
    size = 64 - leading - trailing
    return f"11{leading:05b}{size % 64:06b}{bits >> trailing:0{size}b}", (leading, trailing)


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*octets, number])
