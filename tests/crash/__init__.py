"""The crash matrix: a real actor in a real process, killed by SIGKILL at every journal write and every effect.

One case is a scenario and the points at which its processes are killed: the first process runs until its point and dies
there, the outside world goes on (a user edits files, what it had started finishes, time passes), the next process is
started on the same state, and so on; the last one is let run to the scenario's end. Then `checks` holds the journal, the
disk and the trace (what really happened, written down as it happened) against the invariants.

    points.py      the points: found by hooks, so a new effect of the product is one by itself
    trace.py       what survives a kill: the story so far, and the clock
    outside.py     Alertmanager with its real re-delivery, Prometheus, people
    units.py       a systemd of one unit, as a program
    elsewhere.py   the playbooks that cannot run here, and the test that kills each on the real thing
    scenarios/     what is done, and what must hold then: one file each, found by discovery
    life.py        one process of the actor, from its start to its death
    server.py      the fork server: everything imported once, a fork for each life
    fleet.py       several fork servers, and the cases dealt out to them
    checks.py      the invariants, one function each
    mutants.py     the product with one seeded fault each, which the matrix must catch
    __main__.py    every pair of points (`make crash`)

To add a point: nothing, as a rule. An effect that the hooks do not know is reported by Python's own audit events as a
violation ("an effect that is no point"); then its function goes into `points.FILE_EFFECTS`.
To add a scenario: a file in `scenarios/` with `SCENARIO`; its docstring is its sentence. Every built-in playbook has one, or
its place in `elsewhere`, which `tests/contracts` sees.
To add a mutant: an entry in `mutants.MUTANTS` with the scenario in which it must be seen.

SIGKILL is no power cut: what was written is in the page cache and stays. So the cases live on a file system in memory,
where fsync costs nothing. `reaper` is the small sister for tests of one function: it kills by an exception.
"""

from __future__ import annotations

from tests.crash.reaper import Killed, Reaper, reaping

__all__ = ["Killed", "Reaper", "reaping"]
