"""The points of a life: every commit of the journal, every change of a file, every process, every word to the outside."""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import functools
import io
import os
import pathlib
import select
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from actor.disk import entries, extents
from homeostat import btrfs, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.crash.trace import Trace

FILE_EFFECTS = (
    "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "chown", "chmod", "fchown", "fchmod", "lchown", "utime",
    "truncate", "ftruncate", "write", "pwrite", "sendfile", "copy_file_range", "posix_fallocate", "setxattr", "removexattr", "mkfifo",
)  # fmt: skip
_NEEDS_SOURCE = {"rename", "replace", "link", "unlink", "remove", "rmdir"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_AUDITED = {
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate", "os.utime", "os.setxattr",
    "os.removexattr", "subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system", "os.spawn", "socket.connect", "fcntl.ioctl",
}  # fmt: skip
_JOURNALS_OWN = ("actor/journal/__init__.py", "actor/journal/group.py")
_HARMLESS = ("/dev/null", "/dev/urandom", "/proc/")
# Questions about extents and space, which change nothing.
_QUESTIONS = {extents._FIEMAP, btrfs._TREE_SEARCH, btrfs._INODE_LOOKUP, btrfs._SPACE_INFO, btrfs._LOGICAL_INODES, btrfs._SUBVOLUME_INFO, btrfs._SUBVOLUMES_INSIDE, btrfs._FILESYSTEM_INFO}


class Awaited(subprocess.Popen[bytes]):
    """A process whose end is heard of at once: the library looks for it every few milliseconds, which the matrix has not."""

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and timeout is not None:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(self.pid)
                select.select([handle], [], [], timeout)
                os.close(handle)
            timeout = 0.0
        return super().wait(timeout)


class Kill(NamedTuple):
    """Where a life ends: the number of a point in it, and `before` or `after` its effect; at `edit` it lives on, and a user edits files just before."""

    point: int
    side: str


class Points:
    """Stands at every point of one life, writes it down, and kills at the one that was chosen (None: at none)."""

    def __init__(self, trace: Trace, folder: pathlib.Path, kill: Kill | None) -> None:
        self.trace = trace
        self.folder = str(folder)
        self.kill = kill
        self.seen = 0
        self.db: sqlite3.Connection | None = None
        self.about_to_linger: Callable[[], None] = lambda: None
        self.user_edits: Callable[[], None] = lambda: None
        self._depth = 0

    def around(self, name: str, effect: Callable[[], Any]) -> Any:
        """Run one effect, and die just before or just after it when its turn has come."""
        if self._depth:
            return effect()
        number, self.seen = self.seen, self.seen + 1
        self.trace.write("point", name=name, **self._witness(name))
        if self.kill == (number, "edit"):
            with self.unwatched():
                self.user_edits()
        self._reach(Kill(number, "before"))
        if self.kill == (number, "after") and name.startswith("process ") and is_effect(name):
            self.about_to_linger()
        try:
            with self.unwatched():
                return effect()
        finally:
            self.trace.write("done", name=name)
            self._reach(Kill(number, "after"))

    def _reach(self, here: Kill) -> None:
        if here == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Let the harness itself, or the inside of a point, do things that are no points."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def _witness(self, name: str) -> dict[str, Any]:
        """Say what the journal has on disk at the moment of an effect: the last phase's intent, and whether a commit is outstanding."""
        if self.db is None or name.startswith("commit"):
            return {}
        return {"last": self.last_phase(), "uncommitted": self.db.in_transaction}

    def last_phase(self) -> dict[str, Any] | None:
        """Return the last phase that the journal knows, and whether it is open."""
        if self.db is None:
            return None
        # While the schema is made there are no phases yet.
        with contextlib.suppress(sqlite3.OperationalError):
            row = self.db.execute("SELECT id, incident_id, phase, finished_at IS NULL FROM phases ORDER BY id DESC LIMIT 1").fetchone()
            return {"id": row[0], "incident": row[1], "phase": row[2], "open": bool(row[3])} if row else None
        return None

    def install(self) -> None:
        """Put a hook into everything that is a point in this process, for good."""
        for name in FILE_EFFECTS:
            setattr(os, name, self._file_effect(name, getattr(os, name)))
        os.open = self._opening(os.open)  # type: ignore[assignment]
        builtins.open = io.open = self._opening_by_mode(open)  # type: ignore[assignment]
        shell.subprocess.Popen = self._process()  # type: ignore[misc, assignment]
        fcntl.ioctl = self._ioctl(fcntl.ioctl)  # type: ignore[assignment]
        entries._renameat2 = self._exchange(entries._renameat2)
        self._hook_sqlite()
        sys.addaudithook(self._audit)

    def _file_effect(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def effect(*values: Any, **options: Any) -> Any:
            if self._depth or not _has_effect(name, values, options):
                with self.unwatched():
                    return real(*values, **options)
            return self.around(f"{name} {self._place(values[0], options)}", lambda: real(*values, **options))

        return effect

    def _ioctl(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def ioctl(descriptor: int, request: int, *values: Any) -> Any:
            if request in _QUESTIONS:
                with self.unwatched():
                    return real(descriptor, request, *values)
            return self.around(f"ioctl {self._place(descriptor, {})}", lambda: real(descriptor, request, *values))

        return ioctl

    def _exchange(self, real: Callable[..., None]) -> Callable[..., None]:
        def exchange(old: str, new: str, folder: int, flags: int) -> None:
            self.around(f"renameat2 {self._place(old, {'dir_fd': folder})}", lambda: real(old, new, folder, flags))

        return exchange

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def opening(path: Any, flags: int, *values: Any, **options: Any) -> int:
            if self._depth or not flags & _WRITES or str(path).startswith(_HARMLESS):
                return real(path, flags, *values, **options)
            return self.around(f"open {self._place(path, options)}", lambda: real(path, flags, *values, **options))

        return opening

    def _opening_by_mode(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def opening(path: Any, mode: str = "r", *values: Any, **options: Any) -> Any:
            if self._depth or not set(mode) & set("wax+") or isinstance(path, int) or str(path).startswith(_HARMLESS):
                return real(path, mode, *values, **options)
            return self.around(f"open {self._place(path, {})}", lambda: real(path, mode, *values, **options))

        return opening

    def _process(self) -> Callable[..., Any]:
        def process(argv: list[str], **options: Any) -> Any:
            words = [str(word).removeprefix(self.folder) for word in argv]
            return self.around(f"process {' '.join(words)}", lambda: Awaited(argv, **options))

        return process

    def _hook_sqlite(self) -> None:
        points, real = self, sqlite3.connect

        class Watched(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                if sql.strip().upper() != "COMMIT":
                    return super().execute(sql, *values)
                return points.around(f"commit {_committer()}", lambda: super(Watched, self).execute(sql, *values))

        def connect(path: Any, **options: Any) -> sqlite3.Connection:
            db = real(path, **options, factory=Watched)
            points.db = db
            return db

        sqlite3.connect = connect  # type: ignore[assignment]

    def _place(self, path: Any, options: dict[str, Any]) -> str:
        folder = options.get("src_dir_fd", options.get("dir_fd"))
        if isinstance(path, int):
            whole = _opened(path)
        elif folder is not None:
            whole = _opened(folder) / os.fsdecode(path)
        else:
            whole = pathlib.Path(os.fsdecode(path)).absolute()
        return str(whole).removeprefix(f"{self.folder}/")

    def _audit(self, event: str, values: tuple[Any, ...]) -> None:
        # A descriptor that is wrapped was opened by its name before.
        writes = event == "open" and not isinstance(values[0], int) and isinstance(values[2], int) and values[2] & _WRITES and not str(values[0]).startswith(_HARMLESS)
        if self._depth == 0 and (event in _AUDITED or writes):
            self.trace.write("unseen", event=event, about=repr(values)[:200])


def is_effect(name: str) -> bool:
    """Say whether a point touches the host."""
    kind, _, about = name.partition(" ")
    if kind in {"commit", "post", "answer"}:
        return False
    if kind == "process":
        return not (about.startswith(("/usr/bin/test ", "/usr/bin/sync ", "/usr/bin/true verify ")) or about.split()[1:2] == ["show"])
    return about.partition("/")[0] != "state"


def _opened(descriptor: int) -> pathlib.Path:
    return pathlib.Path(f"/proc/self/fd/{descriptor}").readlink()


def _has_effect(name: str, values: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Say whether a call can change anything: making what exists and removing what does not cannot."""
    if name not in _NEEDS_SOURCE | {"mkdir"}:
        return True
    folder = options.get("src_dir_fd", options.get("dir_fd"))
    try:
        os.stat(values[0], dir_fd=folder, follow_symlinks=False)
    except OSError:
        return name == "mkdir"
    return name != "mkdir"


def _committer() -> str:
    """Name a commit after the function of the actor that wrote it, and the phase that it is about."""
    frame, name, phase = sys._getframe(1), "", ""
    while frame is not None:
        code, values = frame.f_code, frame.f_locals
        ours = "/actor/" in code.co_filename and not code.co_filename.endswith(_JOURNALS_OWN)
        name = name or (code.co_name if ours else "")
        phase = phase or (str(values["phase"]) if ours and isinstance(values.get("phase"), str) else "")
        frame = frame.f_back  # type: ignore[assignment]
    return f"{name} {phase}".strip() or "migrate"
