"""Protection `snapshot` on a real btrfs."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from actor.model import Unprotectable
from actor.playbook import PROTECTIONS
from homeostat.clock import SystemClock
from tests.actor.cases import case
from tests.actor.protections.scenes import through_json
from tests.real import mounted, subvolume

if TYPE_CHECKING:
    from actor.model import Case
    from tests.support import Host

pytestmark = pytest.mark.integration
SNAPSHOT = PROTECTIONS["snapshot"]


@pytest.fixture
def root(btrfs: pathlib.Path, host: Host) -> pathlib.Path:
    return subvolume(btrfs / host.folder.name)


def of(host: Host, root: pathlib.Path | None, **changes: object) -> Case:
    (host.service / "down").touch()
    return case(host, "web", services={"web": {"subvolume": str(root) if root else None}}, **changes)


def test_the_snapshot_is_read_only_and_bears_action_and_incident(host: Host, root: pathlib.Path) -> None:
    (root / "file").write_text("before")
    SNAPSHOT.protect(of(host, root))
    (taken,) = (root / ".homeostat-snapshots").iterdir()
    assert taken.name == "homeostat-service-restart-i1"
    assert "Flags: \t\t\treadonly" in subprocess.run(["btrfs", "subvolume", "show", taken], check=True, capture_output=True, text=True).stdout
    with pytest.raises(OSError, match="Read-only"):
        (taken / "file").write_text("after")


def test_the_folder_of_snapshots_is_for_root_only(host: Host, root: pathlib.Path) -> None:
    SNAPSHOT.protect(of(host, root))
    assert (root / ".homeostat-snapshots").stat().st_mode & 0o777 == 0o700


def test_what_goes_back_has_its_owner_mode_and_times(host: Host, root: pathlib.Path) -> None:
    path = root / "file"
    path.write_text("before")
    path.chmod(0o640)
    os.chown(path, 1234, 1234)
    os.utime(path, ns=(10**18, 10**18 + 7))
    before = path.stat()
    record = SNAPSHOT.protect(of(host, root))
    path.unlink()
    SNAPSHOT.roll_back(of(host, root), SNAPSHOT.seal(of(host, root), record))
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid, after.st_mtime_ns) == (before.st_mode, 1234, 1234, before.st_mtime_ns)


def test_a_folder_that_the_action_removed_comes_back_with_its_files(host: Host, root: pathlib.Path) -> None:
    deeper = root / "deep" / "er"
    deeper.mkdir(parents=True)
    (deeper / "file").write_text("before")
    deeper.chmod(0o2750)
    os.chown(deeper, 1234, 1234)
    record = SNAPSHOT.protect(of(host, root))
    shutil.rmtree(root / "deep")
    assert SNAPSHOT.roll_back(of(host, root), SNAPSHOT.seal(of(host, root), record)).restored == 3
    assert (deeper / "file").read_text() == "before"
    assert (stat.S_IMODE(deeper.stat().st_mode), deeper.stat().st_uid) == (0o2750, 1234)


def test_a_symlink_that_took_a_folders_place_is_not_followed_out_of_the_subvolume(host: Host, root: pathlib.Path) -> None:
    (root / "deep").mkdir()
    (root / "deep" / "removed").write_text("before")
    (root / "deep" / "new").mkdir()
    record = SNAPSHOT.protect(of(host, root))
    (root / "deep" / "removed").unlink()
    record = SNAPSHOT.seal(of(host, root), record)
    outside = host.folder / "outside"
    outside.mkdir()
    (root / "deep").rename(root / "away")
    (root / "deep").symlink_to(outside)
    restored = SNAPSHOT.roll_back(of(host, root), record)
    assert (restored.restored, restored.conflicts) == (0, (f"{root}/deep/removed",))
    assert list(outside.iterdir()) == []


def test_what_the_action_did_not_touch_is_not_touched_either(host: Host, root: pathlib.Path) -> None:
    (root / "quiet").write_text("before")
    record = SNAPSHOT.seal(of(host, root), SNAPSHOT.protect(of(host, root)))
    (root / "quiet").write_text("by a person, later")
    restored = SNAPSHOT.roll_back(of(host, root), record)
    assert (restored.restored, restored.conflicts) == (0, ())
    assert (root / "quiet").read_text() == "by a person, later"


def test_without_a_seal_nothing_can_be_told_from_a_persons_edit_so_nothing_is_reverted(host: Host, root: pathlib.Path) -> None:
    (root / "file").write_text("before")
    record = SNAPSHOT.protect(of(host, root))
    (root / "file").write_text("after")
    restored = SNAPSHOT.roll_back(of(host, root), record)
    assert (restored.restored, (root / "file").read_text()) == (0, "after")
    assert restored.conflicts == (f"{root}/file (changed, and nobody knows by whom; its old state is in {record['snapshot']})",)


def test_a_subvolume_below_is_another_matter(host: Host, root: pathlib.Path) -> None:
    nested = subvolume(root / "nested")
    (nested / "file").write_text("before")
    record = SNAPSHOT.protect(of(host, root))
    (nested / "file").write_text("after")
    assert SNAPSHOT.seal(of(host, root), record)["changed"] == {}


def test_a_name_that_is_no_utf_8_is_left_alone(host: Host, root: pathlib.Path) -> None:
    odd = [root / os.fsdecode(b"caf\xe9"), root / os.fsdecode(b"d\xe9") / "file"]
    odd[1].parent.mkdir()
    for path in odd:
        path.write_text("before")
    record = SNAPSHOT.protect(of(host, root))
    for path in odd:
        path.write_text("after")
    assert through_json(SNAPSHOT.seal(of(host, root), record))["changed"] == {}


def test_a_service_without_a_subvolume_cannot_be_protected(host: Host) -> None:
    assert SNAPSHOT.obstacle(of(host, None)) == "web has no subvolume in the configuration"


def test_a_folder_that_is_no_subvolume_cannot_be_protected(host: Host, root: pathlib.Path) -> None:
    (root / "folder").mkdir()
    assert SNAPSHOT.obstacle(of(host, root / "folder")) == f"{root / 'folder'} is no btrfs subvolume"


def test_a_symlink_to_a_subvolume_is_not_followed(host: Host, root: pathlib.Path) -> None:
    link = host.folder / "link"
    link.symlink_to(root)
    assert str(SNAPSHOT.obstacle(of(host, link))).startswith(f"{link} cannot be opened")


def test_a_symlink_in_the_place_of_the_snapshots_is_refused(host: Host, root: pathlib.Path) -> None:
    (root / ".homeostat-snapshots").symlink_to(host.folder)
    with pytest.raises(Unprotectable, match="no snapshot can be taken in"):
        SNAPSHOT.protect(of(host, root))
    assert not list(host.folder.glob("homeostat-*"))


def test_a_place_that_somebody_else_made_is_refused(host: Host, root: pathlib.Path) -> None:
    (root / ".homeostat-snapshots").mkdir()
    os.chown(root / ".homeostat-snapshots", 1234, 1234)
    with pytest.raises(Unprotectable, match="belongs to somebody else"):
        SNAPSHOT.protect(of(host, root))


def test_no_snapshot_pins_the_actors_own_state(host: Host, root: pathlib.Path) -> None:
    about = of(host, root, actor={"state_directory": str(root / "state")})
    assert SNAPSHOT.obstacle(about) == f"{root} holds the actor's own state, which no snapshot may pin"


def test_a_subvolume_that_is_read_only_cannot_be_protected(host: Host, root: pathlib.Path) -> None:
    subprocess.run(["btrfs", "property", "set", root, "ro", "true"], check=True)
    assert SNAPSHOT.obstacle(of(host, root)) is not None
    subprocess.run(["btrfs", "property", "set", root, "ro", "false"], check=True)


def test_inode_256_of_another_file_system_is_no_subvolume(host: Host, tmp_path: pathlib.Path) -> None:
    with mounted(tmp_path / "tmpfs", "-t", "tmpfs", "tmpfs") as place:
        folders = [place / str(number) for number in range(400)]
        for folder in folders:
            folder.mkdir()
        unlucky = [folder for folder in folders if folder.stat().st_ino == 256]
        if not unlucky:
            pytest.skip("no folder got inode 256")
        assert SNAPSHOT.obstacle(of(host, unlucky[0])) == f"{unlucky[0]} is no btrfs subvolume"


def test_nothing_is_put_back_under_a_running_service(host: Host, root: pathlib.Path) -> None:
    (root / "app.db").write_text("before")
    record = SNAPSHOT.protect(of(host, root))
    (root / "app.db").write_text("written by the service")
    sealed = SNAPSHOT.seal(of(host, root), record)
    running = of(host, root)
    (host.service / "down").unlink()
    restored = SNAPSHOT.roll_back(running, sealed)
    assert (restored.restored, (root / "app.db").read_text()) == (0, "written by the service")
    assert "in use; its old state is in" in restored.conflicts[0]


def test_no_snapshot_pins_what_a_cleanup_is_to_free(host: Host, root: pathlib.Path) -> None:
    (root / "logs").mkdir()
    rules = {"cleanup": {"old": {"directory": str(root / "logs"), "pattern": "*.log", "older_than": "1h"}}}
    told = SNAPSHOT.obstacle(of(host, root, **rules))
    assert told == f"{root} holds what cleanup rule old is to free, which no snapshot may pin"
    with pytest.raises(Unprotectable, match="which no snapshot may pin"):
        SNAPSHOT.protect(of(host, root, **rules))
    assert not (root / ".homeostat-snapshots").exists()


def test_no_snapshot_pins_a_file_system_that_is_to_be_freed(host: Host, root: pathlib.Path) -> None:
    told = SNAPSHOT.obstacle(of(host, root, filesystems={"data": {"path": str(root)}}))
    assert told == f"{root} holds what file system data is to free, which no snapshot may pin"


def test_what_is_to_be_freed_and_the_state_may_lie_in_subvolumes_of_their_own_below(host: Host, root: pathlib.Path) -> None:
    logs, state = subvolume(root / "logs"), subvolume(root / "state")
    (logs / "old.log").write_bytes(os.urandom(1024**2))
    (state / "ballast").write_bytes(os.urandom(1024**2))
    rules = {"cleanup": {"old": {"directory": str(logs), "pattern": "*.log", "older_than": "1h"}}, "actor": {"state_directory": str(state)}}
    record = SNAPSHOT.protect(of(host, root, **rules))
    taken = record["snapshot"]
    assert [path for name in ("logs", "state") for path in pathlib.Path(taken, name).iterdir()] == []
    for path in (logs / "old.log", state / "ballast"):
        told = subprocess.run(["filefrag", "-v", str(path)], check=True, capture_output=True, text=True).stdout
        assert "shared" not in told


def test_the_executors_own_place_is_pinned_by_no_snapshot_either(host: Host, root: pathlib.Path) -> None:
    about = of(host, root, actor={"executor_directory": str(root / "root")})
    assert SNAPSHOT.obstacle(about) == f"{root} holds the actor's own state, which no snapshot may pin"


def test_a_second_run_of_an_incident_has_a_snapshot_of_its_own(host: Host, root: pathlib.Path) -> None:
    first, second = (SNAPSHOT.protect(of(host, root))["snapshot"] for _ in range(2))
    assert second == f"{first}.2"
    SNAPSHOT.discard({"subvolume": str(root), "snapshot": first})
    assert [kept.name for kept in SNAPSHOT.kept(of(host, root).config)] == ["homeostat-service-restart-i1.2"]


def test_a_discarded_snapshot_gives_its_room_back_before_that_is_said(host: Host, root: pathlib.Path) -> None:
    (root / "large").write_bytes(os.urandom(64 * 1024**2))
    record = SNAPSHOT.protect(of(host, root))
    os.sync()
    (root / "large").unlink()
    os.sync()
    pinned = SNAPSHOT.room(record)
    SNAPSHOT.discard(record)
    os.sync()
    assert SNAPSHOT.room(record) > pinned + 0.1


def test_a_snapshot_is_known_by_when_it_was_taken(host: Host, root: pathlib.Path) -> None:
    os.utime(root, (0, 0))
    SNAPSHOT.protect(of(host, root))
    (kept,) = SNAPSHOT.kept(of(host, root).config)
    assert abs(kept.made_at - SystemClock().now()) < 60
