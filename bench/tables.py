"""The tables of docs/forecasting.md, made of the measurements in docs/bench: `python -m bench.tables` writes them into the page."""

from __future__ import annotations

import json
import pathlib
import re
from typing import TYPE_CHECKING, Any

from forecasting.__main__ import answers

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = pathlib.Path(__file__).parent.parent
PAGE, FOLDER = ROOT / "docs" / "forecasting.md", ROOT / "docs" / "bench"
OURS, UNLEARNED = "**Homeostat, sources left out**", "Homeostat's unlearned law"
MUST = "target"
BY = {"24h": "24 h", "7d": "7 d", "14d": "14 d", "disk": "disk", "mem": "memory", "real": "as recorded"}
# A median time error from here on comes of crossings that were never forecast.
NEVER = 1e3
# The picture shows more evaluations in a row.
MOST_PERSISTENCE = 2
_TARGETS = {
    "exhaustion": ["≤ .100", "≤ .035", "≥ .93", "≤ .32", "≤ .45", ".88-.97 (≥ .85)", "≤ .38"],
    "fleet": ["≤ .021", "≤ .017", "≥ .96"],
    "leak": ["≥ .95", "≥ .86", "≥ .91", "≤ .02", "≤ .10"],
    "reruns": ["≤ 15 %", "", "≤ 51 h"],
}
RERUN_HEAD = ["rule", "quiet ever flagged", "leaks found", "median delay"]

Measurements = dict[str, Any]


def read(folder: pathlib.Path) -> dict[str, Measurements]:
    """Read all measurements of a folder by the stem of their file."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def tables(found: dict[str, Measurements]) -> dict[str, str]:
    """Make every table of which there are measurements."""
    return {name: make(found) for name, (needs, make) in _TABLES.items() if needs <= set(found)}


def filled(page: str, made: dict[str, str]) -> str:
    """Put each table between its markers in a page; raises ValueError where a marker is missing."""
    for name, table in made.items():
        place = re.search(rf"<!-- table {name} -->\n(.*?)<!-- end -->", page, re.DOTALL)
        if not place:
            raise ValueError(f"the page has no place for the table {name}")
        page = page[: place.start(1)] + table + page[place.end(1) :]
    return page


def accuracy(found: dict[str, Measurements]) -> str:
    """Tell how well exhaustion is forecast, by whom."""
    head = ["forecaster", "Brier", "calibration error", "AUROC", "false alarms at 95 % recall", "median time error", "coverage of 90 % (of crossed)", "interval score"]
    rows = [[name, *_exhaustion(scores)] for name, scores in _by_forecaster(found, "exhaustion").items()]
    return _table(head, [*rows, [MUST, *_TARGETS["exhaustion"]]])


def by_kind(found: dict[str, Measurements]) -> str:
    """Tell the Brier score by horizon and family."""
    rows = [[name, *(_short(scores["by"][key]["brier"]) for key in BY)] for name, scores in _by_forecaster(found, "exhaustion").items()]
    return _table(["Brier score", *BY.values()], [*rows, [MUST, *["≤ .12"] * len(BY)]])


def fleet(found: dict[str, Measurements]) -> str:
    """Tell how well a fleet's rare exhaustions are forecast."""
    rows = [[name, *(_short(scores[key]) for key in ("brier", "calibration_error", "auroc"))] for name, scores in _by_forecaster(found, "fleet").items()]
    return _table(["forecaster", "Brier", "calibration error", "AUROC"], [*rows, [MUST, *_TARGETS["fleet"]]])


def leak(found: dict[str, Measurements]) -> str:
    """Tell how well leaks are told."""
    keys = ("precision", "recall", "f1", "false_positive_rate", "slope_error_median")
    scores = {**found["leak"], OURS: found["left-out"]["leak"]}
    rows = [[name, *(_short(score[key]) for key in keys)] for name, score in scores.items()]
    return _table(["rule", "precision", "recall", "F1", "false positives", "slope error"], [*rows, [MUST, *_TARGETS["leak"]]])


