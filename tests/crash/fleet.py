"""Several fork servers, and the cases dealt out to them."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import pathlib
import queue
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Self

import msgspec

from tests.crash.points import Kill, is_effect
from tests.crash.scenarios import SCENARIOS
from tests.crash.server import Case, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = pathlib.Path(__file__).parents[2]

Finding = tuple[Case, Result]


class Fleet:
    """Fork servers, two for each processor, for a life mostly waits; a context manager that ends them."""

    def __init__(self) -> None:
        self.size = 2 * (os.cpu_count() or 1)
        self._free: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._servers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for _ in range(self.size):
            # Sets are walked in the same order in every process, so every life has the same points.
            server = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.server"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            self._servers.append(server)
            self._free.put(server)
        return self

    def __exit__(self, *exception: object) -> None:
        for server in self._servers:
            assert server.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                server.stdin.close()
            server.wait()
            assert server.stdout is not None
            server.stdout.close()

    def run(self, case: Case) -> Result:
        """Run one case on whichever server is free."""
        server = self._free.get()
        try:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(msgspec.json.encode(case) + b"\n")
            server.stdin.flush()
            answer = server.stdout.readline()
            if not answer:
                raise RuntimeError(f"the fork server broke on {case}; its standard error says why")
            return msgspec.json.decode(answer, type=Result)
        finally:
            self._free.put(server)

    def all(self, cases: Iterable[Case]) -> Iterator[Finding]:
        """Run every case, as many at a time as there are servers, in order."""
        with concurrent.futures.ThreadPoolExecutor(self.size) as pool:
            try:
                yield from pool.map(lambda case: (case, self.run(case)), cases)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def singles(scenario: str, points: int, mutant: str | None = None) -> list[Case]:
    """Return the cases that hit one point of a life that has so many, in each way."""
    sides = SCENARIOS[scenario].sides
    return [Case(scenario=scenario, kills=(Kill(point, side),), mutant=mutant) for point in range(points) for side in sides]


def distinct(scenario: str, names: list[str], mutant: str | None = None) -> list[Case]:
    """Return the single cases that differ most, for points of these names.

    Between one point and the next the actor only thinks, so to be killed after a point is to be killed before the next, but
    for what goes on by itself: processes, and words outside. A user edits when a phase begins and before each effect on the host.
    """
    return [case for case in singles(scenario, len(names), mutant) if _differs(names, case.kills[0])]


def _differs(names: list[str], kill: Kill) -> bool:
    name = names[kill.point]
    if kill.side == "after":
        return kill.point == len(names) - 1 or name.startswith(("process ", "post ", "answer "))
    return kill.side == "before" or is_effect(name) or name.startswith("commit intend")


def pairs(findings: Iterable[Finding]) -> list[Case]:
    """Return the cases that hit a second point too, in each way: one of the life that followed the first kill."""
    return [
        Case(scenario=case.scenario, kills=(*case.kills, Kill(point, side)))
        for case, result in findings
        if len(result.points) > 1
        for point in range(len(result.points[1]))
        for side in SCENARIOS[case.scenario].sides
    ]


def sampled(cases: list[Case], most: int, seed: int) -> list[Case]:
    """Return at most so many of the cases, the same ones for the same seed."""
    return random.Random(seed).sample(cases, min(most, len(cases)))


def told(finding: Finding) -> str:
    """Say in words where a case was killed and what it violated."""
    case, result = finding
    killed = "; then ".join(f"{kill.side} point {kill.point} ({_name(result, life, kill)})" for life, kill in enumerate(case.kills))
    return f"{case.scenario} killed {killed or 'never'}: ended as {', '.join(result.outcomes) or 'nothing'}: " + " | ".join(result.violations)


def _name(result: Result, life: int, kill: Kill) -> str:
    points = result.points[life] if life < len(result.points) else []
    return points[kill.point] if kill.point < len(points) else "?"
