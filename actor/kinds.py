"""The kinds of plug-in: each module below `gates`, `steps`, `protections`, `measures` and `managers` holds one constant of its kind."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import msgspec

    from actor.model import Case, Command, Effect, Kept, Restored, Situation, Undo, Verdict
    from homeostat.config import Config
    from homeostat.config.catalogue import Service
    from homeostat.words import Loss, ProtectionName


@dataclasses.dataclass(frozen=True, slots=True)
class Gate:
    """A check before acting; gates are asked in ascending `order`, all of them, and the first that does not allow decides."""

    order: int
    ask: Callable[[Situation], Verdict]


def _changes_something(options: object) -> bool:
    del options
    return False


def _no_obstacle(case: Case, options: object) -> None:
    del case, options


def _nothing(facts: object) -> tuple[str, ...]:
    del facts
    return ()


def _held_by_nothing(case: Case, command: Command) -> None:
    del case, command


def _possible(config: Config) -> str | None:
    del config
    return None


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A kind of step: `gather` reads facts, `plan` is pure, `perform` acts, `oracle` says whether an interrupted command had effect.

    `writes` names the paths that it may change, from the configuration only. What its irreversible commands lose is declared
    as `loss`, which is `reads-only` where no command changes anything. `left` says in words what the facts name and the plan leaves.
    What reads and is `unprivileged` needs nothing of root: whoever asks for it does it.
    `acts_on` are the kinds of target that it needs, none for any. Where its options tell, `undo` is the command that puts back
    what it did, and `reads` says that it changes nothing. `release` ends what a begun command holds beyond its program, once its
    incident is over, however that came out; it may be repeated. `lacks` says in words what the configuration would have to say
    first, or None: an action that lacks something answers nothing.
    One that `deploys` brings another unit or image of a service into force; each command of one that `restarts` starts a unit afresh.
    `obstacle` says, cheaply, why what it loses could not be made good now, where it promises that: that only what is redundant goes.
    """

    options: type[msgspec.Struct]
    gather: Callable[[Case, Any], Any]
    plan: Callable[[Any, Any], tuple[Command, ...]]
    perform: Callable[[Case, Command], dict[str, Any]]
    oracle: Callable[[Case, Command], Effect]
    writes: Callable[[Case, Any], tuple[str, ...]] | None = None
    loss: Loss | None = None
    unprivileged: bool = False
    left: Callable[[Any], tuple[str, ...]] = _nothing
    deploys: bool = False
    restarts: bool = False
    acts_on: tuple[str, ...] = ()
    undo: Callable[[Case, Any], Undo | None] | None = None
    reads: Callable[[Any], bool] = _changes_something
    release: Callable[[Case, Command], None] = _held_by_nothing
    lacks: Callable[[Config], str | None] = _possible
    obstacle: Callable[[Case, Any], str | None] = _no_obstacle

    def only_reads(self, options: Any) -> bool:
        """Say whether it changes nothing with these options."""
        return self.loss == "reads-only" or self.reads(options)


@dataclasses.dataclass(frozen=True, slots=True)
class Protection:
    """What makes an action undoable: its verbs, which meet only through a record that can be written as JSON.

    `word` is what playbooks and people call it: snapshots of several kinds are one word, and where the data lies tells which.
    Before: `obstacle` says why it cannot be given now, cheaply, for it is asked often; `protect` gives it, and what it keeps is
    durable when it returns; a second time for one incident it keeps both. `seal` notes how the action left what it touched.
    After: `keep`, or `roll_back`, which reverts what still is as it was sealed, leaves and names the rest, and may be repeated
    after a kill; `rehearse` tells what it would do. A record alone suffices for these.
    Later: `kept` lists what of ours lies on the host, `room` is the free share (0..1) of where a record's lies, `discard`
    deletes it, and nothing that does not bear our name. `locate` opens the old state: a folder's descriptor, and the path
    from there of what a person knows as an absolute path; it raises FileNotFoundError where the record does not cover that.
    `of_deployments` is what a playbook must be to be protected so: one that deploys, or one that does not; None where that is all the same.
    """

    word: ProtectionName
    obstacle: Callable[[Case], str | None]
    protect: Callable[[Case], dict[str, Any]]
    seal: Callable[[Case, dict[str, Any]], dict[str, Any]]
    keep: Callable[[Case, dict[str, Any]], None]
    roll_back: Callable[[Case, dict[str, Any]], Restored]
    rehearse: Callable[[Case, dict[str, Any]], Restored]
    kept: Callable[[Config], tuple[Kept, ...]]
    room: Callable[[dict[str, Any]], float]
    discard: Callable[[dict[str, Any]], None]
    locate: Callable[[dict[str, Any], str], AbstractContextManager[tuple[int, pathlib.PurePosixPath]]]
    of_deployments: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """Something that verification measures by itself, before and after, of the kinds of target in `acts_on` (none: any); `read` raises StepFailed when it cannot."""

    read: Callable[[Case], float]
    acts_on: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Manager:
    """What runs services: the argv that shows one (as `Key=Value` lines), the argv that restarts one.

    `starts` is the argv whose lines, JSON as the journal's, tell of its last starts, so many at most; None where nobody keeps count.
    """

    show: Callable[[Service], tuple[str, ...]]
    restart: Callable[[Service], tuple[str, ...]]
    starts: Callable[[Service, int], tuple[str, ...]] | None = None
