"""The folder with a Debian 13 that homes boot: podman with quadlets, btrfs, Debian's own Prometheus, and what we import for its own Python."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import sysconfig
import tomllib

from tests.integration import debian
from tests.integration.stack import ROOT

SUITE, PYTHON = "trixie", "3.13"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "python3",
    "procps",
    "podman",
    "netavark",
    "crun",
    "podman-compose",
    "busybox-static",
    "libstdc++6",
    "btrfs-progs",
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-node-exporter",
)
# Nothing of them starts before its configuration is there.
_STARTED_LATER = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")


def root() -> pathlib.Path:
    """Return the folder, built in half a minute where no former run has kept it."""
    imported = _imported()
    return debian.kept("home", (*PACKAGES, *imported), lambda folder: _build(folder, imported), SUITE)


def binds() -> list[str]:
    """Return what nspawn binds beside the checkout: what our package says of itself, from which the CLI knows its commands."""
    (said,) = pathlib.Path(sysconfig.get_path("platlib")).glob("homeostat-*.dist-info")
    return [f"--bind-ro={said}:/site-packages/{said.name}"]


def _imported() -> tuple[str, ...]:
    """Return what the daemons need, and what the tests' own functions import that run inside."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = [need for need in project["optional-dependencies"]["dev"] if need.startswith(("pytest", "promql-parser"))]
    return (*project["dependencies"], *ours)


def _build(folder: pathlib.Path, imported: tuple[str, ...]) -> None:
    debian.install(folder, PACKAGES, suite=SUITE)
    _run("systemctl", f"--root={folder}", "disable", *_STARTED_LATER)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    _run(*pip, "--only-binary=:all:", f"--python-version={PYTHON}", f"--target={folder / 'site-packages'}", *imported)
    _run("chroot", str(folder), "python3", "-m", "compileall", "-q", "/site-packages")


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=debian.BUILD_SECONDS, check=False)
    assert done.returncode == 0, f"{argv[0]}: {done.stderr[-2000:]}"
