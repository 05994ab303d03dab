"""Whatever tree and rules: nothing is deleted but what an independent reading of the rules says may go, and nothing is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import tempfile
from typing import TYPE_CHECKING

from hypothesis import event, given, settings
from hypothesis import strategies as st

from actor.playbook import STEPS
from actor.steps.purge_quarantine import Options as Purging
from actor.steps.quarantine_files import Options
from tests.actor.cases import case
from tests.support import HOUR, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Case, Command

MOVE, PURGE = STEPS["quarantine-files"], STEPS["purge-quarantine"]
NAMES = st.sampled_from(["a.log.1", "b.log.2", "c.log", "d.dump", "x.LOG.1", ".log.", "sp ace.log.1", "new\nline.log.1", "-rf.log.1", "\udce9.log.1", "log.log.log"])
FOLDERS = st.sampled_from(["", "deep", "deep/er", "other", ".homeostat-quarantine/x", "we\nird"])
PATTERNS = ["*.log.*", "*.log.*", "*.dump", "a.*", "*.log"]


@dataclasses.dataclass(frozen=True)
class Thing:
    """Something in the tree: a file of an age in hours with so many names, in use or not; a link; a folder."""

    kind: str
    age: int
    names: int
    used: bool
    size_kib: int


THINGS = st.builds(
    Thing,
    kind=st.sampled_from(["file"] * 8 + ["link", "folder", "pipe"]),
    age=st.sampled_from([0, 1, 2, 5, 5, 5]),
    names=st.sampled_from([1] * 7 + [2]),
    used=st.sampled_from([False] * 7 + [True]),
    size_kib=st.sampled_from([1, 16, 64, 0]),
)
TREES = st.dictionaries(st.tuples(FOLDERS, NAMES), THINGS, min_size=3, max_size=14)
RULES = st.lists(st.tuples(st.sampled_from(["", "", "deep", "other"]), st.sampled_from(PATTERNS), st.integers(1, 4)), min_size=1, max_size=3)


def plant(host: Host, tree: dict[tuple[str, str], Thing], held: contextlib.ExitStack) -> None:
    """Make the tree; `held` holds open what is in use."""
    for (folder, name), thing in sorted(tree.items()):
        path = host.logs / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if thing.kind == "link":
            path.symlink_to(host.control)
        elif thing.kind == "folder":
            path.mkdir(exist_ok=True)
        elif thing.kind == "pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(os.urandom(thing.size_kib * 1024))
            os.utime(path, (host.clock.now() - thing.age * HOUR - 60,) * 2)
            if thing.names == 2:
                (host.folder / f"second-{path.stat().st_ino}").hardlink_to(path)
            if thing.used:
                held.enter_context(path.open("rb"))


def may_go(rules: list[tuple[str, str, int]], place: tuple[str, str], thing: Thing) -> bool:
    """Read the rules once more, in other words than the product's."""
    folder, name = place
    if thing.kind != "file" or thing.names > 1 or thing.used or thing.size_kib == 0 or "\udce9" in name or folder.startswith(".homeostat"):
        return False
    for directory, pattern, hours in rules:
        spelled = re.escape(pattern).replace(r"\*", "(.|\n)*")
        below = directory in {"", folder} or folder.startswith(f"{directory}/")
        if below and re.fullmatch(spelled, name) and thing.age >= hours:
            return True
    return False


def census(host: Host) -> dict[str, bytes | str | None]:
    """Return everything in the tree but empty folders: the content of files, the ends of links, nothing of pipes."""
    found: dict[str, bytes | str | None] = {}
    for top, folders, names in os.walk(host.logs):
        for name in [*names, *(each for each in folders if pathlib.Path(top, each).is_symlink())]:
            path = pathlib.Path(top, name)
            key = os.path.relpath(path, host.logs)
            found[key] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None  # noqa: PTH115
    return found


def run(about: Case) -> None:
    moving = MOVE.plan(MOVE.gather(about, Options(at_most_ratio=1)), Options(at_most_ratio=1))
    purging = PURGE.plan(PURGE.gather(dataclasses.replace(about, planned=moving), Purging()), Purging())
    for command in sorted((*moving, *purging), key=lambda command: command.slice):
        STEPS[command.step].perform(about, command)


@contextlib.contextmanager
def scene(tree: dict[tuple[str, str], Thing], rules: list[tuple[str, str, int]]) -> Iterator[tuple[Host, Case]]:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as held:
        host = Host(pathlib.Path(folder))
        plant(host, tree, held)
        cleanup = {f"r{n}": {"directory": str(host.logs / at) if at else str(host.logs), "pattern": like, "older_than": f"{h}h"} for n, (at, like, h) in enumerate(rules)}
        yield host, case(host, "disk", filesystems={"disk": {"free_target": 1, "size": "1GiB"}}, cleanup=cleanup | {"old-logs": {"older_than": "1000h"}})


def commands(about: Case) -> list[Command]:
    moving = MOVE.plan(MOVE.gather(about, Options(at_most_ratio=1)), Options(at_most_ratio=1))
    purging = PURGE.plan(PURGE.gather(dataclasses.replace(about, planned=moving), Purging()), Purging())
    return sorted((*moving, *purging), key=lambda command: command.slice)


@given(TREES, RULES)
@settings(max_examples=60, deadline=None)
def test_exactly_what_the_rules_name_goes_and_all_else_stays_as_it_was(tree: dict[tuple[str, str], Thing], rules: list[tuple[str, str, int]]) -> None:
    with scene(tree, rules) as (host, about):
        before = census(host)
        for command in commands(about):
            STEPS[command.step].perform(about, command)
        expected = {os.path.normpath(f"{at}/{name}".lstrip("/")) for (at, name), thing in tree.items() if may_go(rules, (at, name), thing)}
        assert census(host) == {path: content for path, content in before.items() if path not in expected}
        assert not [path for path in (host.disk / ".homeostat-quarantine").rglob("*") if not path.is_dir()]
        event(f"{min(3, len(expected))} or more go")
        assert host.control.exists()


@given(TREES, RULES, st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_what_is_written_between_moving_and_deleting_is_never_lost(tree: dict[tuple[str, str], Thing], rules: list[tuple[str, str, int]], every: int) -> None:
    with scene(tree, rules) as (host, about):
        written = 0
        for command in commands(about):
            if command.irreversible:
                waiting = sorted(path for path in (host.disk / ".homeostat-quarantine").rglob("*") if path.is_file())
                for path in waiting[:: every or 100]:
                    path.write_bytes(b"written since")
                    written += 1
            STEPS[command.step].perform(about, command)
        assert list(census(host).values()).count(b"written since") == written
