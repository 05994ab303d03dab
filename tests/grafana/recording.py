"""What a real chain's Prometheus held after `make demo` and a person's words, as `tests.grafana.record` wrote it down: one series a line."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from homeostat.prometheus import Series

PATH = Path(__file__).parent / "demo.series"
_HEAD = "# What Prometheus held after the demo; python -m tests.grafana.record writes it anew. From {start} every {step} s, {count} samples: v, vxN the same N times, _ none.\n"
_HEAD_NUMBERS = re.compile(r"From (\d+) every (\d+) s, (\d+) samples")
# From here on a number is a time, of which every second counts.
_A_TIME = 1e9


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """Samples at even steps: by series, as PromQL names it, one value a step and None where there was none."""

    start: int
    step: int
    series: dict[str, list[float | None]]

    @property
    def end(self) -> int:
        """The time of the last sample."""
        return self.start + self.step * (max(map(len, self.series.values())) - 1)

    def openmetrics(self) -> str:
        """Write every sample, as `promtool tsdb create-blocks-from openmetrics` reads them."""
        lines = [
            f"{name} {_exact(value)} {self.start + number * self.step}" for name, values in self.series.items() for number, value in enumerate(values) if value is not None
        ]
        return "\n".join([*lines, "# EOF", ""])


@functools.cache
def recording() -> Recording:
    """Read what is committed."""
    head, *lines = PATH.read_text(encoding="utf-8").splitlines()
    numbers = _HEAD_NUMBERS.search(head)
    assert numbers is not None, f"{PATH}: the first line says no times"
    start, step, _ = map(int, numbers.groups())
    return Recording(start, step, {name: list(_values(text)) for name, text in map(_parted, lines)})


def text(found: Iterable[Series], start: int, step: int, count: int) -> str:
    """Write series that were asked for in `count` steps from `start` on."""
    moments = range(start, start + step * count, step)
    lines = []
    for series in found:
        by_time = dict(zip(map(round, series.timestamps), series.values, strict=True))
        lines.append(f"{_named(series.labels)} {' '.join(_runs([by_time.get(moment) for moment in moments]))}\n")
    return _HEAD.format(start=start, step=step, count=count) + "".join(sorted(lines))


def _named(labels: object) -> str:
    pairs = dict(labels)  # type: ignore[call-overload]
    name = pairs.pop("__name__")
    return f"{name}{{{','.join(f'{label}={json.dumps(value, ensure_ascii=False)}' for label, value in sorted(pairs.items()))}}}"


def _parted(line: str) -> tuple[str, str]:
    name, brace, values = line.rpartition("} ")
    return name + brace.strip(), values


def _runs(values: Sequence[float | None]) -> Iterator[str]:
    for word, same in itertools.groupby(map(_short, values)):
        count = len(list(same))
        yield word if count == 1 else f"{word}x{count}"


def _values(runs: str) -> Iterator[float | None]:
    for run in runs.split():
        word, _, count = run.partition("x")
        yield from itertools.repeat(None if word == "_" else float(word), int(count or 1))


def _short(value: float | None) -> str:
    if value is None:
        return "_"
    return f"{value:.10g}" if _A_TIME <= value < math.inf else f"{value:.5g}"


def _exact(value: float) -> str:
    return repr(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
