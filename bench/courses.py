"""Generated courses of disks and memories: what they fill with and what empties them, driven by a trace of load."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from bench.traces import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.traces import Library

Random = np.random.Generator
WEEK = 7 * DAY


def disk(random: Random, library: Library, size: int) -> np.ndarray:
    """Draw the course of a disk: `size` samples, about one unit of growth a day, in one of eleven habits."""
    names, weights = zip(*((name, weight) for name, (weight, _) in _HABITS.items()), strict=True)
    habit = str(random.choice(names, p=np.array(weights) / sum(weights)))
    level = _HABITS[habit][1](random, library, size)
    if random.random() < 0.15:
        level = level + np.abs(np.diff(level)).mean() * random.normal(size=size) * random.choice([1, 3])
    return level


def written(random: Random, library: Library, size: int) -> np.ndarray:
    """Draw what is written in all, about one unit a day, at the pace of a gauge."""
    if random.random() < 0.04:
        return np.arange(size) / DAY
    gauge = library.gauge(random, size)
    rate = np.clip(gauge - np.quantile(gauge, random.choice([0, 0, 0.02, 0.3])), 0, None)
    if random.random() < 0.2:
        rate = rate**2
    if random.random() < 0.25:
        rate = rate + random.uniform(0.2, 2) * rate.mean()
    if random.random() < 0.2:
        rate = rate * np.where(np.arange(size) < random.integers(size), 1, np.exp(random.normal()))
    return np.cumsum(rate / rate.mean() / DAY if rate.mean() > 0 else np.full(size, 1 / DAY))


@dataclasses.dataclass(frozen=True, slots=True)
class Falls:
    """Something is removed every `period` samples: a share (drawn between the two) of what grew since the last time."""

    period: int
    least: float
    most: float

    def of(self, random: Random, level: np.ndarray) -> np.ndarray:
        """Return `level` with what is removed taken away."""
        at = np.arange(random.integers(0, self.period), level.size, self.period)
        at = at[random.random(at.size) >= random.choice([0, 0, 0.1])]
        grown = np.diff(level[at], prepend=level[0])
        share = random.uniform(self.least, self.most) + random.choice([0, 0, 0.15, 0.4]) * random.normal(size=at.size) / 2
        removed = np.zeros(level.size)
        removed[at] = grown * np.clip(share, 0, 1.3)
        return level - np.cumsum(removed)


def _plain(random: Random, library: Library, size: int) -> np.ndarray:
    return written(random, library, size)


def _log_rotation(random: Random, library: Library, size: int) -> np.ndarray:
    return Falls(int(DAY * random.choice([1, 1, 1, 0.25, 0.5, 2])), 0.3, 1.05).of(random, written(random, library, size))


def _weekly(random: Random, library: Library, size: int) -> np.ndarray:
    return Falls(WEEK, 0.3, 1.15).of(random, written(random, library, size))


def _compaction(random: Random, library: Library, size: int) -> np.ndarray:
    level = written(random, library, size) * (1 + random.uniform(0.3, 4))
    level = Falls(int(DAY * random.choice([1 / 12, 1 / 6, 1 / 4, 1 / 3, 1 / 2])), 0.3, 0.9).of(random, level)
    return Falls(DAY, 0.1, 0.6).of(random, level) if random.random() < 0.4 else level


def _retention(random: Random, library: Library, size: int) -> np.ndarray:
    total = written(random, library, size)
    removed = np.concatenate([np.zeros(int(DAY * random.uniform(1, 10))), total])[:size]
    if random.random() < 0.4:
        block = max(int(DAY * random.choice([1, 0.25, 1 / 24])), 1)
        removed = removed[np.arange(size) // block * block]
    return total - removed + total * random.choice([0, 0, 0.05, 0.2])


def _watermark(random: Random, library: Library, size: int) -> np.ndarray:
    """Grow to a high mark, be cleaned to a low one, and again."""
    high = random.uniform(0.5, 8) * random.choice([0.3, 1, 1])
    low = high * (1 - random.choice([0.1, 0.3, 0.5, 0.9]) * random.uniform(0.5, 1))
    unsure = random.choice([0, 0, 0.03, 0.1])
    level = written(random, library, size)
    level = level - level[0] + random.uniform(0, 1) * high
    begin = 0
    while begin < size:
        mark = high * (1 + unsure * random.normal())
        begin += max(int(np.searchsorted(level[begin:], mark)), 1)
        if begin < size:
            level[begin:] -= level[begin] - low * (1 + unsure * random.normal())
    return level


def _jobs(random: Random, library: Library, size: int) -> np.ndarray:
    return written(random, library, size) * random.choice([1, 1, 0.2, 0.05]) + _temporary(random, size)


def _temporary(random: Random, size: int) -> np.ndarray:
    """Files of a nightly or weekly job, gone when it ends."""
    typical, spread = 0.7 * np.exp(random.normal()), random.choice([0.1, 0.3, 0.8])
    period, duration = int(DAY * random.choice([1, 1, 1, 0.5, 2, 7, 0.25])), int(random.integers(2, 72))
    skipped, early, ramp = random.choice([0, 0.1, 0.4]), random.choice([0, 2, 10]), random.random() < 0.5
    level = np.zeros(size)
    for at in range(int(random.integers(0, period)), size, period):
        if random.random() >= skipped:
            begin, lasts = max(0, at + int(random.normal() * early)), max(2, int(duration * np.exp(0.3 * random.normal())))
            part = level[begin : begin + lasts]
            part += typical * np.exp(spread * random.normal()) * (np.linspace(0, 1, lasts)[: part.size] if ramp else 1)
    return level


def _saturating(random: Random, library: Library, size: int) -> np.ndarray:
    """Something fills up towards its own ceiling, as a cache does, beside what else is written."""
    pace = DAY * np.exp(random.uniform(np.log(0.3), np.log(5)))
    begin = random.uniform(0, 14 * DAY)
    filled = 1 - np.exp(-np.clip(np.arange(size) - begin, 0, None) / pace)
    return random.uniform(1, 10) * filled + written(random, library, size) * random.choice([0, 0.02, 0.1, 0.5])


def _steps(random: Random, library: Library, size: int) -> np.ndarray:
    copies = _jumps(random, size, random.choice([0.1, 0.3, 1]), random.choice([0.6, 0.8, 1]))
    return written(random, library, size) * random.choice([1, 1, 0.3]) + random.uniform(0.3, 4) * copies


def _resize(random: Random, library: Library, size: int) -> np.ndarray:
    return written(random, library, size) + random.uniform(1, 8) * _jumps(random, size, 0.12, 0.1)


def _jumps(random: Random, size: int, per_day: float, upwards: float) -> np.ndarray:
    level = np.zeros(size)
    for at in random.integers(0, size, random.poisson(per_day * size / DAY)):
        height = random.exponential() * (1 if random.random() < upwards else -1)
        level[at : at + random.integers(3, DAY) if random.random() < 0.25 else size] += height
    return level


def _mixed(random: Random, library: Library, size: int) -> np.ndarray:
    one, other = random.choice([name for name in _HABITS if name not in {"mixed", "watermark"}], 2, replace=False)
    return _HABITS[one][1](random, library, size) + np.exp(random.normal()) * _HABITS[other][1](random, library, size)


_HABITS: dict[str, tuple[int, Callable[[Random, Library, int], np.ndarray]]] = {
    "plain": (16, _plain),
    "mixed": (18, _mixed),
    "jobs": (14, _jobs),
    "retention": (14, _retention),
    "log_rotation": (14, _log_rotation),
    "watermark": (10, _watermark),
    "compaction": (7, _compaction),
    "steps": (9, _steps),
    "resize": (5, _resize),
    "weekly": (8, _weekly),
    "saturating": (8, _saturating),
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """The course of a service's memory; where it leaks, `slope` a sample since the sample `onset`."""

    level: np.ndarray
    slope: float = 0.0
    onset: int = 0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Setting:
    """What a course of memory is made in: its chance, its length, which sample is now, and the growth of a week."""

    random: Random
    library: Library
    size: int
    now: int
    total: float

    @property
    def time(self) -> np.ndarray:
        return np.arange(self.size)

    @property
    def slope(self) -> float:
        return self.total / WEEK


