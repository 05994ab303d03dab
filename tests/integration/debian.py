"""Folders with a Debian in them, for machines of the tests' own: built once, kept for later runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUITE = "bookworm"
BUILD_SECONDS = 600


def kept(name: str, packages: Sequence[str], build: Callable[[pathlib.Path], None], suite: str = SUITE) -> pathlib.Path:
    """Return the folder that `build` made for these packages, at once where a former run has kept it."""
    key = hashlib.sha256(" ".join((suite, *packages)).encode()).hexdigest()[:12]
    cache = pathlib.Path(os.environ.get("HOMEOSTAT_TEST_CACHE") or f"{tempfile.gettempdir()}/homeostat-test-cache")
    cache.mkdir(parents=True, exist_ok=True)
    assert cache.stat().st_uid == 0, f"{cache} must belong to root, who boots what lies in it"
    folder = cache / f"{name}-{key}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            build(unfinished)
            unfinished.rename(folder)
    return folder


def install(folder: pathlib.Path, packages: Sequence[str], *options: str, suite: str = SUITE) -> None:
    """Install Debian with these packages into a new folder, with more options of mmdebstrap."""
    argv = [
        "mmdebstrap",
        "--mode=root",
        "--variant=essential",
        f"--include={','.join(packages)}",
        "--dpkgopt=force-unsafe-io",
        *options,
        suite,
        str(folder),
        _source(suite),
    ]
    made = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert made.returncode == 0, f"Debian's packages could not be had: {made.stderr[-2000:]}"


def _source(suite: str) -> str:
    """Return the line that names the archive from which this host itself installs Debian's packages: it has every suite."""
    argv = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)"]
    targets = subprocess.run([*argv, "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
    words = [line.split() for line in targets.splitlines()]
    archive = next((word[3] for word in words if word[:3] == ["Debian", SUITE, "main"]), None)
    assert archive is not None, f"apt of this host knows no Debian {SUITE}; run apt-get update"
    return f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {archive} {suite} main"
