"""The sandbox's file system: btrfs on a loop file where root and kernel allow it, else a directory with its own accounting."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib

SIZE_MIB = 1024


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """Where the sandbox is, and whether it is a file system of its own."""

    path: pathlib.Path
    own_filesystem: bool
    obstacle: str = ""

    @property
    def leaky_subvolume(self) -> pathlib.Path:
        """The subvolume of the leaking service's data."""
        return self.path / "leaky"

    def __str__(self) -> str:
        if self.own_filesystem:
            return f"btrfs of {SIZE_MIB} MiB on a loop file at {self.path}"
        return f"the directory {self.path} with an allowance of {SIZE_MIB} MiB of its own ({self.obstacle})"


def make(base: pathlib.Path) -> Sandbox:
    """Make the sandbox below `base`."""
    path, image = base / "sandbox", base / "sandbox.img"
    path.mkdir()
    if os.geteuid() != 0:
        return Sandbox(path, own_filesystem=False, obstacle="not root")
    with image.open("wb") as file:
        file.truncate(SIZE_MIB * 1024 * 1024)
    # btrfs tells of what was written only when it commits, by default every 30 s: too late for a sandbox of minutes.
    for argv in (["mkfs.btrfs", "-q", str(image)], ["mount", "-o", "loop,commit=1", str(image), str(path)], ["btrfs", "-q", "subvolume", "create", str(path / "leaky")]):
        try:
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return Sandbox(path, own_filesystem=False, obstacle=f"{argv[0]} is not installed")
        if done.returncode != 0:
            return Sandbox(path, own_filesystem=False, obstacle=f"{argv[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    (path / "leaky" / "state.json").write_text('{"sessions": 3}\n')
    return Sandbox(path, own_filesystem=True)


def remove(base: pathlib.Path) -> None:
    """Unmount what was made below `base`; the loop device goes with the mount."""
    path = base / "sandbox"
    for argv in (["umount", str(path)], ["umount", "--lazy", str(path)]):
        if os.path.ismount(path):
            subprocess.run(argv, check=False)
