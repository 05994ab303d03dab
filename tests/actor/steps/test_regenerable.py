"""Steps `journal-vacuum` and `package-cache-clean`: what they predict is what the real programs then free."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from actor.steps import journal_vacuum, package_cache_clean
from tests.actor.cases import case

if TYPE_CHECKING:
    from tests.support import Host

pytestmark = pytest.mark.integration
DAY = 86400
SEQUENCE, RANDOM = "0" * 31 + "a", "0" * 15 + "f"
ENTRIES_AT, KIB = 152, 1024


def archive(folder: pathlib.Path, age_days: float, *, entries: int = 5, name: str = "system", broken: bool = False) -> pathlib.Path:
    """Write what journald takes for an archive of that age, as far as it looks when it vacuums."""
    begun = f"{int((time.time() - age_days * DAY) * 1e6):016x}"
    path = folder / (f"{name}@{begun}-{RANDOM}.journal~" if broken else f"{name}@{SEQUENCE}-{begun}-{begun}.journal")
    header = bytearray(b"LPKSHHRH" + bytes(264 - 8))
    header[ENTRIES_AT : ENTRIES_AT + 8] = entries.to_bytes(8, "little")
    path.write_bytes(bytes(header) + os.urandom(64 * KIB))
    return path


@pytest.fixture
def journal(host: Host, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    machine_id = pathlib.Path("/etc/machine-id")
    if not machine_id.exists() or not machine_id.read_text().strip():
        pytest.skip("this machine has no id")
    monkeypatch.setattr(journal_vacuum, "JOURNAL", str(host.disk / "journal"))
    folder = host.disk / "journal" / machine_id.read_text().strip()
    folder.mkdir(parents=True)
    return folder


def vacuum(folder: pathlib.Path, keep_days: int) -> None:
    subprocess.run(["journalctl", "-D", folder.parent, f"--vacuum-time={keep_days}d"], check=True, capture_output=True)


def test_of_the_journal_it_predicts_the_archives_that_journald_then_drops(host: Host, journal: pathlib.Path) -> None:
    old = [archive(journal, 30), archive(journal, 8, name="user-1000"), archive(journal, 12, broken=True), archive(journal, 1, entries=0)]
    young = [archive(journal, 6), archive(journal, 1, broken=True, name="user-1000")]
    for name in ("system.journal", "notes.txt", "system@short.journal"):
        (journal / name).write_bytes(os.urandom(64 * KIB))
    host.clock.jump(time.time() - host.clock.now())
    facts = journal_vacuum.STEP.gather(case(host, "disk"), journal_vacuum.Options())
    before = sum(path.stat().st_blocks * 512 for path in journal.iterdir())
    vacuum(journal, 7)
    assert [path.exists() for path in (*old, *young)] == [False] * len(old) + [True] * len(young)
    assert facts.frees.least_bytes == before - sum(path.stat().st_blocks * 512 for path in journal.iterdir()) > 0


def test_another_machines_journal_and_one_that_lies_elsewhere_are_left_out(host: Host, journal: pathlib.Path) -> None:
    other = journal.parent / ("0" * 32)
    other.mkdir()
    archive(other, 30)
    host.clock.jump(time.time() - host.clock.now())
    assert journal_vacuum.STEP.gather(case(host, "disk"), journal_vacuum.Options()).frees.most_bytes == 0
    elsewhere = case(host, "away", filesystems={"away": {"path": str(host.service), "size": "1MiB"}})
    assert not journal_vacuum.STEP.gather(elsewhere, journal_vacuum.Options()).on_target


def test_of_apts_cache_it_predicts_what_apt_then_deletes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = host.disk / "cache"
    (cache / "archives" / "partial").mkdir(parents=True)
    for name in ("archives/a_1_all.deb", "archives/partial/b_1_all.deb", "archives/lock", "pkgcache.bin", "srcpkgcache.bin", "other"):
        (cache / name).write_bytes(os.urandom(64 * KIB))
    lists = host.disk / "lists"
    (lists / "partial").mkdir(parents=True)
    (lists / "partial" / "half").write_bytes(os.urandom(64 * KIB))
    for name, place in (("CACHE", cache / "archives"), ("INDEXES", cache), ("LISTS", lists / "partial")):
        monkeypatch.setattr(package_cache_clean, name, str(place))
    facts = package_cache_clean.STEP.gather(case(host, "disk"), package_cache_clean.Options())
    before = sum(path.stat().st_blocks * 512 for path in host.disk.rglob("*") if path.is_file())
    places = [f"Dir::Cache={cache}", f"Dir::State::lists={lists}", "Dir::Cache::pkgcache=pkgcache.bin", "Dir::Cache::srcpkgcache=srcpkgcache.bin"]
    subprocess.run(["apt-get", *(f"-o{place}" for place in places), "clean"], check=True, capture_output=True)
    after = sum(path.stat().st_blocks * 512 for path in host.disk.rglob("*") if path.is_file())
    assert facts.packages
    assert facts.frees.least_bytes == before - after > 0