def memory(random: Random, library: Library, size: int, now: int) -> Memory:
    """Draw a service's memory whose present is sample `now`: a gauge of load, and in it a leak or what looks like one."""
    gauge = library.gauge(random, size)
    gauge = (gauge - np.median(gauge)) / max(float(np.subtract(*np.quantile(gauge, [0.95, 0.05]))), 1e-6)
    total = random.uniform(0.15, 1) if random.random() < 0.25 else float(np.exp(0.7 * random.normal() + 0.5))
    names, weights = zip(*((name, weight) for name, (weight, _, _) in _MEMORIES.items()), strict=True)
    _, calm, make = _MEMORIES[str(random.choice(names, p=np.array(weights) / sum(weights)))]
    made = make(_Setting(random, library, size, now, total))
    return dataclasses.replace(made, level=made.level + gauge * random.choice(calm) * random.choice([0.3, 1, 1]))


def _no_leak(setting: _Setting) -> Memory:
    return Memory(np.zeros(setting.size))


def _step(setting: _Setting) -> Memory:
    random, level = setting.random, np.zeros(setting.size)
    for _ in range(random.integers(1, 3)):
        at = random.integers(max(0, setting.now - WEEK), setting.now)
        level += np.clip((setting.time - at) / random.choice([1, 6, 24, 72]), 0, 1) * setting.total * random.choice([1, 1, -1])
    return Memory(level)


def _linear_leak(setting: _Setting) -> Memory:
    return Memory(setting.time * setting.slope, setting.slope)


