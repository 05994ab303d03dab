"""Traces of load to make resources from: those in the public cases, continued by their own days, and synthetic ones."""

from __future__ import annotations

import dataclasses
import gzip
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Collection

DAY = 288
STEP_SECONDS = 300.0


def public_cases(folder: pathlib.Path, task: str) -> list[dict[str, Any]]:
    """Read the public cases of a task: `<task>.jsonl.gz` in `folder`."""
    with gzip.open(folder / f"{task}.jsonl.gz") as lines:
        return [msgspec.json.decode(line) for line in lines]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Real traces of at least three whole days, 5 minutes apart, scaled to 0..1; empty makes all traces synthetic."""

    traces: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(cls, cases: list[dict[str, Any]], left_out: Collection[str] = ()) -> Library:
        """Take the histories of the unmodified ('real') cases, but for those of the sources `left_out`."""
        found = [_trace(case) for case in cases if case["family"] == "real" and case["source"] not in left_out]
        return cls(tuple(trace for trace in found if trace is not None))

    def gauge(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw a gauge of `size` samples in 0..1: real with its days carried on, or synthetic."""
        if not self.traces or random.random() < 0.35:
            return synthetic(random, size)
        trace = self.traces[random.integers(len(self.traces))].astype(float)
        if random.random() < 0.3:
            trace = 1 - trace
        if random.random() < 0.3:
            trace = trace ** random.choice([0.5, 2, 3])
        return _carried_on(random, trace, size)


def _trace(case: dict[str, Any]) -> np.ndarray | None:
    times, values = np.array(case["ts"], float), np.array(case["values"], float)
    if times.size < 3 * DAY or np.median(np.diff(times)) > STEP_SECONDS + 1 or not np.ptp(values):
        return None
    even = np.interp(np.arange(times[0], times[-1] + 1, STEP_SECONDS), times, values)
    even = even if case["direction"] == "up" else -even
    return ((even - even.min()) / np.ptp(even)).astype(np.float32)


def _carried_on(random: np.random.Generator, trace: np.ndarray, size: int) -> np.ndarray:
    """Continue a trace by its own days: forwards and back again, now and then by a day nearby or any other."""
    count = trace.size // DAY
    offset = random.integers(0, trace.size - count * DAY + 1)
    days = trace[offset : offset + count * DAY].reshape(count, DAY)
    faithful = random.choice([0.7, 0.9, 0.97, 1])
    day, step, order = int(random.integers(count)), 1, []
    for _ in range(size // DAY + 2):
        order.append(day)
        if random.random() > faithful:
            near = int(np.clip(day + random.integers(-3, 4), 0, count - 1))
            day = near if random.random() < 0.7 else int(random.integers(count))
        elif 0 <= day + step < count:
            day += step
        else:
            step = -step
            day = int(np.clip(day + step * random.integers(0, 2), 0, count - 1))
    course = days[order].ravel()
    if random.random() < 0.5:
        _smooth_seams(course, int(random.choice([1, 3, 12])))
    begin = random.integers(0, DAY)
    return course[begin : begin + size]


def _smooth_seams(course: np.ndarray, reach: int) -> None:
    for seam in range(DAY, course.size, DAY):
        course[seam - reach : seam + reach] = np.linspace(course[seam - reach], course[seam + reach - 1], 2 * reach)


def synthetic(random: np.random.Generator, size: int) -> np.ndarray:
    """Draw a gauge from a daily and weekly profile, autocorrelated noise, slow wandering, bursts and shifts of level."""
    days = np.arange(size) / DAY
    profile = sum(random.normal() / wave * np.sin(2 * np.pi * (wave * days + random.random())) for wave in range(1, random.integers(2, 6)))
    profile = profile * random.choice([0, 0.3, 1, 1, 2])
    week = 1 + random.choice([0, 0, 0.3, 0.8]) * np.sign(np.sin(2 * np.pi * (days / 7 + random.random())) + 0.4)
    wander = np.cumsum(random.normal(size=size)) / np.sqrt(7 * DAY) * random.choice([0, 0, 0.2, 0.7, 1.5])
    gauge = profile * week + _autocorrelated(random, size) + wander
    if random.random() < 0.4:
        for start in random.integers(0, size, random.poisson(days[-1] * random.choice([0.2, 1, 4]))):
            gauge[start : start + random.integers(1, 30)] += random.exponential(2.0)
    if random.random() < 0.3:
        for start in random.integers(0, size, random.poisson(days[-1] * 0.12)):
            gauge[start:] += 2 * random.normal()
    if random.random() < 0.15:
        gauge = np.exp(gauge / max(gauge.std(), 1e-9))
    if random.random() < 0.1:
        gauge = np.maximum(gauge, np.quantile(gauge, random.uniform(0.2, 0.8)))
    return (gauge - gauge.min()) / (np.ptp(gauge) or 1.0)


def _autocorrelated(random: np.random.Generator, size: int) -> np.ndarray:
    """AR(1) noise of unit variance, by a recursion over a decaying kernel that is long enough to forget."""
    memory = random.choice([0.5, 0.9, 0.98, 0.995, 0.999])
    length = int(min(size, np.ceil(np.log(0.01) / np.log(memory))))
    kernel = memory ** np.arange(length)
    noise = np.convolve(random.normal(size=size + length - 1), kernel, "valid") * np.sqrt(1 - memory**2)
    return noise * random.choice([0.1, 0.3, 1.0, 2])
