"""Every target by its cases in targets/<name>.yaml: a series in, a reading out."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

import exporter.targets
from exporter.model import Observed, Target
from forecasting import Series
from homeostat.config import Config, loads
from homeostat.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = pathlib.Path(__file__).parent / "targets"
TARGETS = discover(exporter.targets, "TARGET", Target)


def cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(file.read_text()):
            yield pytest.param(file.stem.replace("_", "-"), case, id=f"{file.stem}: {case['says']}")


def test_every_target_has_its_cases() -> None:
    assert {file.stem.replace("_", "-") for file in CASES.glob("*.yaml")} == set(TARGETS)


@pytest.mark.parametrize(("target", "case"), list(cases()))
def test_a_series_becomes_the_reading(target: str, case: dict[str, Any]) -> None:
    watches = TARGETS[target].watches(loads(yaml.safe_dump(case["config"]), Config, "case.yml"))
    if "observed" not in case:
        assert [watch.name for watch in watches] == case.get("watches", [])
        return
    [watch] = [watch for watch in watches if watch.name == case.get("watch", watches[0].name)]
    for name in ("query", "size_query"):
        assert getattr(watch, name) == case.get(name, getattr(watch, name))
    given = case["observed"]
    values = np.array(given["values"])
    series = Series(np.arange(values.size, dtype=float), values)
    observed = Observed(given["labels"], series, given.get("age", 3.0), given.get("size"), given.get("host_size"))
    reading = watch.read(observed)
    if case["reading"] is None:
        assert reading is None
        return
    assert reading.series.timestamps is series.timestamps
    assert reading.series.values.tolist() == case["reading"].pop("values", values.tolist())
    assert reading.age_seconds == observed.age_seconds
    found = {name: plain(getattr(reading, name)) for name in case["reading"]}
    assert found == {name: plain(value) for name, value in case["reading"].items()}


def plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return pytest.approx(value, rel=1e-12, nan_ok=True) if isinstance(value, float) else value
