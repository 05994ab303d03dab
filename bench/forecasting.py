"""Forecasts against others: `python -m bench.forecasting --cases FOLDER`, about a quarter of an hour on one core.

FOLDER holds the public cases and score.py. Each part writes one JSON file into `--out`; `pictures` draws them, and
`python -m bench.tables` writes the tables of docs/forecasting.md. The learned numbers were learned from these very cases:
our own row is `left-out.json`, which `python -m bench.train` writes of sources that it left out.
"""

from __future__ import annotations

import argparse
import functools
import json
import pathlib
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from bench import leaks, reruns, straight
from bench.scorer import requests_of, scored, scorer_of
from bench.tables import FOLDER, UNLEARNED
from bench.traces import Library, public_cases
from forecasting import forecaster
from forecasting.__main__ import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.marginal import Answer

    Forecasters = dict[str, Callable[[list[dict[str, Any]]], list[Answer]]]

SIZES = (1000, 10_000)
QUIET, LEAKING = 1000, 500
DIGITS = 4


def main() -> None:
    """Measure the chosen parts and write what was found."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.part or PARTS:
        PARTS[name](options.cases, options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=pathlib.Path, required=True, help="folder of the public cases and score.py")
    parser.add_argument("--out", type=pathlib.Path, default=FOLDER)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this; may be given again")
    return parser.parse_args()


def accuracy(cases: pathlib.Path, out: pathlib.Path) -> None:
    """Score lines, libraries and the unlearned law on exhaustion and fleet, with series per second of processor time."""
    from bench import libraries  # noqa: PLC0415 - of the extra, for this part alone

    known: dict[str, Callable[[Mapping[str, Any]], Answer]] = {**straight.FORECASTERS, **libraries.forecasters()}
    batches: Forecasters = {name: functools.partial(_each, one) for name, one in known.items()}
    report = compared(cases, {**batches, UNLEARNED: unlearned})
    report["failures"] = {name: one.failures for name, one in known.items() if isinstance(one, libraries.Library) and one.failures}
    _write(out / "accuracy.json", report)


def compared(folder: pathlib.Path, forecasters: Forecasters) -> dict[str, Any]:
    """Score forecasters on exhaustion and fleet."""
    scorer = scorer_of(folder)
    report: dict[str, Any] = {"exhaustion": {}, "fleet": {}, "series_per_second": {}}
    public = {task: public_cases(folder, task) for task in ("exhaustion", "fleet")}
    for name, forecast in forecasters.items():
        began = time.process_time()
        found = {task: forecast(requests_of(cases)) for task, cases in public.items()}
        seconds = time.process_time() - began
        report["series_per_second"][name] = sum(map(len, found.values())) / max(seconds, 1e-9)
        for task, cases in public.items():
            report[task][name] = scored(scorer, cases, found[task])
        print(name, report["exhaustion"][name]["brier"], flush=True)
    return report


def leak(cases: pathlib.Path, out: pathlib.Path) -> None:
    """Score rules and the unlearned law on leaks."""
    public = public_cases(cases, "leak")
    asked = requests_of(public)
    rules: Forecasters = {name: functools.partial(_each, rule) for name, rule in leaks.RULES.items()}
    found = {name: rule(asked) for name, rule in {**rules, UNLEARNED: unlearned}.items()}
    _write(out / "leak.json", {name: scorer_of(cases).score_leak(public, given) for name, given in found.items()})


def watch(cases: pathlib.Path, out: pathlib.Path, quiet: int = QUIET, leaking: int = LEAKING) -> None:
    """Give leak verdicts again and again on generated memories, by the shipped numbers and by the rules."""
    library = Library.of(public_cases(cases, "exhaustion") + public_cases(cases, "fleet"))
    watched = reruns.drawn(library, quiet, leaking)
    sure = reruns.confidences(watched, answers)
    onsets = np.array([memory.onset for memory in watched])
    rows = [
        {"confidence": least, "persistence": persistence, **reruns.judged(onsets, reruns.NOWS, reruns.lasting(sure >= least, persistence))}
        for least in reruns.CONFIDENCES
        for persistence in reruns.PERSISTENCES
    ]
    for name, rule in leaks.RULES.items():
        flags = np.array([[rule(window)["leak"] for window in memory.windows()] for memory in watched])
        rows.append({"rule": name, **reruns.judged(onsets, reruns.NOWS, flags)})
    _write(out / "reruns.json", {"quiet": quiet, "leaking": leaking, "rows": rows})


def speed(cases: pathlib.Path, out: pathlib.Path) -> None:
    """Measure series per second beside a real Prometheus."""
    from bench import speed as side_by_side  # noqa: PLC0415 - starts servers, for this part alone

    scorer = scorer_of(cases)
    sizes = {str(size): side_by_side.measured(scorer, size) for size in SIZES}
    _write(out / "speed.json", {"facts": side_by_side.facts(), "sizes": sizes})


def pictures(_: pathlib.Path, out: pathlib.Path) -> None:
    """Draw what the other parts, and `bench.train`, have written."""
    from bench import pictures as drawing  # noqa: PLC0415 - of the extra, for this part alone

    drawing.draw(out)


def unlearned(asked: list[dict[str, Any]]) -> list[Answer]:
    """Answer as if no learned numbers were there."""
    with mock.patch.object(forecaster, "learned", return_value=None):
        return answers(asked)


def _each(one: Callable[[Mapping[str, Any]], Answer], asked: list[dict[str, Any]]) -> list[Answer]:
    return [one(request) for request in asked]


def _write(file: pathlib.Path, report: dict[str, Any]) -> None:
    file.write_text(json.dumps(_rounded(report), indent=1) + "\n")
    print(f"wrote {file.name}", flush=True)


def _rounded(found: Any) -> Any:
    """Round what was measured, so that a file tells no more than is known."""
    if isinstance(found, dict):
        return {name: _rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_rounded(value) for value in found]
    return round(float(found), DIGITS) if isinstance(found, float) else found


PARTS: dict[str, Callable[[pathlib.Path, pathlib.Path], None]] = {
    "accuracy": accuracy,
    "leak": leak,
    "reruns": watch,
    "speed": speed,
    "pictures": pictures,
}


if __name__ == "__main__":
    main()
