"""Whether quadlets and units are what podman and systemd can read: asked of these themselves, in a scratch folder, before anything is changed."""

from __future__ import annotations

import pathlib
import re
import shutil
import tempfile
from typing import TYPE_CHECKING

from actor.stack.stackfile import QUADLETS, UNITS, unit_of
from homeostat import shell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actor.stack.stackfile import Wanted

GENERATOR = "/usr/lib/systemd/system-generators/podman-system-generator"
_ANALYZE = "/usr/bin/systemd-analyze"
_DEADLINE_SECONDS = 60
_COMPLAINT = re.compile(r"quadlet-generator\[\d+\]: (?!Loading source|No files parsed)(.*)")


def fault(wanted: Iterable[Wanted]) -> str | None:
    """Say in one line what podman or systemd cannot read of these files beside those of the host, or None. Raises OSError."""
    files = tuple(wanted)
    with tempfile.TemporaryDirectory(prefix="homeostat-deploy-") as scratch:
        return _of_quadlets([file for file in files if file.path.startswith(f"{QUADLETS}/")], pathlib.Path(scratch, "quadlets")) or _of_units(
            [file for file in files if file.path.startswith(f"{UNITS}/")], pathlib.Path(scratch, "units")
        )


def _of_quadlets(files: list[Wanted], folder: pathlib.Path) -> str | None:
    if not files:
        return None
    if not pathlib.Path(GENERATOR).exists():
        return "podman's quadlet generator is not installed (podman 4.4 or later brings it), so no quadlet can be deployed"
    # A quadlet may name a volume or a network of the host's other quadlets.
    if pathlib.Path(QUADLETS).is_dir():
        shutil.copytree(QUADLETS, folder, ignore_dangling_symlinks=True)
    _lay(files, folder)
    ended = shell.run((GENERATOR, "--dryrun"), _DEADLINE_SECONDS, environment={"QUADLET_UNIT_DIRS": str(folder)})
    for file in files:
        name = pathlib.PurePosixPath(file.path).name
        if f"---{unit_of(file)}---" not in ended.output:
            # It makes no unit at all while it cannot read one of the files, so the fault may be another's.
            return _one_line(f"podman makes no unit of {name}: {'; '.join(_COMPLAINT.findall(ended.output)) or ended}", folder)
    return None


def _of_units(files: list[Wanted], folder: pathlib.Path) -> str | None:
    if not files:
        return None
    folder.mkdir()
    _lay(files, folder)
    places = [str(folder / pathlib.PurePosixPath(file.path).name) for file in files]
    # The empty last place stands for all the host's own.
    asked = (_ANALYZE, "verify", "--man=no", "--recursive-errors=no", *places)
    ended = shell.run(asked, _DEADLINE_SECONDS, environment={"SYSTEMD_UNIT_PATH": f"{folder}:"})
    return None if ended.ok else _one_line(f"systemd cannot read it: {ended.output.strip() or ended}", folder)


def _lay(files: list[Wanted], folder: pathlib.Path) -> None:
    folder.mkdir(exist_ok=True)
    for file in files:
        folder.joinpath(pathlib.PurePosixPath(file.path).name).write_text(file.content, encoding="utf-8")


def _one_line(words: str, folder: pathlib.Path) -> str:
    return " ".join(words.replace(f"{folder}/", "").split())
