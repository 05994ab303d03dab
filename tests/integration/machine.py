"""A Debian of its own with systemd as PID 1, in a container, for tests that need real units and containers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import ctypes
import dataclasses
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.integration import debian
from tests.integration.guest import ENVIRONMENT, PYTHON, Machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "python3",
    "procps",
    "podman",
    "netavark",
    "busybox-static",
    "libstdc++6",
)
NEEDED = ("mmdebstrap", "systemd-nspawn", "nsenter", "setpriv", "unshare")
BOOT_SECONDS = 60
CALL_SECONDS = 60
_CLONE_NEWNET = 0x40000000
REPOSITORY = pathlib.Path(__file__).parents[2]
# Debian 12's Python is of this host's version, so that what is installed for us serves there too.
OF_THIS_PYTHON = (f"--bind-ro={sysconfig.get_path('platlib')}:/site-packages",)

# A machine needs control groups that it shares with no other machine, or both systemds fight over one tree.
# It lives longer than most file systems of other tests: its own view of them would keep their loop devices.
# What it is given to keep comes first.
_LET_GO = """\
kept=" "
while [ "$1" != -- ]; do kept="$kept$1 "; shift; done
shift
grep -o " /[^ ]*/homeostat-[a-z0-9]*-[^ ]*" /proc/self/mounts | while read -r place; do
    case "$kept" in *" $place "*) ;; *) umount --lazy "$place" ;; esac
done
exec "$@"
"""
_ENTER_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'


def obstacle() -> str | None:
    """Return why this host can run no machine that imports what is installed here, or None."""
    if sys.version_info[:2] != PYTHON:
        return f"the machine runs Debian 12's Python {PYTHON}, our dependencies here are for {sys.version_info[:2]}"
    return lacking()


def lacking() -> str | None:
    """Return what this host lacks for any machine, or None."""
    if os.geteuid() != 0:
        return "a machine needs root"
    missing = [program for program in NEEDED if shutil.which(program) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


@dataclasses.dataclass(frozen=True)
class Container(Machine):
    """A machine whose PID 1 this host sees as `pid`."""

    pid: int


def network_of(machine: Container) -> concurrent.futures.Executor:
    """Return a thread whose sockets are the machine's: a server that is started there serves inside, and what is asked there is asked inside."""
    return concurrent.futures.ThreadPoolExecutor(1, initializer=_enter_network, initargs=(machine.pid,))


def _enter_network(pid: int) -> None:
    """Have this thread's sockets be the machine's."""
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "the machine's network cannot be entered")
    finally:
        os.close(descriptor)


def _entered(pid: int) -> Container:

    def enter(argv: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        return subprocess.run(
            ["nsenter", f"--target={pid}", *namespaces, "--", *argv],
            input=given,
            capture_output=True,
            env=ENVIRONMENT,
            timeout=CALL_SECONDS,
            check=False,
        )

    return Container(enter, pid)


def bookworm() -> pathlib.Path:
    """Return the folder with the Debian 12 that most tests boot, built where it is not kept."""
    return debian.kept("machine", PACKAGES, lambda folder: debian.install(folder, PACKAGES))


@contextlib.contextmanager
def booted(root: pathlib.Path | None = None, binds: Sequence[str] = OF_THIS_PYTHON, places: Mapping[pathlib.Path, str] = MappingProxyType({})) -> Iterator[Container]:
    """Boot the Debian in `root`, and end it with everything in it: this checkout is there, more `binds` of nspawn's, and these places of this host, writable."""
    name = f"homeostat-{secrets.token_hex(4)}"
    binds = [*binds, *(f"--bind={here}:{there}" for here, there in places.items())]
    with _control_groups(name) as groups, tempfile.TemporaryFile() as console:
        process = subprocess.Popen(
            [*_in_groups(groups), *_letting_go(places), *_nspawn(root or bookworm(), name), *binds],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
        try:
            machine = _up(process)
            assert machine is not None, f"the machine did not come up:\n{_tail(console.fileno())}"
            yield machine
        finally:
            _end(process)


def _in_groups(groups: list[pathlib.Path]) -> list[str]:
    return ["/bin/sh", "-c", _ENTER_GROUPS, "sh", *map(str, groups), "--"]


def _letting_go(kept: Iterable[pathlib.Path]) -> list[str]:
    return [
        # A test run that is killed takes its machine along: nspawn is the first in a process namespace of its own.
        "setpriv",
        "--pdeathsig=KILL",
        "unshare",
        "--pid",
        "--mount-proc",
        "--kill-child",
        "--fork",
        "/bin/sh",
        "-c",
        _LET_GO,
        "sh",
        *map(str, kept),
        "--",
    ]


def _nspawn(root: pathlib.Path, name: str) -> list[str]:
    return [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--boot",
        f"--directory={root}",
        f"--machine={name}",
        "--volatile=overlay",
        # podman's own overlays cannot lie on an overlay.
        "--tmpfs=/var/lib/containers",
        "--private-network",
        f"--bind-ro={REPOSITORY}:/homeostat",
    ]


def _up(process: subprocess.Popen[bytes]) -> Container | None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        pid = _inner(process)
        if pid is not None:
            machine = _entered(pid)
            state = machine.run("systemctl", "is-system-running", check=False).strip()
            if state in {"running", "degraded"}:
                return machine
        time.sleep(0.1)
    return None


def _inner(process: subprocess.Popen[bytes]) -> int | None:
    """Return the machine's PID 1 once nspawn's child is PID 1 of its own; before that it still is this host's."""
    for nspawn in _children(process.pid):
        for child in _children(int(nspawn)):
            status = " ".join(_words(f"/proc/{child}/status"))
            # Its ids here, beside nspawn, and in the machine.
            if re.search(r"NSpid: \d+ \d+ 1 ", status):
                return int(child)
    return None


def _children(pid: int) -> list[str]:
    return _words(f"/proc/{pid}/task/{pid}/children")


def _words(path: str) -> list[str]:
    try:
        return pathlib.Path(path).read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    # Nothing in the machine is to be saved: with its PID 1 everything in it ends at once, and nspawn cleans up.
    pid = _inner(process)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
    process.kill()
    process.wait()


def _tail(descriptor: int) -> str:
    return os.pread(descriptor, 100_000, 0).decode(errors="replace")[-3000:]


@contextlib.contextmanager
def _control_groups(name: str) -> Iterator[list[pathlib.Path]]:
    groups = [group / name for group in _own_groups()]
    for group in groups:
        group.mkdir()
    try:
        yield groups
    finally:
        for group in groups:
            _remove(group)


def _own_groups() -> Iterator[pathlib.Path]:
    """Yield the folders of this process's group in systemd's own hierarchies, for control groups v2 and v1."""
    roots = {"": ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"), "name=systemd": ("/sys/fs/cgroup/systemd",)}
    for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, hierarchy, path = line.split(":", 2)
        groups = (pathlib.Path(root + path) for root in roots.get(hierarchy, ()))
        yield from (group for group in groups if (group / "cgroup.procs").exists())


def _remove(group: pathlib.Path) -> None:
    for inner in sorted(group.rglob("*/"), reverse=True):
        inner.rmdir()
    group.rmdir()
