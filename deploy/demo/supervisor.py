"""A supervisor of a few lines for the sandbox's services: start, restart, stop, show (as systemd shows), health."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import sys
import time
import urllib.request
import uuid
from typing import Any

_STOP_SECONDS = 5


def start(run: pathlib.Path, name: str, argv: list[str]) -> None:
    """Start a service in a session of its own, so that it outlives whoever asked."""
    log = str(run / f"{name}.log")
    redirections = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=redirections, setsid=True)
    state = {"pid": pid, "invocation": uuid.uuid4().hex, "argv": argv}
    aside = run / f"{name}.state.new"
    aside.write_text(json.dumps(state))
    aside.replace(run / f"{name}.state")


def stop(run: pathlib.Path, name: str) -> None:
    """End a service and wait until it is gone."""
    pid = read(run, name)["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    ends = time.monotonic() + _STOP_SECONDS
    while _alive(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def read(run: pathlib.Path, name: str) -> dict[str, Any]:
    """Return what is known of a service."""
    state: dict[str, Any] = json.loads((run / f"{name}.state").read_text())
    return state


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def show(run: pathlib.Path, name: str) -> None:
    """Print the service's state in systemd's `Key=Value` lines."""
    state = read(run, name)
    alive = _alive(state["pid"])
    print(f"ActiveState={'active' if alive else 'failed'}")
    print(f"InvocationID={state['invocation']}")
    print(f"MainPID={state['pid'] if alive else 0}")


def health(run: pathlib.Path, name: str) -> None:
    """Exit 0 when the service answers."""
    argv = read(run, name)["argv"]
    port = argv[argv.index("--port") + 1]
    for _ in range(20):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2):
            return
        time.sleep(0.1)
    sys.exit(1)


def main() -> None:
    """`supervisor.py RUN show|restart|health NAME`."""
    run, verb, name = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    if verb == "show":
        show(run, name)
    elif verb == "health":
        health(run, name)
    elif verb == "restart":
        argv = read(run, name)["argv"]
        stop(run, name)
        start(run, name, argv)


if __name__ == "__main__":
    main()
