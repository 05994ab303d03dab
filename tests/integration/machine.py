"""A Debian 12 of its own with systemd as PID 1, in a container, for tests that need real units and containers."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import pickle
import re
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

SUITE = "bookworm"
PYTHON = (3, 11)
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
BUILD_SECONDS = 300
CALL_SECONDS = 60
REPOSITORY = pathlib.Path(__file__).parents[2]
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "PYTHONPATH": "/homeostat:/site-packages",
    "PYTHONDONTWRITEBYTECODE": "1",
}

# Runs in the container: a function and its arguments come in by name and value, what it gave or raised goes back.
_INSIDE = """
import pickle, sys, traceback
try:
    function, arguments = pickle.load(sys.stdin.buffer)
    answer = (function(*arguments), None)
except Exception as error:
    error.add_note(traceback.format_exc())
    answer = (None, error)
sys.stdout.buffer.write(pickle.dumps(answer))
"""
# A machine needs control groups that it shares with no other machine, or both systemds fight over one tree.
_ENTER_GROUPS = 'while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 1; shift; done; shift; exec "$@"'


def obstacle() -> str | None:
    """Return why this host can run no machine, or None."""
    if os.geteuid() != 0:
        return "a machine needs root"
    missing = [program for program in NEEDED if shutil.which(program) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if sys.version_info[:2] != PYTHON:
        return f"the machine runs Debian 12's Python {PYTHON}, our dependencies here are for {sys.version_info[:2]}"
    return None


@dataclasses.dataclass(frozen=True)
class Machine:
    """A booted machine; `pid` is its PID 1 as this host sees it. What is done in it is gone with it."""

    pid: int

    def run(self, *argv: str, check: bool = True) -> str:
        """Run a command in the machine and return what it printed; raises AssertionError when it fails and `check`."""
        completed = self._enter(argv, b"", stderr=subprocess.STDOUT)
        output = completed.stdout.decode()
        assert completed.returncode == 0 or not check, f"{' '.join(argv)}: exit {completed.returncode}: {output}"
        return output

    def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a module's function with the machine's own Python, return what it returns and raise what it raises."""
        argv = ("/usr/bin/python3", "-c", _INSIDE)
        completed = self._enter(argv, pickle.dumps((function, arguments)), stderr=subprocess.PIPE)
        assert completed.returncode == 0, completed.stderr.decode()
        value, error = pickle.loads(completed.stdout)
        if error is not None:
            raise error
        returned: T = value
        return returned

    def write(self, path: str, text: str) -> None:
        """Write a file in the machine, making its folders."""
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        completed = self._enter(("/bin/sh", "-c", script, "sh", path), text.encode(), stderr=subprocess.STDOUT)
        assert completed.returncode == 0, completed.stdout.decode()

    def _enter(self, argv: tuple[str, ...], given: bytes, stderr: int) -> subprocess.CompletedProcess[bytes]:
        namespaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        return subprocess.run(
            ["nsenter", f"--target={self.pid}", *namespaces, "--", *argv],
            input=given,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=ENVIRONMENT,
            timeout=CALL_SECONDS,
            check=False,
        )


@contextlib.contextmanager
def booted() -> Iterator[Machine]:
    """Build the machine's tree where it is not cached, boot it, and end it with everything in it."""
    root, name = _tree(), f"homeostat-{secrets.token_hex(4)}"
    with _control_groups(name) as groups, tempfile.TemporaryFile() as console:
        process = subprocess.Popen(
            [*_in_groups(groups), *_nspawn(root, name)],
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


def _nspawn(root: pathlib.Path, name: str) -> list[str]:
    return [
        # A test run that is killed takes its machine along: nspawn is the first in a process namespace of its own.
        "setpriv",
        "--pdeathsig=KILL",
        "unshare",
        "--pid",
        "--mount-proc",
        "--kill-child",
        "--fork",
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
        f"--bind-ro={sysconfig.get_path('platlib')}:/site-packages",
    ]


def _up(process: subprocess.Popen[bytes]) -> Machine | None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        machine = _inner(process)
        if machine is not None:
            state = machine.run("systemctl", "is-system-running", check=False).strip()
            if state in {"running", "degraded"}:
                return machine
        time.sleep(0.1)
    return None


def _inner(process: subprocess.Popen[bytes]) -> Machine | None:
    """Return the machine once nspawn's child is PID 1 of its own; before that it still is this host's."""
    for nspawn in _children(process.pid):
        for child in _children(int(nspawn)):
            status = " ".join(_words(f"/proc/{child}/status"))
            # Its ids here, beside nspawn, and in the machine.
            if re.search(r"NSpid: \d+ \d+ 1 ", status):
                return Machine(int(child))
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
    machine = _inner(process)
    if machine is not None:
        os.kill(machine.pid, signal.SIGKILL)
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


def _tree() -> pathlib.Path:
    """Return the folder of the machine's files, built once and kept for later runs."""
    named = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:12]
    cache = pathlib.Path(os.environ.get("HOMEOSTAT_TEST_CACHE") or f"{tempfile.gettempdir()}/homeostat-test-cache")
    cache.mkdir(parents=True, exist_ok=True)
    assert cache.stat().st_uid == 0, f"{cache} must belong to root, who boots what lies in it"
    root = cache / f"machine-{named}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _build(root)
    return root


def _build(root: pathlib.Path) -> None:
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    argv = [
        "mmdebstrap",
        "--mode=root",
        "--variant=essential",
        f"--include={','.join(PACKAGES)}",
        "--dpkgopt=force-unsafe-io",
        SUITE,
        str(unfinished),
        _source(),
    ]
    made = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert made.returncode == 0, f"Debian's packages could not be had: {made.stderr[-2000:]}"
    unfinished.rename(root)


def _source() -> str:
    """Return the line that names the archive from which this host itself installs Debian's packages."""
    wanted = ["Debian", SUITE, "main"]
    argv = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)"]
    targets = subprocess.run([*argv, "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
    archives = (line.split()[3] for line in targets.splitlines() if line.split()[:3] == wanted)
    archive = next(archives, None)
    assert archive is not None, f"apt of this host knows no Debian {SUITE}; run apt-get update"
    return f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {archive} {SUITE} main"
