"""Step `compress-files`: old logs give room and lose nothing; until the purge all of it goes back."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from actor.disk import compression
from actor.model import StepFailed
from actor.playbook import PROTECTIONS, STEPS
from actor.steps.compress_files import Options
from homeostat.config.units import Size
from tests import real
from tests.actor.cases import case, reconfigured
from tests.integration.disks import fill
from tests.support import DAY, DISK, KIB, Actor

if TYPE_CHECKING:
    import pathlib

    from actor.model import Case, Command
    from tests.support import Host

STEP = STEPS["compress-files"]
COMPRESS: dict[str, Any] = {"cleanup": {"old-logs": {"how": "compress"}}}
SMALL = Options(larger_than=Size(4 * KIB))


def written(host: Host, name: str, size_kib: int = 80, age: float = DAY) -> bytes:
    """Write a log as programs write them, and return what it says."""
    path = host.log(name, 0, age)
    text = b"".join(b"2026-11-26T14:%06d level=info msg=hello\n" % number for number in range(size_kib * KIB // 38))
    path.write_bytes(text)
    path.chmod(0o640)
    os.utime(path, (host.clock.now() - age, host.clock.now() - age))
    return text


def plan(about: Case, options: Options = SMALL) -> tuple[Command, ...]:
    return STEP.plan(STEP.gather(about, options), options)


def names(host: Host) -> list[str]:
    return sorted(str(path.relative_to(host.logs)) for path in host.logs.rglob("*") if path.is_file())


def unpacked(path: pathlib.Path) -> bytes:
    return subprocess.run(["zstd", "-dcq", str(path)], check=True, capture_output=True).stdout


def test_a_cleanup_compresses_what_a_rule_says_and_every_byte_is_still_there(host: Host) -> None:
    texts = {f"app.log.{number}": written(host, f"app.log.{number}", age=DAY + number) for number in range(10)}
    actor = Actor(host, **COMPRESS)
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    assert actor.incident().outcome == "succeeded", actor.incident().reason
    compressed = [name for name in names(host) if name.endswith(".zst")]
    assert len(compressed) > 2
    assert len(names(host)) == len(texts)
    for name in compressed:
        assert unpacked(host.logs / name) == texts[name.removesuffix(".zst")]
        assert (host.logs / name).stat().st_mode & 0o777 == 0o640
    assert list((host.disk / ".homeostat-quarantine").rglob("*.log.*")) == []


def test_before_the_purge_an_undo_gives_back_the_originals_and_takes_what_was_compressed(host: Host) -> None:
    text = written(host, "deep/app.log.1")
    about = case(host, "disk", **COMPRESS)
    record = PROTECTIONS["quarantine"].protect(about)
    (command,) = plan(about)
    assert STEP.oracle(about, command) == "none"
    assert STEP.perform(about, command) == {"compressed": 1, "left": 0}
    assert (names(host), STEP.oracle(about, command)) == (["deep/app.log.1.zst"], "done")
    for _ in range(2):
        PROTECTIONS["quarantine"].roll_back(about, record)
        assert names(host) == ["deep/app.log.1"]
        assert (host.logs / "deep/app.log.1").read_bytes() == text


def test_what_somebody_wrote_where_the_compressed_one_was_stays(host: Host) -> None:
    written(host, "app.log.1")
    about = case(host, "disk", **COMPRESS)
    record = PROTECTIONS["quarantine"].protect(about)
    STEP.perform(about, plan(about)[0])
    (host.logs / "app.log.1.zst").write_text("somebody's")
    PROTECTIONS["quarantine"].roll_back(about, record)
    assert names(host) == ["app.log.1", "app.log.1.zst"]


def test_what_is_open_or_changed_since_the_plan_or_compressed_already_is_left(host: Host) -> None:
    for name in ("open.log.1", "changed.log.1", "taken.log.1", "old.log.1.zst"):
        written(host, name)
    about = case(host, "disk", **COMPRESS)
    with (host.logs / "open.log.1").open("rb"):
        commands = plan(about)
        chosen = [file["path"] for command in commands for file in command.arguments["files"]]
        assert sorted(chosen) == ["changed.log.1", "taken.log.1"]
        (host.logs / "changed.log.1").write_text("new")
        (host.logs / "taken.log.1.zst").write_text("somebody's")
        assert sum(STEP.perform(about, command)["compressed"] for command in commands) == 0
    assert names(host) == ["changed.log.1", "old.log.1.zst", "open.log.1", "taken.log.1", "taken.log.1.zst"]
    assert (host.logs / "taken.log.1.zst").read_text() == "somebody's"


def test_what_is_written_while_it_is_compressed_stays_as_it_is_and_nothing_lies_beside_it(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    written(host, "app.log.1")
    about, honest = case(host, "disk", **COMPRESS), compression.compress

    def written_meanwhile(name: str, folder: int) -> int | None:
        inode = honest(name, folder)
        (host.logs / "app.log.1").write_text("new")
        return inode

    monkeypatch.setattr(compression, "compress", written_meanwhile)
    assert STEP.perform(about, plan(about)[0]) == {"compressed": 0, "left": 1}
    assert (names(host), (host.logs / "app.log.1").read_text()) == (["app.log.1"], "new")


def test_a_rule_that_deletes_compresses_nothing_and_one_that_compresses_deletes_nothing(host: Host) -> None:
    written(host, "app.log.1")
    assert plan(case(host, "disk")) == ()
    quarantine = STEPS["quarantine-files"]
    options = quarantine.options()
    assert quarantine.plan(quarantine.gather(case(host, "disk", **COMPRESS), options), options) == ()


def test_a_rule_that_was_changed_since_the_plan_compresses_nothing_more(host: Host) -> None:
    written(host, "app.log.1")
    about = case(host, "disk", **COMPRESS)
    (command,) = plan(about)
    with pytest.raises(StepFailed, match="the cleanup rule changed since the plan was made"):
        STEP.perform(reconfigured(about, host), command)


@pytest.mark.integration
def test_on_a_full_disk_it_leaves_the_rest_and_no_half_file(host: Host) -> None:
    with real.filesystem("ext4", 8 * 1024**2) as place:
        host.disk, host.logs = place, place / "logs"
        host.logs.mkdir()
        text = written(host, "app.log.1", 300)
        hog = fill(place)
        about = case(host, "disk", filesystems={"disk": {"path": str(place), "size": None}}, **COMPRESS)
        (command,) = plan(about)
        assert STEP.perform(about, command) == {"compressed": 0, "left": 1, "full": True}
        assert (names(host), (host.logs / "app.log.1").read_bytes()) == (["app.log.1"], text)
        hog.unlink()


@pytest.mark.integration
def test_what_a_snapshot_holds_too_is_not_compressed(host: Host, btrfs: pathlib.Path) -> None:
    place = btrfs / host.folder.name
    subprocess.run(["btrfs", "subvolume", "create", str(place)], check=True, capture_output=True)
    host.disk, host.logs = place, place / "logs"
    host.logs.mkdir()
    written(host, "pinned.log.1", 300)
    subprocess.run(["btrfs", "filesystem", "sync", str(place)], check=True, capture_output=True)
    subprocess.run(["btrfs", "subvolume", "snapshot", "-r", str(place), f"{place}-kept"], check=True, capture_output=True)
    written(host, "loose.log.1", 300)
    about = case(host, "disk", filesystems={"disk": {"path": str(place), "size": None, "free_target": 1.0}}, **COMPRESS)
    assert [file["path"] for command in plan(about) for file in command.arguments["files"]] == ["loose.log.1"]
