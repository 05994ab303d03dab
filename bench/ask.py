"""How soon a question is answered: `python -m bench.ask`, whose table stands in docs/ask.md.

A real Prometheus, node_exporter, exporter and actor with some thousand incidents are asked one question of each kind, warm: within
one process, and by `homeostat ask` as a person starts it.
"""

from __future__ import annotations

import functools
import json
import math
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import click

from bench.tables import FOLDER, ROOT, filled
from homeostat.config import Config, load
from homeostat.doors import open_doors
from homeostat.questions.answering import answer, can_be_asked
from homeostat.questions.names import QUERY, known_names
from homeostat.questions.patterns import built_in
from tests.integration import homelab

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.doors import Doors

PAGE, DATA = ROOT / "docs" / "ask.md", FOLDER / "ask.json"
TARGET_SECONDS = 0.5
_WITHIN, _PROCESSES = 9, 3
_ANSWERED = {0, 1}


@click.command()
@click.option("--output", type=click.Path(path_type=pathlib.Path), default=DATA, show_default=True, help="Where the measurements go.")
@click.option("--page/--no-page", default=True, show_default=True, help="Write the table into docs/ask.md.")
def main(output: pathlib.Path, page: bool) -> None:
    """Measure how soon questions are answered."""
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-", dir="/var/tmp") as scratch, homelab.built(pathlib.Path(scratch)) as lab:
        found = {"facts": _facts(), **_measured(lab.folder / "homeostat.yml")}
    output.write_text(json.dumps(found) + "\n", encoding="utf-8")
    made = {"ask": table(found)}
    if page:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    click.echo(made["ask"])


def _facts() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "incidents": homelab.INCIDENTS, "load": round(os.getloadavg()[0], 2)}


def _measured(config_file: pathlib.Path) -> dict[str, Any]:
    """Ask one question of each kind, again and again, and return the seconds that each took, with those of the processor."""
    doors = open_doors(load(config_file, Config))
    questions = can_be_asked(built_in(), known_names(doors.config, doors.prometheus.query(QUERY)))
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(config_file), "ask"]
    started = [_seconds(functools.partial(_run, [sys.executable, "-m", "homeostat.cli", "ask", "--help"])) for _ in range(_WITHIN)]
    return {
        "within": {question: _of(doors, question) for question in questions},
        "process": {question: [_seconds(functools.partial(_run, [*argv, question])) for _ in range(_PROCESSES)] for question in questions},
        "start": started,
    }


def _of(doors: Doors, question: str) -> list[tuple[float, float]]:
    answer(doors, question)
    return [_seconds(functools.partial(answer, doors, question)) for _ in range(_WITHIN)]


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode in _ANSWERED, done.stderr


def _seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Return how long it took, and how much of the processor it took itself, its own children's with it."""
    began, used = time.perf_counter(), _used()
    call()
    return round(time.perf_counter() - began, 5), round(_used() - used, 5)


def _used() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def table(found: dict[str, Any]) -> str:
    """Make the page's table: how soon, over all questions, and which one takes the longest."""
    facts = found["facts"]
    said = (
        f"{facts['cores']} cores, Python {facts['python']}, {facts['incidents']:,} incidents in the journal, {len(found['within'])} kinds of questions;"
        f" load average at the start {facts['load']}. The target is {TARGET_SECONDS:g} s, warm."
    )
    rows = ["| | processor's time, median | median | 95 of 100 within | the slowest question's median |", "|---|---:|---:|---:|---|"]
    rows += [_row(name, found[key]) for key, name in (("within", "the answer itself"), ("process", "`homeostat ask`, the whole command"))]
    rows.append(f"{_cells('of which the start of the command takes', found['start'])} | |")
    return "\n".join([said, "", *rows]) + "\n"


def _row(name: str, asked: dict[str, list[list[float]]]) -> str:
    medians = {question: statistics.median(wall for wall, _ in taken) for question, taken in asked.items()}
    slowest = max(medians, key=lambda question: medians[question])
    return f"{_cells(name, [both for taken in asked.values() for both in taken])} | {_text(medians[slowest])}: {slowest} |"


def _cells(name: str, taken: list[list[float]]) -> str:
    walls = [wall for wall, _ in taken]
    return f"| {name} | {_text(statistics.median(used for _, used in taken))} | {_text(statistics.median(walls))} | {_text(_quantile(walls, 0.95))}"


def _quantile(every: list[float], share: float) -> float:
    return sorted(every)[math.ceil(share * len(every)) - 1]


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
