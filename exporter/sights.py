"""What the observers saw, as readings for the cycle, as metrics, and as JSON; pure."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from exporter.assertion import Assertion
from exporter.model import Key, Reading
from exporter.textformat import head, labels_text, line
from forecasting import Forecast, Limit, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.observation import Look, Observer

HELP = {
    "observer_up": "Whether an observer of this host saw what it looks at, at its last look.",
    "observer_last_success_timestamp_seconds": "When an observer last saw what it looks at.",
    "observer_duration_seconds": "How long an observer's last good look took.",
}


def readings(look: Look, host: str, now: float) -> Iterator[tuple[Reading, Forecast]]:
    """Yield each problem that a look saw at `host`, as a reading at `now` (whole Unix seconds), and in a forecast's place what was seen."""
    for trouble in look.sight.troubles:
        reading = Reading(
            key=Key(trouble.problem, host, trouble.target, trouble.resource),
            series=Series(np.array([look.looked_at]), np.array([1.0])),
            limit=Limit(math.inf),
            unit="count",
            action_horizon_seconds=0.0,
            usage_ratio=math.nan,
            usage_per_unit=math.nan,
            age_seconds=max(0.0, now - look.looked_at),
            observed=Assertion(trouble.confidence, trouble.severity),
        )
        yield reading, Forecast(trouble.words, "not_enough_data")


def exposition(looks: Mapping[str, Look], observers: Mapping[str, Observer], host: str, monotonic_now: float) -> list[bytes]:
    """Return the text of the observers' metrics, those of `host`; what is no longer believed is not told."""
    samples: dict[str, list[str]] = {}
    for name, look in looks.items():
        for metric, labels, value in _own(name, look, monotonic_now):
            samples.setdefault(metric, []).append(line(f"homeostat_{metric}", labels_text(host=host, **labels), value))
        for seen in look.sight.metrics if look.believed(monotonic_now) else ():
            samples.setdefault(seen.name, []).append(line(f"homeostat_{seen.name}", labels_text(host=host, **seen.labels), seen.value))
    meanings = {**HELP, **{metric: text for observer in observers.values() for metric, text in observer.help.items()}}
    return [f"{head(f'homeostat_{metric}', meanings[metric])}{''.join(lines)}".encode() for metric, lines in samples.items()]


def _own(name: str, look: Look, monotonic_now: float) -> Iterator[tuple[str, dict[str, str], float]]:
    labels = {"observer": name}
    yield "observer_up", labels, float(_is_up(look, monotonic_now))
    if math.isfinite(look.looked_at):
        yield "observer_last_success_timestamp_seconds", labels, look.looked_at
        yield "observer_duration_seconds", labels, look.took_seconds


def _is_up(look: Look, monotonic_now: float) -> bool:
    """Say whether the last look saw something, and has ended in time."""
    return look.fault is None and look.believed(monotonic_now)


def as_json(look: Look, monotonic_now: float) -> dict[str, Any]:
    """Describe an observer's last look; what is no longer believed is left out."""
    believed = look.believed(monotonic_now)
    return {
        "looked_at": look.looked_at if math.isfinite(look.looked_at) else None,
        "every_seconds": float(look.period_seconds),
        "up": _is_up(look, monotonic_now),
        "reason": look.fault,
        "troubles": [dataclasses.asdict(each) for each in look.sight.troubles] if believed else [],
        "events": [dataclasses.asdict(each) for each in look.sight.events] if believed else [],
        "metrics": [{**dataclasses.asdict(each), "labels": dict(each.labels)} for each in look.sight.metrics] if believed else [],
    }
