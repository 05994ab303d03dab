"""`python -m forecasting`: JSON lines in, JSON lines out, one forecast a line in the same order, for any data.

Request: {"id", "ts": [s], "values": [float], "threshold": float|null, "direction": "up"|"down"|null, "horizon": s, "now": s}
Response: {"id", "prob", "ttc", "lo", "hi", "slope_per_h", "leak", "leak_score", "reason", "explanation"}; a time that is
null is never. A line that is no request ends the program with its number and what is wrong.
"""

from __future__ import annotations

import math
import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from forecasting import Forecast, Limit, Question, Series, Terms, forecast
from forecasting.ladder import KNOTS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Confident enough to call a leak a leak, as a problem is asserted by default; lower finds more and errs more often.
LEAK_CONFIDENCE = 0.5
LADDER_SECONDS = float(KNOTS_SECONDS[-1])
# Lines that are read, forecast and written together.
LINES = 1024
_HOUR_SECONDS = 3600


class Request(msgspec.Struct):
    """One line in; `threshold` null asks for growth and leak only, `direction` null means up."""

    ts: list[float]
    values: list[float | None]
    horizon: float
    now: float
    id: str | int | None = None
    threshold: float | None = None
    direction: Literal["up", "down"] | None = None


def answers(requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Answer requests as mappings of the same keys, with sequences or arrays: the callable for a scorer."""
    found = []
    for start in range(0, len(requests), LINES):
        part = requests[start : start + LINES]
        given = forecast([_question(asked) for asked in part])
        found += [_answer(asked, answer) for asked, answer in zip(part, given, strict=True)]
    return found


def _question(asked: Mapping[str, Any]) -> Question:
    times = np.asarray(asked["ts"], dtype=np.float64)
    values = np.asarray(asked["values"], dtype=np.float64)
    limit = None if asked["threshold"] is None else Limit(asked["threshold"], asked["direction"] or "up")
    terms = Terms(float(asked["now"]), minimum_samples=0)
    return Question(Series(times, values), limit, (float(asked["horizon"]),), terms)


def _answer(asked: Mapping[str, Any], given: Forecast) -> dict[str, Any]:
    found = {"id": asked["id"], "prob": 0.0, "ttc": None, "lo": None, "hi": None, "slope_per_h": 0.0, "leak": False, "leak_score": 0.0}
    if given.reason is None:
        time = given.time_to_limit_seconds
        sure = given.leak.confidence
        found |= {
            "prob": next(iter(given.probabilities.values())),
            "ttc": _time(time.median),
            # Where a crossing is unlikely even at the ladder's end, it is not before that.
            "lo": None if asked["threshold"] is None else min(time.lower, LADDER_SECONDS),
            "hi": _time(time.upper),
            "slope_per_h": given.leak.slope_per_second * _HOUR_SECONDS,
            "leak": sure >= LEAK_CONFIDENCE,
            "leak_score": sure,
        }
    return {**found, "reason": given.reason, "explanation": given.explanation}


def _time(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None



def main() -> None:
    """Answer standard input on standard output; a malformed line ends with one line of error and status 1."""
    read = msgspec.json.Decoder(Request)
    write = msgspec.json.Encoder()
    for first, lines in _chunks(sys.stdin.buffer):
        requests = []
        for number, line in enumerate(lines, first):
            try:
                if line.isspace():
                    continue
                requests.append(msgspec.structs.asdict(read.decode(line)))
                _check(requests[-1])
            except ValueError as error:
                sys.exit(f"error: line {number} is no request: {error}")
        sys.stdout.buffer.writelines(write.encode(answer) + b"\n" for answer in answers(requests))
        sys.stdout.buffer.flush()


def _check(asked: Mapping[str, Any]) -> None:
    if len(asked["ts"]) != len(asked["values"]):
        raise ValueError(f"{len(asked['ts'])} times but {len(asked['values'])} values")


def _chunks(stream: Any) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the number of the first line and up to LINES lines that are not blank."""
    lines: list[bytes] = []
    first = 1
    for number, line in enumerate(stream, 1):
        if not lines:
            first = number
        lines.append(line)
        if len(lines) == LINES:
            yield first, lines
            lines = []
    if lines:
        yield first, lines


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        # The reader has seen enough, as `head` does; nothing is left to be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