def reruns(found: dict[str, Measurements]) -> str:
    """Tell what happens when verdicts are given again and again."""
    rows = [[_rule(row), *_rerun(row)] for row in found["reruns"]["rows"] if row.get("persistence", 1) <= MOST_PERSISTENCE]
    return _table(RERUN_HEAD, [*rows, [MUST, *_TARGETS["reruns"]]])


def earlier(found: dict[str, Measurements]) -> str:
    """Tell what happens when public cases, their sources left out, are judged at earlier ends."""
    rows = [[f"{OURS}, confidence ≥ {row['confidence']:g}", *_rerun(row)] for row in found["left-out"]["leak"]["reruns"]]
    return _table(RERUN_HEAD, [*rows, [MUST, *_TARGETS["reruns"]]])


def _rerun(row: Measurements) -> list[str]:
    delay = "never" if row["delay_hours"] is None else f"{row['delay_hours']:.0f} h"
    return [f"{row['quiet_ever_flagged']:.0%}", f"{row['leaks_found']:.0%}", delay]


def _rule(row: Measurements) -> str:
    if "confidence" not in row:
        return str(row["rule"])
    times = "" if row["persistence"] == 1 else f", {row['persistence']} evaluations in a row"
    return f"Homeostat, confidence ≥ {row['confidence']:g}{times}"


def speed(found: dict[str, Measurements]) -> str:
    """Tell series per second on one core; of the libraries by the processor's time that they took for the cases."""
    sizes = found["speed"]["sizes"]
    names = {
        "ours": "Homeostat: probability, interval, slope, leak, curve, explanation",
        "predict_linear_one_core": "`predict_linear(x[7d], 86400)` in Prometheus, one core",
        "predict_linear_all_cores": "the same, all cores",
    }
    rows = [[text, *(f"{size[name]:,.0f}" for size in sizes.values())] for name, text in names.items()]
    libraries = found["accuracy"]["series_per_second"].items()
    rows += [[name, *[f"{rate:,.0f}"] * len(sizes)] for name, rate in libraries if name.startswith("stats")]
    return f"{_table(['series per second', *(f'{int(size):,} series' for size in sizes)], rows)}\n{found['speed']['facts']}.\n"


_TABLES: dict[str, tuple[set[str], Callable[[dict[str, Measurements]], str]]] = {
    "accuracy": ({"accuracy", "left-out"}, accuracy),
    "by": ({"accuracy", "left-out"}, by_kind),
    "fleet": ({"accuracy", "left-out"}, fleet),
    "leak": ({"leak", "left-out"}, leak),
    "earlier": ({"left-out"}, earlier),
    "reruns": ({"reruns"}, reruns),
    "speed": ({"speed", "accuracy"}, speed),
}


def _by_forecaster(found: dict[str, Measurements], task: str) -> dict[str, Measurements]:
    return {**found["accuracy"][task], OURS: found["left-out"][task]}


def _exhaustion(scores: Measurements) -> list[str]:
    time = scores["time_error_median"]
    return [
        *(_short(scores[key]) for key in ("brier", "calibration_error", "auroc", "false_alarms_at_95_recall")),
        "never" if time > NEVER else _short(time, 2 if time < 10 else 0),
        f"{_short(scores['coverage_90'], 2)} ({_short(scores['coverage_90_of_crossed'], 2)})",
        _short(scores["interval_score"], 2),
    ]


def _short(value: float, digits: int = 3) -> str:
    text = f"{value:.{digits}f}"
    return text.removeprefix("0") if value < 1 else text


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def example(folder: pathlib.Path) -> str:
    """Show what `python -m forecasting` answers to the example, for reading: one key a line, few digits."""
    lines = (folder / "example.jsonl").read_text().splitlines()
    answer = answers([json.loads(line) for line in lines])[0]
    pairs = [f'"{key}": {json.dumps(float(f"{value:.3g}") if isinstance(value, float) else value)}' for key, value in answer.items()]
    return f"```json\n{{{f',{chr(10)} '.join(pairs)}}}\n```\n"


def main() -> None:
    """Write the tables of docs/bench into docs/forecasting.md."""
    PAGE.write_text(filled(PAGE.read_text(), {**tables(read(FOLDER)), "example": example(FOLDER)}))


if __name__ == "__main__":
    main()
