"""The fork server: everything is imported once, every life is a fork of it, and every case is checked here."""

from __future__ import annotations

import base64
import contextlib
import gc
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from tests import support
from tests.crash import mutants, prctl
from tests.crash.checks import complaints
from tests.crash.evidence import Evidence
from tests.crash.life import live, read_once
from tests.crash.outside import user_edits
from tests.crash.points import Kill
from tests.crash.scenarios import SCENARIOS
from tests.crash.trace import SharedClock, Trace
from tests.support import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.scenario import Scenario


MEMORY = pathlib.Path("/dev/shm")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, where each of its first processes is killed, and the seeded fault (or None)."""

    scenario: str
    kills: tuple[Kill, ...] = ()
    mutant: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The names of the points of each life, what was violated, and how the incidents ended."""

    points: list[list[str]]
    violations: list[str]
    outcomes: list[str]


def run(case: Case, folder: pathlib.Path) -> Result:
    """Run one case in a folder of its own."""
    scenario = SCENARIOS[case.scenario]
    clock, trace = SharedClock(folder / "clock"), Trace(folder / "trace")
    host = Host(folder, clock)
    changes = scenario.prepare(host)
    # Read here, the configuration is there in every fork.
    support.configured(host.settings(), **changes)
    originals = {path: path.read_bytes() for path in host.disk.rglob("*") if path.is_file()}
    ended = []
    for number, kill in enumerate([*case.kills, None], start=1):
        ended.append(_one_life(case, (folder, number), changes, kill))
        if ended[-1] == os.EX_SOFTWARE:
            raise RuntimeError(f"the harness itself broke in {case}")
        if ended[-1] != signal.SIGKILL:
            break
        changes = scenario.reconfigure(host) if scenario.reconfigure is not None else changes
        # Between a kill and the restart time passes, and a user edits files.
        SharedClock(folder / "clock").advance(scenario.down_seconds)
        user_edits(scenario, Host(folder, SharedClock(folder / "clock")), trace)
    _orphans_end()
    story = trace.read()
    seen = Evidence(scenario, host, story, _edits(scenario, story), originals)
    trace.close()
    violations = [*_died_well(case, ended), *complaints(seen)]
    return Result(points=_points(story), violations=violations, outcomes=[str(row["outcome"] or row["state"]) for row in seen.incidents])


def _one_life(case: Case, about: tuple[pathlib.Path, int], changes: dict[str, Any], kill: Kill | None) -> int:
    """Fork, let the child live, and return the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        _be_the_child(case, about, changes, kill)
    _, status = os.waitpid(child, 0)
    if not SCENARIOS[case.scenario].lingers:
        # What it had started goes on without it, and is done before the next process looks.
        _orphans_end()
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _be_the_child(case: Case, about: tuple[pathlib.Path, int], changes: dict[str, Any], kill: Kill | None) -> NoReturn:
    try:
        if case.mutant is not None:
            mutants.MUTANTS[case.mutant].apply()
        live(SCENARIOS[case.scenario], about, changes, kill)
    finally:
        # Never back into the server's own loop.
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(os.EX_SOFTWARE)


def _orphans_end() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _edits(scenario: Scenario, story: list[dict[str, Any]]) -> dict[pathlib.Path, bytes]:
    """Return what the user's files hold: the last edit of each counts, and none that cannot be told from the action's own."""
    written = {pathlib.Path(event["path"]): event for event in story if event["kind"] == "edited"}
    return {path: base64.b64decode(event["content"]) for path, event in written.items() if event["moment"] not in scenario.ambiguous}


def _points(story: list[dict[str, Any]]) -> list[list[str]]:
    lives: list[list[str]] = []
    for event in story:
        if event["kind"] == "life":
            lives.append([])
        elif event["kind"] == "point":
            lives[-1].append(event["name"])
    return lives


def _died_well(case: Case, ended: list[int]) -> Iterator[str]:
    *killed, last = ended
    if last != 0:
        yield f"the last process ended by signal or status {last}"
    wanted = [kill for kill in case.kills if kill.side != "edit"]
    if len(killed) != len(wanted):
        yield f"only {len(killed)} of {len(wanted)} kills were reached"


@contextlib.contextmanager
def _folder() -> Iterator[pathlib.Path]:
    place = MEMORY if os.access(MEMORY, os.W_OK) else pathlib.Path(tempfile.gettempdir())
    folder = place / f"homeostat-crash-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Read cases from standard input, one JSON object a line, and answer each with its result."""
    prctl.adopt_orphans()
    read_once()
    for scenario in SCENARIOS.values():
        scenario.install()
    gc.freeze()
    for line in sys.stdin.buffer:
        with _folder() as folder:
            result = run(msgspec.json.decode(line, type=Case), folder)
        sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
