"""`make crash`: every scenario killed at every point and at every pair of points, with a table of what came of it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from tests.crash.fleet import Fleet, pairs, sampled, singles, told
from tests.crash.scenarios import SCENARIOS
from tests.crash.server import Case

if TYPE_CHECKING:
    from tests.crash.fleet import Finding


@click.command()
@click.option("--scenario", "names", multiple=True, type=click.Choice(list(SCENARIOS)), help="Only this one; may be repeated.")
@click.option("--pairs", "most", type=int, default=None, help="At most so many pairs of each scenario, drawn with a fixed seed; all by default.")
def main(names: tuple[str, ...], most: int | None) -> None:
    """Kill the actor everywhere, twice, and tell of every violation."""
    table = Table("scenario", "points", "single kills", "pairs", "violations", "seconds")
    found: list[Finding] = []
    with Fleet() as fleet:
        for name in names or SCENARIOS:
            row, violations = _scenario(fleet, name, most)
            table.add_row(*row)
            found += violations
    Console().print(table)
    for finding in found[:20]:
        click.echo(told(finding))
    sys.exit(1 if found else 0)


def _scenario(fleet: Fleet, name: str, most: int | None) -> tuple[list[str], list[Finding]]:
    began = time.monotonic()
    whole = (Case(scenario=name), fleet.run(Case(scenario=name)))
    points = len(whole[1].points[0])
    once = _progress(fleet, name, singles(name, points))
    every = pairs(once)
    twice = _progress(fleet, name, every if most is None else sampled(every, most, seed=4))
    violations = [finding for finding in (whole, *once, *twice) if finding[1].violations]
    seconds = f"{time.monotonic() - began:.0f}"
    return [name, str(points), str(len(once)), str(len(twice)), str(len(violations)), seconds], violations


def _progress(fleet: Fleet, name: str, cases: list[Case]) -> list[Finding]:
    findings = []
    violated = 0
    for number, finding in enumerate(fleet.all(cases), start=1):
        findings.append(finding)
        violated += bool(finding[1].violations)
        if number % 50 == 0 or number == len(cases):
            end = "\n" if number == len(cases) else "\r"
            click.echo(f"{name}: {number} of {len(cases)} cases, {violated} violated{' ' * 8}", err=True, nl=False)
            click.echo(end, err=True, nl=False)
    return findings


if __name__ == "__main__":
    main()
