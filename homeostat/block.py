"""Many series at once, in columns: how Prometheus' bulk answers are held, and how its JSON becomes that."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Floats: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Labels: TypeAlias = dict[str, str]


class MalformedError(ValueError):
    """An answer is not what the API promises; the message says in which way."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Samples of many series: series `i` owns the next `counts[i]` of `timestamps` (Unix seconds) and `values`.

    `names[i]` are its labels as they came, the same bytes for the same series of one kind of answer; `read_labels`
    reads them, and raises MalformedError where it cannot. `warnings` are Prometheus' own.
    """

    names: list[bytes]
    counts: Ints
    timestamps: Floats
    values: Floats
    read_labels: Callable[[bytes], Labels]
    warnings: tuple[str, ...] = ()


class _Instant(msgspec.Struct):
    metric: msgspec.Raw
    value: tuple[float, str]


class _Range(msgspec.Struct):
    metric: msgspec.Raw
    values: msgspec.Raw


class _Instants(msgspec.Struct):
    result: list[_Instant]


class _Ranges(msgspec.Struct):
    result: list[_Range]


class _Vector(msgspec.Struct):
    status: Literal["success"]
    data: _Instants
    warnings: list[str] = []


class _Matrix(msgspec.Struct):
    status: Literal["success"]
    data: _Ranges
    warnings: list[str] = []


_VECTOR = msgspec.json.Decoder(_Vector)
_MATRIX = msgspec.json.Decoder(_Matrix)
_LABELS = msgspec.json.Decoder(Labels)


def read_vector(body: bytes) -> Block:
    """Read the answer to an instant query: one sample a series, at the time of evaluation.

    Raises:
        MalformedError: it is no instant vector.

    """
    try:
        answer = _VECTOR.decode(body)
        rows = answer.data.result
        samples = [(row.value[0], float(row.value[1])) for row in rows]
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedError(str(error)) from None
    timestamps, values = np.array(samples, float).reshape(-1, 2).T
    names = [bytes(row.metric) for row in rows]
    return Block(names, np.ones(len(rows), np.int64), timestamps, values, _read_labels, tuple(answer.warnings))


def read_matrix(body: bytes) -> Block:
    """Read the answer to a range query.

    Raises:
        MalformedError: it is no matrix of floats.

    """
    try:
        answer = _MATRIX.decode(body)
        rows = answer.data.result
        texts = [bytes(row.values) for row in rows]
        counts = np.array([text.count(b"[") - 1 for text in texts], np.int64)
        samples = _numbers(texts, int(counts.sum()))
    except (msgspec.DecodeError, ValueError, DeprecationWarning) as error:
        raise MalformedError(str(error)) from None
    names = [bytes(row.metric) for row in rows]
    return Block(names, counts, samples[:, 0], samples[:, 1], _read_labels, tuple(answer.warnings))


def _numbers(texts: list[bytes], samples: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Read `[[time,"value"],...]` of all series in one go, without an object for each number; rows of time and value."""
    if not samples:
        return np.empty((0, 2))
    flat = b",".join(text for text in texts if text != b"[]").translate(None, b'[]" \n')
    numbers = np.fromstring(flat, sep=",")
    if numbers.size != 2 * samples:
        raise MalformedError(f"{samples} samples in {numbers.size} numbers")
    return numbers.reshape(-1, 2)


def _read_labels(name: bytes) -> Labels:
    try:
        return _LABELS.decode(name)
    except msgspec.DecodeError as error:
        raise MalformedError(str(error)) from None
