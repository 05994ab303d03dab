"""Room for the journal: its own subvolume, a ballast that really takes its room, and what is told when room is short."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, JournalError, intake
from actor.journal.room import Ballast, free_bytes
from homeostat.config import Size
from tests.integration.stack import ROOT
from tests.real import subvolume, tmpfs
from tests.support import WEB, labels_of, received

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

MIB = 1024**2
BALLAST = Size(8 * MIB)
ALERT = received(labels_of(WEB, "service-restart", "auto-execute"))


def store(journal: Journal, size: int = 2) -> None:
    intake.store(journal, "webhook", 1.0, (os.urandom(size), 0), [ALERT])


@pytest.fixture
def place(btrfs: pathlib.Path, request: pytest.FixtureRequest) -> Iterator[pathlib.Path]:
    """Return a folder of its own on a real btrfs that compresses."""
    subprocess.run(["mount", "-o", "remount,compress-force=zstd", str(btrfs)], check=True)
    folder = subvolume(btrfs / f"room-{abs(hash(request.node.name))}")
    yield folder
    for name in ("hog", "before"):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (folder / name).unlink()
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["btrfs", "filesystem", "sync", str(btrfs)], check=True)
    subprocess.run(["mount", "-o", "remount,compress=no", str(btrfs)], check=True)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """Take all the room there is, for real: zeros would be compressed to nothing."""
    hog, taken = folder / "hog", 0
    with hog.open("wb") as file:
        for size in (MIB, 65536, 4096):
            with contextlib.suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), taken, size)
                    taken += size
    return hog


@contextlib.contextmanager
def journal_in(directory: pathlib.Path) -> Iterator[Journal]:
    journal = Journal(directory, BALLAST)
    try:
        yield journal
    finally:
        journal.close()


def flags(path: pathlib.Path) -> str:
    return subprocess.run(["lsattr", "-d", str(path)], check=True, capture_output=True, text=True).stdout.split()[0]


@pytest.mark.integration
@pytest.mark.parametrize("made_before", [False, True])
def test_on_btrfs_the_state_directory_is_a_subvolume_that_is_written_over_in_place(place: pathlib.Path, made_before: bool) -> None:
    state = place / "state"
    if made_before:
        state.mkdir(mode=0o750)
        os.chown(state, 12, 34)
    with journal_in(state):
        status = state.stat()
        assert (status.st_ino, status.st_dev != place.stat().st_dev) == (256, True)
        assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == ((0o750, 12, 34) if made_before else (0o700, 0, 0))
        assert ["C" in flags(state / name) for name in ("journal.db", "journal.db-wal", "ballast")] == [True] * 3
    with journal_in(state):
        assert state.stat().st_ino == 256


@pytest.mark.integration
def test_an_installed_actor_finds_its_place_made_by_tmpfiles(place: pathlib.Path) -> None:
    if shutil.which("systemd-tmpfiles") is None:
        pytest.skip("systemd-tmpfiles is not installed")
    (place / "var" / "lib").mkdir(parents=True)
    (place / "etc").mkdir()
    (place / "etc" / "passwd").write_text("homeostat:x:997:998::/:/bin/false\n")
    (place / "etc" / "group").write_text("homeostat:x:998:\n")
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={place}", str(ROOT / "deploy" / "homeostat.tmpfiles")], check=True)
    state = place / "var" / "lib" / "homeostat"
    status = state.stat()
    assert (status.st_ino, status.st_uid, status.st_gid, status.st_mode & 0o777) == (256, 997, 998, 0o700)
    with journal_in(state):
        assert "C" in flags(state / "journal.db")


@pytest.mark.integration
def test_a_state_directory_in_use_stays_what_it_is_and_says_what_that_means(place: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    state = place / "state"
    state.mkdir()
    (state / "stop").write_text("by ada")
    with journal_in(state):
        assert (state / "stop").read_text() == "by ada"
        assert "C" in flags(state / "journal.db")
    assert "is no subvolume of its own" in caplog.text


@pytest.mark.integration
def test_the_ballast_takes_its_room_though_the_file_system_compresses(place: pathlib.Path) -> None:
    with journal_in(place / "state") as journal:
        said = subprocess.run(["btrfs", "filesystem", "du", "--raw", "-s", str(place / "state" / "ballast")], check=True, capture_output=True, text=True)
        assert int(said.stdout.splitlines()[1].split()[0]) == BALLAST
        assert journal.ballast.laid


@pytest.mark.integration
def test_a_snapshot_of_what_lies_around_keeps_neither_journal_nor_ballast(place: pathlib.Path) -> None:
    with journal_in(place / "state") as journal:
        subprocess.run(["btrfs", "-q", "subvolume", "snapshot", "-r", str(place), str(place / "before")], check=True)
        assert list((place / "before" / "state").iterdir()) == []
        subprocess.run(["btrfs", "filesystem", "sync", str(place)], check=True)
        before = free_bytes(place)
        journal.ballast.give_up()
        subprocess.run(["btrfs", "filesystem", "sync", str(place)], check=True)
        assert free_bytes(place) - before >= BALLAST * 9 // 10
    subprocess.run(["btrfs", "-q", "subvolume", "delete", str(place / "before")], check=True)


@pytest.mark.integration
def test_on_a_full_btrfs_the_ballast_is_given_up_once_and_what_comes_next_is_recorded(place: pathlib.Path) -> None:
    with journal_in(place / "state") as journal:
        store(journal)
        hog = fill(place)
        stored, refused = 1, 0
        while refused == 0:
            try:
                store(journal, 65536)
            except JournalError:
                refused += 1
            else:
                stored += 1
        assert (journal.ballast.laid, journal.shortage()) == (False, "the last commit did not reach the disk")
        for _ in range(30):
            store(journal, 65536)
        assert journal.shortage() is not None
        assert journal.rows("SELECT count(*) FROM deliveries")[0][0] == stored + 30
        journal.ballast.lay()
        assert not journal.ballast.laid
        hog.unlink()
        subprocess.run(["btrfs", "filesystem", "sync", str(place)], check=True)
        journal.ballast.lay()
        assert (journal.ballast.laid, journal.shortage()) == (True, None)


@pytest.mark.integration
def test_a_ballast_is_laid_only_where_as_much_again_stays_free(tmp_path: pathlib.Path) -> None:
    with tmpfs(tmp_path / "small", 1024) as small:
        ballast = Ballast(small / "ballast", 600 * 1024)
        ballast.lay()
        assert (ballast.laid, (small / "ballast").exists()) == (False, False)
        assert ballast.shortage() == f"the ballast at {small}/ballast was given up, and there is no room to lay it again"
        ballast = Ballast(small / "ballast", 400 * 1024)
        ballast.lay()
        assert (ballast.laid, ballast.shortage()) == (True, None)


def test_a_file_with_holes_is_no_ballast_and_is_laid_in_full(tmp_path: pathlib.Path) -> None:
    with (tmp_path / "ballast").open("wb") as file:
        file.truncate(65536)
    ballast = Ballast(tmp_path / "ballast", 65536)
    assert not ballast.laid
    ballast.lay()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 65536
    assert ballast.laid


def test_another_size_is_laid_anew_and_no_ballast_is_no_shortage(tmp_path: pathlib.Path) -> None:
    for size in (65536, 131072, 4096):
        ballast = Ballast(tmp_path / "ballast", size)
        ballast.lay()
        assert (tmp_path / "ballast").stat().st_size == size
    assert Ballast(tmp_path / "none", 0).shortage() is None


def test_where_nothing_can_be_asked_room_is_short(tmp_path: pathlib.Path) -> None:
    assert Ballast(tmp_path / "gone" / "ballast", 4096).shortage() == f"the room at {tmp_path}/gone is not known: No such file or directory"


def test_a_statement_that_breaks_a_rule_of_the_schema_costs_no_ballast(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal:
        with pytest.raises(JournalError, match="UNIQUE"), journal.transaction() as db:
            db.executemany("INSERT INTO totals VALUES (?, '{}', 1)", [("a",), ("a",)])
        assert journal.ballast.laid
