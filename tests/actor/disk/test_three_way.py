"""Undo over random trees, actions, edits of a person at any moment, and kills at any effect: nothing of a person's is ever lost."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import pathlib
import shutil
import stat
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import hypothesis
import pytest
from hypothesis import strategies

from actor.disk import entries, files, three_way
from actor.disk.differences import differences
from tests.crash import Killed, Reaper, reaping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.disk.three_way import Changes
    from actor.model import Restored

State = dict[str, tuple[str, str]]
NAMES = strategies.sampled_from(["a", "b", "c"])
PATHS = strategies.lists(NAMES, min_size=1, max_size=3).map("/".join)
OPERATIONS = strategies.sampled_from(["write", "write", "remove", "folder", "mode", "owner", "link"])
EDITS = strategies.lists(strategies.tuples(OPERATIONS, PATHS), max_size=5)
KILLS = strategies.lists(strategies.tuples(strategies.integers(0, 40), strategies.booleans()), max_size=3)


class Tree(NamedTuple):
    """A folder as it is and as it was, and a counter that gives every content a length of its own."""

    live: pathlib.Path
    before: pathlib.Path
    lengths: Iterator[int]

    def edit(self, edits: list[tuple[str, str]], who: str) -> set[str]:
        """Apply what can be applied, and return the paths that it touched."""
        touched = set()
        for operation, path in edits:
            # What cannot be done, as writing below a file, is not done.
            with contextlib.suppress(OSError):
                self._apply(operation, self.live / path, who)
                touched.add(path)
        return touched

    def _apply(self, operation: str, path: pathlib.Path, who: str) -> None:
        if operation == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            # Not through a symlink: that would be an edit of another path.
            if path.is_symlink():
                path.unlink()
            path.write_text(who.ljust(next(self.lengths), "."))
        elif operation == "remove":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        elif operation == "folder":
            path.mkdir(parents=True)
        elif operation == "link":
            path.symlink_to(who.ljust(next(self.lengths), "."))
        elif operation == "owner":
            path.chmod(0o711)
            os.chown(path, next(self.lengths), 1234, follow_symlinks=False)
        else:
            path.chmod(0o700 if stat.S_IMODE(path.lstat().st_mode) != 0o700 else 0o750)

    def state(self, root: pathlib.Path | None = None) -> State:
        """Return what is there, without what an undo has laid aside."""
        root = root or self.live
        return {str(path.relative_to(root)): told(path) for path in sorted(root.rglob("*")) if not path.name.startswith(".homeostat-undo-")}

    def undo(self, changed: Changes) -> Restored:
        with files.opened(str(self.before)) as before, files.opened(str(self.live)) as live:
            return three_way.revert(before, live, changed)

    def rehearse(self, changed: Changes) -> Restored:
        with files.opened(str(self.before)) as before, files.opened(str(self.live)) as live:
            return three_way.rehearse(before, live, changed)

    def traces(self) -> dict[str, three_way.Trace]:
        with files.opened(str(self.live)) as live:
            return three_way.traces(live)


def told(path: pathlib.Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", str(path.readlink())
    mode = f"{stat.S_IMODE(path.stat().st_mode):o}"
    mode += f" {path.stat().st_uid}"
    return (f"folder {mode}", "") if path.is_dir() else (f"file {mode}", path.read_text())


@contextlib.contextmanager
def planted(edits: list[tuple[str, str]]) -> Iterator[Tree]:
    """Grow a tree and keep what it is."""
    with tempfile.TemporaryDirectory() as name:
        tree = Tree(pathlib.Path(name, "live"), pathlib.Path(name, "before"), itertools.count(20))
        tree.live.mkdir()
        tree.edit(edits, "owner")
        with files.opened(name) as folder:
            entries.copy_tree(folder, "live", folder, "before")
        yield tree


def acted(tree: Tree, edits: list[tuple[str, str]]) -> Changes:
    before = tree.traces()
    tree.edit(edits, "action")
    return three_way.changes(before, tree.traces())


def related(path: str, others: set[str]) -> bool:
    """Say whether somebody touched a path, what lies on the way to it, or what lies below it."""
    own = pathlib.PurePosixPath(path)
    return any(own.is_relative_to(other) or pathlib.PurePosixPath(other).is_relative_to(own) for other in others)


@hypothesis.given(owner=EDITS, action=EDITS)
@hypothesis.settings(deadline=None)
def test_what_nobody_touched_goes_back_whole_and_a_second_undo_does_nothing(owner: list[tuple[str, str]], action: list[tuple[str, str]]) -> None:
    with planted(owner) as tree:
        changed = acted(tree, action)
        told_before = tree.rehearse(changed)
        done = tree.undo(changed)
        assert tree.state() == tree.state(tree.before)
        assert (done, done.conflicts) == (told_before, ())
        assert tree.undo(changed).restored == 0
        assert tree.state() == tree.state(tree.before)
        assert not list(tree.live.rglob(".homeostat-undo-*"))


@hypothesis.given(owner=EDITS, action=EDITS, edits=strategies.lists(EDITS, min_size=1, max_size=4), kills=KILLS)
@hypothesis.settings(deadline=None, max_examples=120)
def test_whenever_a_person_edits_and_wherever_an_undo_is_killed_nothing_of_theirs_is_lost(
    owner: list[tuple[str, str]], action: list[tuple[str, str]], edits: list[list[tuple[str, str]]], kills: list[tuple[int, bool]]
) -> None:
    with planted(owner) as tree:
        changed, touched = acted(tree, action), set[str]()
        theirs: State = {}
        for each, kill in itertools.zip_longest(edits, kills):
            touched |= tree.edit(each or [], "person")
            theirs = persons(tree.state())
            with contextlib.suppress(Killed), pytest.MonkeyPatch.context() as patch, reaping(patch, Reaper(kill[0] if kill else None, after=bool(kill and kill[1]))):
                tree.undo(changed)
            assert persons(tree.state()).items() >= theirs.items()
        done = tree.undo(changed)
        end, old = tree.state(), tree.state(tree.before)
        assert persons(end) == theirs
        alone = [path for path in changed if not related(path, touched)]
        assert {path: end.get(path) for path in alone} == {path: old.get(path) for path in alone}
        assert not [path for path in done.conflicts if path in alone]
        assert {path: end.get(path) for path in old if path not in changed and not related(path, touched)} == {
            path: state for path, state in old.items() if path not in changed and not related(path, touched)
        }


def persons(state: State) -> State:
    """Return what a person wrote: a mode that they set on somebody else's file is no content of theirs."""
    return {path: what for path, what in state.items() if what[1].startswith("person")}