def _late_leak(setting: _Setting) -> Memory:
    onset = int(setting.now - setting.random.uniform(0.6, 6) * DAY)
    slope = setting.slope * setting.random.uniform(1, 3)
    return Memory(np.clip(setting.time - onset, 0, None) * slope, slope, onset)


def _leak_by_load(setting: _Setting) -> Memory:
    level = written(setting.random, setting.library, setting.size) * DAY * setting.slope
    return Memory(level, _rise_of_week(level, setting.now))


def _stairs(setting: _Setting) -> Memory:
    random = setting.random
    period = DAY * random.choice([0.25, 0.5, 1, 1.5])
    stair = np.floor(setting.time / period + random.random()).astype(int)
    level = np.cumsum(np.exp(0.3 * random.normal(size=stair[-1] + 1)))[stair] * setting.slope * period
    if random.random() < 0.5:
        width = int(random.choice([6, 36]))
        level = np.convolve(np.pad(level, (width - 1, 0), mode="edge"), np.ones(width) / width, "valid")
    return Memory(level, max(_rise_of_week(level, setting.now), 0.0))


def _rise_of_week(level: np.ndarray, now: int) -> float:
    begin = max(0, now - WEEK)
    return float((level[now - 1] - level[begin]) / (now - 1 - begin))


def _restarted_leak(setting: _Setting) -> Memory:
    random, level = setting.random, setting.time * setting.slope
    begin = max(0, setting.now - WEEK)
    last = int(setting.now - random.uniform(0.8, 1.2) * DAY)
    # It leaks before a restart as it does after, however often what leaked is given back.
    for at in np.sort(random.integers(begin, last, random.integers(1, 3))):
        level[at:] -= level[at] - level[begin]
    return Memory(level, setting.slope)


def _collected(setting: _Setting) -> Memory:
    """Make the saw-tooth of a garbage collector."""
    random = setting.random
    period = DAY * np.exp(random.uniform(np.log(0.08), np.log(1.2)))
    ends = np.cumsum(period * np.exp(random.normal(size=int(2 * setting.size / period) + 20) * random.choice([0.05, 0.3, 0.6])))
    begins = np.concatenate([[0], ends])[np.searchsorted(ends, setting.time, side="right")]
    return Memory(random.uniform(1, 4) * ((setting.time - begins) / period) ** random.choice([1, 0.7, 1.3]))


def _collected_leak(setting: _Setting) -> Memory:
    slope = setting.slope * setting.random.uniform(0.7, 2)
    return Memory(_collected(setting).level + setting.time * slope, slope)


def _slow_saw(setting: _Setting) -> Memory:
    phase = setting.time / (DAY * setting.random.uniform(1.2, 4.5)) + setting.random.random()
    return Memory((phase - np.floor(phase)) * setting.random.uniform(1.5, 6))


def _warm_up(setting: _Setting) -> Memory:
    begin = setting.now - setting.random.uniform(0.5, 7) * DAY
    pace = DAY * np.exp(setting.random.uniform(np.log(0.03), np.log(2)))
    return Memory(1.5 * setting.total * (1 - np.exp(-np.clip(setting.time - begin, 0, None) / pace)))


def _full_cache(setting: _Setting) -> Memory:
    random, begin = setting.random, setting.now - setting.random.uniform(4, 7.5) * DAY
    rate = np.diff(written(random, setting.library, setting.size), prepend=0) * (setting.time >= begin)
    full = random.uniform(0.8, max(0.9, (setting.now - begin) / DAY - 1))
    return Memory(np.minimum(np.cumsum(rate), full) / full * 1.5 * setting.total)


# By name: how often it is drawn, how loud the gauge of load may be in it, and how it is made.
_MEMORIES: dict[str, tuple[float, tuple[float, ...], Callable[[_Setting], Memory]]] = {
    "none": (3, (1,), _no_leak),
    "step": (1.2, (1,), _step),
    "leak_stair": (1.3, (1,), _stairs),
    "leak_late": (1.6, (1,), _late_leak),
    "leak_restart": (1.3, (1,), _restarted_leak),
    "leak_rate": (1.2, (1,), _leak_by_load),
    "leak_linear": (1.2, (1,), _linear_leak),
    "gc_flat": (1.3, (0.05, 0.2), _collected),
    "gc_leak": (1.3, (0.05, 0.2), _collected_leak),
    "cache_full": (1.2, (0.05, 0.3, 1), _full_cache),
    "slow_saw": (1.2, (0.05, 0.2, 0.5), _slow_saw),
    "warmup": (1.2, (0.05, 0.3, 1), _warm_up),
}


def scraped(random: Random, times: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a scraper sees: some samples lost, gaps, and now and then only every third."""
    kept = np.ones(times.size, bool)
    if random.random() < 0.7:
        kept &= random.random(times.size) > random.choice([0.003, 0.01, 0.03])
    for _ in range(random.poisson(0.5)):
        begin = random.integers(times.size)
        kept[begin : begin + random.integers(3, 100)] = False
    if random.random() < 0.09:
        kept &= np.arange(times.size) % 3 == 0
    return times[kept], levels[kept]
