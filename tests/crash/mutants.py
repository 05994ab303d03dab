"""The product with one seeded fault each; the matrix must catch every one.

A fault is a substitution in the source of a function, made in a forked child before it lives: the text that is replaced
must stand there exactly once, so a mutant that the product has outgrown says so instead of passing for caught.
"""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from actor import admission, execution, loop, pipeline, recovery, webhook, work
from actor.disk import moves
from actor.gates import confirmation

if TYPE_CHECKING:
    from collections.abc import Callable

Replacement = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A fault, as replacements in the source of functions, and the scenario in which it must be seen."""

    scenario: str
    faults: tuple[tuple[Callable[..., Any], tuple[Replacement, ...]], ...]
    names: dict[str, Any] = dataclasses.field(default_factory=dict)

    def apply(self) -> None:
        """Put the fault into this process, for good."""
        for function, replacements in self.faults:
            function.__globals__.update(self.names)
            substitute(function, replacements)


def substitute(function: Callable[..., Any], replacements: tuple[Replacement, ...]) -> None:
    """Replace text in a function's source, everywhere that the function is known.

    Raises:
        LookupError: a text does not stand there exactly once.

    """
    source = inspect.getsource(function)
    for old, new in replacements:
        if source.count(old) != 1:
            raise LookupError(f"{function.__qualname__} does not hold {old!r} once: the mutant is out of date")
        source = source.replace(old, new)
    made: dict[str, Any] = {}
    exec(compile(f"from __future__ import annotations\n{textwrap.dedent(source)}", function.__code__.co_filename, "exec"), function.__globals__, made)
    function.__code__ = made[function.__name__].__code__


_late: list[tuple[Any, ...]] = []


def _flush() -> None:
    while _late:
        store, *values = _late.pop(0)
        store(*values)


_INTEND = "phase_id = incidents.intend(self.world.journal, self.incident.id, phase, intent, self.world.clock.now())"
_PROTECT = 'record = work.step("protect", hands.protect, work.case, work.known)'
_SEAL = 'record = work.step("seal", hands.seal, work.case, record)'

MUTANTS: dict[str, Mutant] = {
    "the deed before its intent": Mutant(
        "service-restart", ((work.Work.step, ((_INTEND, "pass"), ("result = effect(*values)", f"result = effect(*values)\n            {_INTEND}"))),)
    ),
    "acknowledged before the commit": Mutant(
        "service-restart",
        (
            (webhook._receive, (("intake.store(", "late.append((intake.store, "), (", payload.alerts)", ", payload.alerts))"))),
            (loop.Loop._turn, (("follow_clock(self._world)", "flush(); follow_clock(self._world)"),)),
        ),
        {"late": _late, "flush": _flush},
    ),
    "run again blindly": Mutant("service-restart", ((recovery._effect, (("last = story.begun[-1]", 'return "none"'),)),)),
    "an undo over the user's edits": Mutant(
        "quarantine-undone",
        (
            (
                moves._put_back,
                (
                    (
                        "return False",
                        "os.unlink(name, dir_fd=destination)\n            os.link(name, name, src_dir_fd=source, dst_dir_fd=destination, follow_symlinks=False)",
                    ),
                ),
            ),
        ),
    ),
    "the budget outside the verdicts' transaction": Mutant(
        "service-restart",
        (
            (
                admission._begin,
                (
                    ("        ledger.begin(db, incident, playbook, now)\n", ""),
                    ("    with world.", "    with world.journal.transaction() as db:\n        ledger.begin(db, incident, playbook, now)\n    with world."),
                ),
            ),
        ),
    ),
    "a gate without its return": Mutant("proposal", ((confirmation._ask, (("if reason is None", "if True"),)),)),
    "protected after the deed": Mutant(
        "quarantine", ((pipeline.act, ((f"        {_PROTECT}\n", ""), (f"        {_SEAL}\n", f"        {_PROTECT}\n        {_SEAL}\n"))),)
    ),
    "purged without a look at health": Mutant("disk-cleanup", ((pipeline.carry_out, (("if command.irreversible:", "if False:"),)),)),
    "an interruption that does not count": Mutant(
        "opaque-step", ((pipeline.close, (("learn(db, ", 'outcome == "interrupted" or learn(db, '),)),)
    ),
    "asked again with the budget still taken": Mutant("service-restart", ((recovery._ask_again, (("ledger.withdraw(db, incident)", "pass"),)),)),
    "a run that goes on is begun once more": Mutant("restart-lingers", ((execution._leader, (("command.arguments", "{}"),)),)),
    "what nothing can be asked of is left half done": Mutant(
        "lost-playbook", ((recovery._undone_by_record, (("if story.record is None:", "if True:"),)),)
    ),
}