@hypothesis.given(owner=EDITS, action=EDITS, kills=KILLS)
@hypothesis.settings(deadline=None, max_examples=80)
def test_an_undo_that_is_killed_anywhere_however_often_is_finished_by_the_next(
    owner: list[tuple[str, str]], action: list[tuple[str, str]], kills: list[tuple[int, bool]]
) -> None:
    with planted(owner) as tree:
        changed = acted(tree, action)
        for number, after in kills:
            with contextlib.suppress(Killed), pytest.MonkeyPatch.context() as patch, reaping(patch, Reaper(number, after=after)):
                tree.undo(changed)
        assert tree.undo(changed).conflicts == ()
        assert tree.state() == tree.state(tree.before)
        assert not list(tree.live.rglob(".homeostat-undo-*"))


@pytest.mark.parametrize("left", ["changed", "made"])
def test_what_a_person_writes_between_the_look_and_the_rename_is_put_back_at_once(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    with planted([("write", "a")]) as tree:
        changed = acted(tree, [("write", "a"), ("write", "b")])
        path, real = tree.live / ("a" if left == "changed" else "b"), os.rename
        exchange = entries.exchange

        def late(*values: object, **options: object) -> None:
            path.write_text("person, at the last moment")
            monkeypatch.undo()
            (exchange if left == "changed" else real)(*values, **options)  # type: ignore[operator]

        monkeypatch.setattr(*((entries, "exchange") if left == "changed" else (os, "rename")), late)
        done = tree.undo(changed)
        assert path.read_text() == "person, at the last moment"
        assert done.conflicts == (path.name,)


def test_owner_mode_times_and_attributes_come_back(tmp_path: pathlib.Path) -> None:
    with planted([("write", "a"), ("folder", "b")]) as tree:
        file = tree.live / "a"
        os.setxattr(file, "user.note", b"keep me")
        os.chown(file, 1234, 1235)
        file.chmod(0o4750)
        os.utime(file, ns=(10**18, 10**18 + 7))
        shutil.rmtree(tree.before)
        with files.opened(str(tree.live.parent)) as folder:
            entries.copy_tree(folder, "live", folder, "before")
        status = file.stat()
        changed = acted(tree, [("write", "a")])
        tree.undo(changed)
        after = file.stat()
        assert (after.st_mode, after.st_uid, after.st_gid, after.st_mtime_ns) == (status.st_mode, 1234, 1235, status.st_mtime_ns)
        assert os.getxattr(file, "user.note") == b"keep me"


def test_a_folder_that_takes_the_place_of_one_that_goes_back_keeps_its_owner_and_mode(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("before", "live"):
        (tmp_path / name / "deep").mkdir(parents=True)
    os.chown(tmp_path / "before" / "deep", 1234, 1234)
    precious = tmp_path / "live" / "precious"
    precious.mkdir(mode=0o700)
    status = (tmp_path / "live" / "deep").stat()
    real = three_way._set_folder

    def swapped(folder: int, *rest: object) -> bool:
        (tmp_path / "live" / "deep").rename(tmp_path / "live" / "away")
        precious.rename(tmp_path / "live" / "deep")
        return real(folder, *rest)

    monkeypatch.setattr(three_way, "_set_folder", swapped)
    with files.opened(str(tmp_path / "before")) as before, files.opened(str(tmp_path / "live")) as live:
        restored = three_way.revert(before, live, {"deep": three_way.trace_of(status)})
    assert restored.conflicts == ("deep",)
    found = (tmp_path / "live" / "deep").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o700)


def test_where_no_entries_can_be_exchanged_what_somebody_wrote_while_the_old_state_was_copied_stays(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = tmp_path / "live"
    for name in ("before", "live"):
        (tmp_path / name).mkdir()
        for file in ("edited", "untouched"):
            (tmp_path / name / file).write_text(name)
    left = {path.name: three_way.trace_of(path.stat()) for path in live.iterdir()}
    real = entries.copy

    def edited(source: int, name: str, folder: int, new: str) -> None:
        real(source, name, folder, new)
        if name == "edited":
            (live / name).write_text("by a person")

    def refused(*_: object) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(entries, "copy", edited)
    monkeypatch.setattr(entries, "_renameat2", refused)
    with files.opened(str(tmp_path / "before")) as before, files.opened(str(live)) as live_folder:
        restored = three_way.revert(before, live_folder, left)
    assert restored.conflicts == ("edited",)
    assert {path.name: path.read_text() for path in live.iterdir()} == {"edited": "by a person", "untouched": "before"}


@hypothesis.given(first=EDITS, second=EDITS)
@hypothesis.settings(max_examples=40)
def test_folder_by_folder_there_are_the_same_differences_as_over_all(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    with planted(first) as tree:
        tree.edit(second, "action")
        with files.opened(str(tree.before)) as before, files.opened(str(tree.live)) as live:
            assert differences(before, live) == three_way.changes(three_way.traces(before), three_way.traces(live))


def test_what_became_a_file_or_a_folder_is_told_as_what_it_became(tmp_path: pathlib.Path) -> None:
    for name, other in (("before", "live"), ("live", "before")):
        (tmp_path / name / f"file {name}").mkdir(parents=True)
        (tmp_path / name / f"file {name}" / "inner").touch()
        (tmp_path / name / f"file {other}").touch()
    with files.opened(str(tmp_path / "before")) as before, files.opened(str(tmp_path / "live")) as live:
        found = differences(before, live)
    assert {path: left and left.is_folder for path, left in found.items()} == {
        "file before": False, "file before/inner": None, "file live": True, "file live/inner": False,
    }  # fmt: skip
