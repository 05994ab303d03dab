"""One scene per protection: something that it protects, an action that changes it, and a person who edits it later."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

import msgspec

from actor.playbook import PROTECTIONS, STEPS
from actor.steps.quarantine_files import Options
from tests.actor.cases import case
from tests.real import subvolume

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    from actor.model import Case, Protection
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
        files: Content = {str(path.relative_to(self.root)): path.read_bytes() for path in paths if path.is_file() and not path.is_symlink()}
        links: Content = {str(path.relative_to(self.root)): str(path.readlink()) for path in paths if path.is_symlink()}
        return files | links


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
    for name in ("changed", "removed", "replaced", "deep/kept", "sp ace\nline"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(f"{name} before")
    (root / "link-changed").symlink_to("deep")
    (root / "link-removed").symlink_to("changed")
    (host.service / "down").touch()
    about = case(host, "web", services={"web": {"subvolume": str(root)}})

    def act() -> None:
        (root / "changed").write_text("by the action")
        (root / "sp ace\nline").write_text("by the action")
        (root / "removed").unlink()
        (root / "link-removed").unlink()
        (root / "link-changed").unlink()
        (root / "link-changed").symlink_to("/elsewhere")
        (root / "new").write_text("by the action")
        (root / "replaced").unlink()
        (root / "replaced").write_text("by the action")

    def edit() -> None:
        (root / "changed").write_text("by a person")

    return Scene(PROTECTIONS["snapshot"], about, root, act, edit, "changed", lambda: root.rename(root.with_name(f"{root.name}-away")))


SCENES = {"none": nothing, "quarantine": quarantine, "snapshot": snapshot}


def through_json(record: dict[str, object]) -> dict[str, object]:
    """Return a record as the journal gives it back."""
    given: dict[str, object] = msgspec.json.decode(msgspec.json.encode(record))
    return given


