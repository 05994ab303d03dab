"""Writes remote_read answers as Prometheus does, for tests of who reads them."""

from __future__ import annotations

import struct

import cramjam

Sample = tuple[float, float]


def answer(*series: tuple[dict[str, str], list[Sample]]) -> bytes:
    """Write an answer to one query, of series with (Unix seconds, value) samples."""
    return packed(field(1, b"".join(field(1, labels_of(labels) + b"".join(map(sample, samples))) for labels, samples in series)))


def packed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))


def labels_of(labels: dict[str, str]) -> bytes:
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in sorted(labels.items()))


def sample(taken: Sample) -> bytes:
    time, value = taken
    # As Go's encoder, which leaves zero out, but not minus zero.
    double = b"" if struct.pack("<d", value) == bytes(8) else b"\x09" + struct.pack("<d", value)
    return field(2, double + b"\x10" + varint(round(time * 1000)))


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*octets, number])
