"""One scene per protection: something that it protects, an action that changes it, and a person who edits it later."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import msgspec

from actor.model import Undo
from actor.playbook import PROTECTIONS, STEPS
from actor.steps.quarantine_files import Options
from tests.actor.cases import case
from tests.real import subvolume
from tests.support import executable

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from actor.kinds import Protection
    from actor.model import Case
    from tests.support import Host

Content = dict[str, bytes | str]


@dataclasses.dataclass(frozen=True)
class Scene:
    """`act` does the action, `edit` is a person's later edit of `edited`, `spoil` takes away what the protection needs."""

    protection: Protection
    case: Case
    root: pathlib.Path | None
    act: Callable[[], None]
    edit: Callable[[], None]
    edited: str | None
    spoil: Callable[[], None] | None

    def content(self) -> Content:
        """Return what the protected folder holds, without what is ours."""
        if self.root is None:
            return {}
        paths = [path for path in self.root.rglob("*") if not any(part.startswith(".homeostat") for part in path.parts)]
        return {str(path.relative_to(self.root)): _state(path) for path in paths}


def _state(path: pathlib.Path) -> bytes | str:
    if path.is_symlink():
        return str(path.readlink())
    status = path.stat()
    return f"folder {status.st_mode:o} {status.st_uid}" if path.is_dir() else path.read_bytes()


def nothing(host: Host, _: pathlib.Path) -> Scene:
    return Scene(PROTECTIONS["none"], case(host, "web"), None, lambda: None, lambda: None, None, None)


def quarantine(host: Host, _: pathlib.Path) -> Scene:
    for name in ("a.log.1", "deep/b\nc.log.1", "-rf.log.1"):
        host.log(name, size_kib=4)
    host.log("stays.txt", size_kib=1)
    about, step = case(host, "disk"), STEPS["quarantine-files"]

    def act() -> None:
        for command in step.plan(step.gather(about, Options()), Options()):
            step.perform(about, command)

    return Scene(
        PROTECTIONS["quarantine"], about, host.logs, act, lambda: host.log("a.log.1", size_kib=1) and None, "a.log.1", lambda: shutil.rmtree(host.disk)
    )


def snapshot(host: Host, btrfs: pathlib.Path) -> Scene:
    root = subvolume(btrfs / host.folder.name)
    _furnish(root)
    (host.service / "down").touch()
    about = case(host, "web", services={"web": {"subvolume": str(root)}})
    return Scene(
        PROTECTIONS["snapshot"], about, root, lambda: _change(root), lambda: _edit(root), "changed", lambda: root.rename(root.with_name(f"{root.name}-away")) and None
    )


def lvm_thin(host: Host, thin: tuple[str, pathlib.Path]) -> Scene:
    volume, root = thin
    shutil.rmtree(root / "lost+found")
    _furnish(root)
    (host.service / "down").touch()
    about = case(host, "web", services={"web": {"volume": volume}})

    def spoil() -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)

    return Scene(PROTECTIONS["lvm-thin"], about, root, lambda: _change(root), lambda: _edit(root), "changed", spoil)


def deployment(host: Host, units: pathlib.Path) -> Scene:
    """Return a service that runs for real; its drop-ins are what is deployed."""
    root = units / "contract.service.d"
    root.mkdir()
    for name in ("changed", "removed", "kept"):
        (root / f"{name}.conf").write_text(f"[Unit]\nDescription={name} before\n")
    (units / "contract.service").write_text("[Service]\nExecStart=/bin/sleep infinity\n")
    systemctl = ["systemctl", "restart", "contract.service"]
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(systemctl, check=True)
    about = case(host, "web", services={"web": {"manager": "systemd", "unit": "contract.service"}})

    def act() -> None:
        (root / "changed.conf").write_text("[Unit]\nDescription=by the action\n")
        (root / "removed.conf").unlink()
        (root / "made.conf").write_text("[Unit]\nDescription=by the action\n")
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        subprocess.run(systemctl, check=True)

    def edit() -> None:
        (root / "changed.conf").write_text("[Unit]\nDescription=by a person\n")

    return Scene(PROTECTIONS["deployment"], about, root, act, edit, "changed.conf", (units / "contract.service").unlink)


def preimage(host: Host, _: pathlib.Path) -> Scene:
    root = host.folder / "data"
    root.mkdir()
    _furnish(root)
    (host.service / "down").touch()
    about = case(host, "web", services={"web": {"files": [str(root), str(host.folder / "absent")]}}, protections={"preimage_most": "1MiB"})
    return Scene(
        PROTECTIONS["preimage"], about, root, lambda: _change(root), lambda: _edit(root), "changed", lambda: (root / "large").write_bytes(bytes(1024**2 + 1)) and None
    )


def command(host: Host, _: pathlib.Path) -> Scene:
    root = host.folder / "data"
    root.mkdir()
    (root / "changed").write_text("before")
    undo = executable(host.folder / "undo", f"#!/bin/sh\nprintf before >{root}/changed\n")
    about = dataclasses.replace(case(host, "web"), undoes=(Undo(argv=(str(undo),), files=(str(undo),), deadline_seconds=10.0),))
    return Scene(
        PROTECTIONS["command"], about, root, lambda: (root / "changed").write_text("by the action") and None, lambda: _edit(root), "changed", lambda: undo.chmod(0o777)
    )


def _furnish(root: pathlib.Path) -> None:
    for name in ("changed", "removed", "replaced", "deep/kept", "gone/with/all", "becomes-folder", "sp ace\nline"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name} before")
    (root / "becomes-file").mkdir()
    (root / "link-changed").symlink_to("deep")
    (root / "link-removed").symlink_to("changed")


def _change(root: pathlib.Path) -> None:
    (root / "changed").write_text("by the action")
    (root / "sp ace\nline").write_text("by the action")
    (root / "removed").unlink()
    (root / "link-removed").unlink()
    (root / "link-changed").unlink()
    (root / "link-changed").symlink_to("/elsewhere")
    (root / "new").write_text("by the action")
    (root / "replaced").unlink()
    (root / "replaced").write_text("by the action")
    shutil.rmtree(root / "gone")
    (root / "made" / "deep").mkdir(parents=True)
    (root / "made" / "deep" / "file").write_text("by the action")
    (root / "deep").chmod(0o700)
    os.chown(root / "deep", 1234, 1234)
    (root / "becomes-folder").unlink()
    (root / "becomes-folder").mkdir()
    (root / "becomes-folder" / "inner").write_text("by the action")
    (root / "becomes-file").rmdir()
    (root / "becomes-file").write_text("by the action")


def _edit(root: pathlib.Path) -> None:
    (root / "changed").write_text("by a person")


SCENES = {
    "command": command,
    "deployment": deployment,
    "lvm-thin": lvm_thin,
    "none": nothing,
    "preimage": preimage,
    "quarantine": quarantine,
    "snapshot": snapshot,
}


def through_json(record: dict[str, object]) -> dict[str, object]:
    """Return a record as the journal gives it back."""
    given: dict[str, object] = msgspec.json.decode(msgspec.json.encode(record))
    return given


