"""A rotation of backups on a real btrfs: what it deletes, frees, leaves and explains, and that what is left still covers and can be sent."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from actor.disk import subvolumes
from actor.feasibility import ask_feasibility
from actor.journal import incidents
from actor.model import EpisodeKey
from actor.world import case_of
from homeostat.backups.coverage import cover, ratio
from homeostat.backups.snapshots import snapshots_of
from tests import real
from tests.support import DAY, HOST, Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from actor.model import Incident

pytestmark = pytest.mark.integration
MIB = 1024 * 1024
SPACE = EpisodeKey(HOST, "backup_space_exhaustion", "disk", "backup")


@dataclasses.dataclass
class Shelf:
    """A btrfs with a subvolume of data and a folder of snapshots of it, each holding a file that came and went in its time."""

    root: pathlib.Path
    host: Host

    def __post_init__(self) -> None:
        self.data = real.subvolume(self.root / "data")
        self.folder = self.root / "backup"
        self.folder.mkdir()
        self.data.joinpath("lasting").write_bytes(os.urandom(8 * MIB))

    def name(self, age: float) -> str:
        taken = datetime.datetime.fromtimestamp(self.host.clock.now() - age, datetime.UTC)
        return f"data.{taken:%Y%m%dT%H%M}"

    def take(self, age_days: float, size_mib: float = 2) -> pathlib.Path:
        """Take a snapshot of that age with so much that no other one holds."""
        passing = self.data / "passing"
        passing.write_bytes(os.urandom(int(size_mib * MIB)))
        taken = real.snapshot(self.data, self.folder / self.name(age_days * DAY))
        passing.unlink()
        return taken

    def series(self, *ages_days: float) -> dict[float, pathlib.Path]:
        return {age: self.take(age) for age in sorted(ages_days, reverse=True)}

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def settings(self, **changes: Any) -> dict[str, Any]:
        nightly = {"sources": {"data": str(self.data)}, "directory": str(self.folder), "filesystem": "disk", "timezone": "UTC", "least_count": 2, "max_age": "26h", **changes}
        return {
            "filesystems": {"disk": {"path": str(self.root), "size": None, "free_target": 0.99}},
            "backups": {"nightly": nightly},
            "autonomy": {"actions": {"backup-rotation": {"settle": "2s", "watch": "30s"}}},
        }

    @contextlib.contextmanager
    def actor(self, more: dict[str, Any] | None = None, **changes: Any) -> Iterator[Actor]:
        settings = self.settings(**changes)
        actor = Actor(self.host, **{**settings, **(more or {}), "backups": settings["backups"] | (more or {}).get("backups", {})})
        yield actor
        actor.journal.close()


# Two of one day, two of one week, three of another: the first of each stays.
AGES = (0.5, 1, 2, 3, 8, 9, 20, 20.2, 40, 41, 80, 81, 82)
REDUNDANT = (20, 40, 80, 81)


@pytest.fixture
def shelf(host: Host) -> Iterator[Shelf]:
    with real.btrfs() as place:
        yield Shelf(place, host)


def rotate(actor: Actor, key: EpisodeKey = SPACE) -> Incident:
    actor.decide(key, "backup-rotation")
    actor.turn()
    return actor.incident()


def results(actor: Actor) -> list[dict[str, Any]]:
    phases = incidents.phases_of(actor.journal, actor.incident().id)
    return [phase["result"] for phase in phases if phase["phase"] == "execute"]


def about(actor: Actor, deed: Callable[..., Any]) -> Any:
    """Let the hands do something of a rotation that changes nothing."""
    playbook = actor.world.playbooks["backup-rotation"]
    return deed(case_of(actor.world, playbook, "disk", "i1"), playbook)


def plan(actor: Actor) -> dict[str, Any]:
    phases = incidents.phases_of(actor.journal, actor.incident().id)
    found: dict[str, Any] = next(phase["result"] for phase in phases if phase["phase"] == "plan")
    return found


def test_redundant_snapshots_go_and_free_what_was_predicted_to_the_byte(shelf: Shelf) -> None:
    taken = shelf.series(*AGES)
    with shelf.actor() as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        freed = [result["freed"] for result in results(actor)]
        assert [part["freed_bytes"] for part in freed] == [part["predicted"]["least_bytes"] for part in freed] == [2 * MIB] * len(freed)
        assert "backup-coverage-ratio is 1.0000 after 1.0000" in incident.reason
        told = plan(actor)
        backup = actor.config.backups["nightly"]
        assert ratio(backup, cover(backup, snapshots_of(backup), actor.clock.now())) == 1
    gone = set(AGES) - {age for age, path in taken.items() if path.exists()}
    assert gone == set(REDUNDANT)
    assert [command["summary"].rpartition(": ")[2] for command in told["commands"]] == [
        "it is 81d old, and an earlier one of its week stays",
        "it is 80d old, and an earlier one of its week stays",
        "it is 40d old, and an earlier one of its week stays",
        "it is 20d old, and an earlier one of its day stays",
    ]
    assert told["left"] == [f"backup nightly: {len(AGES) - 4} of {len(AGES)} snapshots stay"]
    assert told["undo"] == (
        "it cannot be undone: it deletes only what a rule of the owner names; never to be undone once begun: rotate-backups (it deletes only what a rule of the owner names)"
    )


def test_it_stops_when_enough_is_free(shelf: Shelf) -> None:
    shelf.series(0.5, 1, 2, 5)
    for hour in range(10):
        shelf.take(10 + hour / 24, 6)
    subprocess.run(["sync", "-f", shelf.root], check=True)
    status = os.statvfs(shelf.root)
    share = (status.f_bavail * status.f_frsize + 20 * MIB) / (status.f_blocks * status.f_frsize)
    with shelf.actor({"filesystems": {"disk": {"path": str(shelf.root), "size": None, "free_target": share}}}) as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        assert "is reached" in incident.reason
        assert 3 <= len(results(actor)) <= 4


def test_a_full_disk_is_rotated(shelf: Shelf) -> None:
    taken = shelf.series(*AGES)
    hog = shelf.root / "hog"
    for size in (MIB, 65536, 4096, 512):
        with contextlib.suppress(OSError), hog.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(size))
    subprocess.run(["sync", "-f", shelf.root], check=False)
    assert os.statvfs(shelf.root).f_bavail * 4096 < MIB
    with shelf.actor() as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
    assert not taken[81].exists()


def test_what_is_mounted_open_nested_default_or_writable_stays_and_is_told(shelf: Shelf, tmp_path: pathlib.Path) -> None:
    shelf.series(0.5, 1, 2, 5)
    taken = {hour: shelf.take(10 + hour / 24) for hour in range(7)}
    real.subvolume(shelf.data / "nested")
    nested = shelf.folder / shelf.name(10.5 * DAY)
    subprocess.run(["btrfs", "-q", "subvolume", "snapshot", shelf.data, nested], check=True, capture_output=True)
    real.subvolume(nested / "inner")
    subprocess.run(["btrfs", "property", "set", nested, "ro", "true"], check=True)
    subprocess.run(["btrfs", "property", "set", "-f", taken[3], "ro", "false"], check=True)
    device = subprocess.run(["findmnt", "-no", "SOURCE", shelf.root], check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["btrfs", "subvolume", "set-default", taken[2]], check=True)
    with real.mounted(tmp_path / "mounted", "-o", f"subvol=backup/{taken[0].name}", device), taken[1].joinpath("passing").open("rb"), shelf.actor() as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        told = plan(actor)["left"]
    assert [hour for hour, path in taken.items() if path.exists()] == [0, 1, 2, 3]
    assert nested.exists()
    for path, why in ((taken[0], "it is mounted"), (taken[1], "a program has it open"), (taken[2], "it is the default subvolume"), (nested, "it holds subvolumes of its own")):
        assert f"backup nightly: {path.name}: {why}" in told
    assert f"backup nightly: {taken[3].name}: it can be written: it is being received, or somebody works in it" in told


def test_nothing_that_is_not_named_as_the_owner_says_is_touched(shelf: Shelf, tmp_path: pathlib.Path) -> None:
    shelf.series(0.5, 1, 2, 5, 10)
    old = shelf.name(10 * DAY - 7200)
    others = [real.snapshot(shelf.data, shelf.folder / name) for name in ("precious", "data", f"my{old}", f"{old}.incomplete", "data.20230101T9999")]
    elsewhere = real.subvolume(shelf.root / "elsewhere")
    outside = real.snapshot(shelf.data, elsewhere / old)
    (shelf.folder / old).symlink_to(outside)
    (shelf.folder / f"{old}_1").mkdir()
    with shelf.actor() as actor:
        assert rotate(actor).outcome == "failed"
        assert "there was nothing to do: backup nightly: 5 of 5 snapshots stay" in actor.incident().reason
    assert all(path.exists() for path in (*others, outside, shelf.folder / f"{old}_1"))
    assert (shelf.folder / old).is_symlink()


def test_a_snapshot_that_took_the_name_of_the_planned_one_stays(shelf: Shelf) -> None:
    shelf.series(0.5, 1, 2, 5)
    taken = [shelf.take(10 + hour / 24) for hour in range(3)]
    with shelf.actor() as actor:
        real_perform, calls = actor.world.hands.perform, iter(range(9))

        def perform(*values: Any) -> Any:
            if next(calls) == 0:
                path = taken[1]
                subprocess.run(["btrfs", "property", "set", "-f", path, "ro", "false"], check=True)
                path.rename(shelf.root / "moved")
                real.snapshot(shelf.data, path)
            return real_perform(*values)

        actor.world.hands = dataclasses.replace(actor.world.hands, perform=perform)
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        left = [result.get("left") for result in results(actor)]
    assert incident.outcome == "succeeded", incident.reason
    assert left == ["it is redundant no more, or not what it was when this was planned", None]
    assert [path.exists() for path in taken] == [False, True, True]
    assert (shelf.root / "moved").exists()




def test_a_read_only_file_system_is_refused_before_anything_is_begun(shelf: Shelf) -> None:
    shelf.series(*AGES)
    with shelf.actor() as actor:
        subprocess.run(["mount", "-o", "remount,ro", shelf.root], check=True)
        incident = rotate(actor)
        subprocess.run(["mount", "-o", "remount,rw", shelf.root], check=True)
        assert "read-only" in incident.reason
        assert results(actor) == []
    assert len(shelf.left()) == len(AGES)


def test_a_program_that_holds_the_snapshot_when_its_turn_comes_keeps_it(shelf: Shelf) -> None:
    shelf.series(0.5, 1, 2, 5)
    taken = [shelf.take(10 + hour / 24) for hour in range(3)]
    with shelf.actor() as actor, contextlib.ExitStack() as opened:
        real_perform = actor.world.hands.perform

        def perform(*values: Any) -> Any:
            opened.enter_context(taken[0].joinpath("passing").open("rb"))
            return real_perform(*values)

        actor.world.hands = dataclasses.replace(actor.world.hands, perform=perform)
        assert rotate(actor).outcome == "succeeded"
    assert [path.exists() for path in taken] == [True, False, True]


def received(of: pathlib.Path, place: pathlib.Path, *parent: pathlib.Path) -> pathlib.Path:
    """Send a snapshot, whole or as the difference to a parent, and receive it in a folder."""
    stream = place / "stream"
    subprocess.run(["btrfs", "send", "-q", "-f", stream, *(word for path in parent for word in ("-p", path)), of], check=True, capture_output=True)
    subprocess.run(["btrfs", "receive", "-q", "-f", stream, place], check=True, capture_output=True)
    stream.unlink()
    return place / of.name


class TestParents:
    def other(self, place: pathlib.Path, shelf: Shelf) -> dict[str, Any]:
        return {"backups": {"usb": {"sources": {"data": str(shelf.data)}, "directory": str(place), "timezone": "UTC"}}}

    def test_the_latest_in_common_with_another_disk_stays_and_the_next_send_needs_no_more(self, shelf: Shelf) -> None:
        shelf.series(5)
        taken = [shelf.take(10 + hour / 24) for hour in (3, 2, 1)]
        with real.btrfs() as usb:
            received(taken[0], usb)
            received(taken[1], usb, taken[0])
            newest = shelf.series(2, 1)[1]
            with shelf.actor(self.other(usb, shelf)) as actor:
                incident = rotate(actor)
                assert incident.outcome == "succeeded", incident.reason
                told = plan(actor)["left"]
            assert [path.exists() for path in taken] == [True, True, False]
            assert f"backup nightly: {taken[1].name}: it is the latest that it has in common with backup usb, the parent of what is sent next" in told
            assert received(newest, usb, taken[1]).joinpath("passing").read_bytes() == newest.joinpath("passing").read_bytes()

    def test_while_the_other_disk_is_away_nothing_of_that_source_goes(self, shelf: Shelf, tmp_path: pathlib.Path) -> None:
        shelf.series(*AGES)
        with shelf.actor(self.other(tmp_path / "away", shelf)) as actor:
            incident = rotate(actor)
            assert incident.outcome == "failed"
            assert "backup usb has the same source and cannot be seen now: which parent it needs is unknown" in incident.reason
        assert len(shelf.left()) == len(AGES)

    def test_what_is_received_is_rotated_likewise_and_half_of_one_is_not_counted(self, host: Host) -> None:
        with real.btrfs() as place, real.btrfs() as source:
            shelf, there = Shelf(place, host), Shelf(source, host)
            sent = there.series(0.5, 1, 5, 10.0, 10.1)
            previous: tuple[pathlib.Path, ...] = ()
            for age in sorted(sent, reverse=True):
                received(sent[age], shelf.folder, *previous)
                previous = (sent[age],)
            half = real.subvolume(shelf.folder / shelf.name(3600))
            with shelf.actor() as actor:
                incident = rotate(actor)
                assert incident.outcome == "succeeded", incident.reason
                seen = cover(actor.config.backups["nightly"], snapshots_of(actor.config.backups["nightly"]), actor.clock.now())
            assert (seen[0].snapshots, seen[0].age_seconds) == (4, pytest.approx(DAY / 2, abs=60))
            assert half.exists()
            assert not (shelf.folder / sent[10.0].name).exists()


def test_snappers_timeline_is_rotated_with_its_papers_and_a_persons_own_snapshot_is_not(shelf: Shelf) -> None:
    for number, (age, cleanup) in enumerate([(30, ""), (20.2, "timeline"), (20.1, "timeline"), (20, "number"), (9, "timeline"), (5, "timeline"), (1, "timeline")], start=1):
        own = shelf.folder / str(number)
        own.mkdir()
        taken = datetime.datetime.fromtimestamp(shelf.host.clock.now() - age * DAY, datetime.UTC)
        said = f"<cleanup>{cleanup}</cleanup>" if cleanup else ""
        own.joinpath("info.xml").write_text(f"<?xml version='1.0'?><snapshot><type>single</type><num>{number}</num><date>{taken:%Y-%m-%d %H:%M:%S}</date>{said}</snapshot>")
        shelf.data.joinpath("passing").write_bytes(os.urandom(2 * MIB))
        real.snapshot(shelf.data, own / "snapshot")
    (shelf.folder / "99").mkdir()
    (shelf.folder / "99" / "info.xml").write_text("<snapshot><date>no</date")
    with shelf.actor(tool="snapper") as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        assert "backup nightly: 1, 4: snapper's timeline did not take it, so it goes by a person's word alone" in plan(actor)["left"]
    assert shelf.left() == ["1", "2", "4", "5", "6", "7", "99"]


def test_protections_of_ours_go_once_no_undo_can_need_them(shelf: Shelf) -> None:
    shelf.series(1, 5)
    place = shelf.data / ".homeostat-snapshots"
    place.mkdir(mode=0o700)
    for name in ("homeostat-service-restart-0a1b2c3d", "precious"):
        real.snapshot(shelf.data, place / name)
    service = {"services": {"web": {"subvolume": str(shelf.data)}}}
    # btrfs notes by itself when a snapshot was made: it is the clock that has to be later.
    made_at = datetime.datetime.now(datetime.UTC).timestamp()
    shelf.host.clock.jump(made_at + 59 * DAY - shelf.host.clock.now())
    with shelf.actor(service) as actor:
        assert about(actor, actor.world.hands.plan).commands == ()
        shelf.host.clock.jump(2 * DAY)
        assert rotate(actor).outcome == "failed"
        (command,) = plan(actor)["commands"]
        assert command["summary"].endswith("it is a protection of ours, older than 60d, which no undo needs any more")
    assert [path.name for path in place.iterdir()] == ["precious"]


def test_a_backup_that_lies_elsewhere_or_on_no_btrfs_makes_it_infeasible(shelf: Shelf, tmp_path: pathlib.Path) -> None:
    shelf.series(*AGES)
    for directory, told in ((shelf.root / "missing", "cannot be opened: No such file or directory"), (shelf.folder, None)):
        with shelf.actor(directory=str(directory)) as actor:
            assert about(actor, actor.world.hands.obstacle) == (f"backup nightly: {directory} {told}" if told else None)
    with shelf.actor() as actor:
        with real.mounted(shelf.folder, "-t", "tmpfs", "tmpfs"):
            assert about(actor, actor.world.hands.obstacle) == f"backup nightly: {shelf.folder} lies on no btrfs"
        with real.btrfs() as other, real.mounted(shelf.folder, "--bind", str(other)):
            assert about(actor, actor.world.hands.obstacle) == f"backup nightly: {shelf.folder} does not lie on the file system disk"
            assert ask_feasibility(actor.world).ratios["backup-rotation"] == 0
            assert rotate(actor).reason == f"protection: protection none cannot be given: backup nightly: {shelf.folder} does not lie on the file system disk"
        assert ask_feasibility(actor.world).ratios["backup-rotation"] == 1


def test_where_there_is_too_much_to_ask_after_the_prediction_has_no_upper_end_and_nothing_is_mispredicted(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.series(*AGES)
    monkeypatch.setattr(subvolumes, "MOST_ASKED", 0)
    with shelf.actor() as actor:
        incident = rotate(actor)
        assert incident.outcome == "succeeded", incident.reason
        freed = [result["freed"] for result in results(actor)]
    assert {part["predicted"]["least_bytes"] for part in freed} == {0}
    assert all(part["predicted"]["most_bytes"] > part["freed_bytes"] == 2 * MIB for part in freed)
