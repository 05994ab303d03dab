"""The one door to processes: an argv list, an absolute path, a deadline that ends the whole tree, bounded output."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import secrets
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_OUTPUT_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
_POLL_SECONDS = 0.05
_MARK = "HOMEOSTAT_RUN"
_MOST_ROUNDS = 10
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


@dataclasses.dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended: `status` is its exit code, negative when a signal ended it; `cut` says why we ended it."""

    argv: tuple[str, ...]
    status: int
    output: str
    cut: str | None = None

    @property
    def ok(self) -> bool:
        """It ended by itself with exit code 0."""
        return self.status == 0 and self.cut is None

    def __str__(self) -> str:
        ending = self.cut or f"exit {self.status}"
        return f"{' '.join(self.argv)}: {ending}: {self.output.strip()[-500:] or 'no output'}"


def run(
    argv: Sequence[str],
    deadline_seconds: float,
    stopped: Callable[[], bool] = lambda: False,
    environment: dict[str, str] | None = None,
    most_output_bytes: int = MOST_OUTPUT_BYTES,
) -> Completed:
    """Run `argv` without a shell in a process group of its own and wait for it; of its output so many bytes are kept.

    At the deadline, or within 0.1 s of `stopped()` turning true, the whole group is killed, with what left it for a session
    of its own: all that the command started bears a mark in its environment.

    Raises:
        ValueError: the program is not named by an absolute path.

    """
    if not argv or not argv[0].startswith("/"):
        raise ValueError(f"a command starts with the absolute path of its program, not {argv[:1]!r}")
    mark = f"{_MARK}={secrets.token_hex(8)}"
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**ENVIRONMENT, **(environment or {}), **dict([mark.split("=")])},
        )
    except OSError as error:
        return Completed(tuple(argv), 127, f"cannot be started: {error}")
    assert process.stdout is not None
    kept = bytearray()
    reader = threading.Thread(target=_read, args=(process.stdout, kept, most_output_bytes), daemon=True)
    reader.start()
    cut = _wait(process, deadline_seconds, stopped)
    _kill_group(process)
    if cut is not None:
        _kill_marked(mark.encode())
    reader.join(timeout=1)
    return Completed(tuple(argv), process.wait(), kept.decode("utf-8", "replace"), cut)


def run_attached(argv: Sequence[str]) -> int:
    """Run a person's own command on their terminal, in their environment, and return its exit code (127 when it cannot be started).

    What ends us is for the command to hear: an interrupt reaches it by the terminal, a request to end is handed on.
    """
    process: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, _: object) -> None:
        if number != signal.SIGINT and process:
            process[0].send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        process.append(subprocess.Popen(list(argv)))
        return process[0].wait()
    except OSError:
        return 127
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leader(argv: Sequence[str], mark: str) -> int | None:
    """Return the process id of a run of `argv`, by whatever process it was begun, that bears `mark` (`NAME=value`) in its environment.

    What the run has left behind in a session of its own, a service say, is not it. None when there is none any more.
    """
    tail = [os.fsencode(word) for word in argv]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            words = process.joinpath("cmdline").read_bytes().split(b"\0")[:-1]
            if words[-len(tail) :] == tail and os.getsid(int(process.name)) == int(process.name) and _bears(process, mark.encode()):
                return int(process.name)
    return None


def end(leading: int) -> None:
    """Kill a run by its leader, with its whole process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leading, signal.SIGKILL)


def _read(stream: IO[bytes], kept: bytearray, most_bytes: int) -> None:
    with stream:
        while chunk := stream.read1(_CHUNK_BYTES):  # type: ignore[attr-defined]
            kept.extend(chunk[: max(0, most_bytes - len(kept))])


def _wait(process: subprocess.Popen[bytes], deadline_seconds: float, stopped: Callable[[], bool]) -> str | None:
    remaining = deadline_seconds
    while remaining > 0:
        try:
            process.wait(min(_POLL_SECONDS, remaining))
        except subprocess.TimeoutExpired:
            remaining -= _POLL_SECONDS
            if stopped():
                return "ended by the stop or its incident's deadline"
        else:
            return None
    return f"ended at its deadline of {deadline_seconds:g} s"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # What the command left behind in its group is ended too: nothing outlives its incident.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_marked(mark: bytes) -> None:
    # What is killed may have started something in the same moment: look again until nothing is left.
    for _ in range(_MOST_ROUNDS):
        marked = [process for process in pathlib.Path("/proc").glob("[0-9]*") if _bears(process, mark)]
        for process in marked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL)
        if not marked:
            return


def _bears(process: pathlib.Path, mark: bytes) -> bool:
    try:
        return mark in process.joinpath("environ").read_bytes().split(b"\0")
    except OSError:
        return False
