"""The observers of backups: what lies in a folder becomes ages, counts, coverage and, in words, what is wrong."""

from __future__ import annotations

import os
import pathlib
import time
from typing import Any

import msgspec
import pytest
import yaml

from exporter import door
from exporter.observation import Looking, Sight
from exporter.observers.backup_integrity import OBSERVER as INTEGRITY
from exporter.observers.backups import OBSERVER, Facts
from homeostat.config import Config, loads
from homeostat.config.backups import Integrity
from tests import real
from tests.support import merged

NOW = 1_780_000_000.0
HOUR, DAY = 3600, 86400
CASES = yaml.safe_load(pathlib.Path(__file__).with_name("backups.yaml").read_text())


def config(**nightly: Any) -> Config:
    settings = {"sources": {"data": "/srv/data", "home": "/home"}, "directory": "/srv/backup", "timezone": "UTC"}
    return loads(yaml.safe_dump({"host": "h1", "backups": {"nightly": merged(settings, nightly)}}), Config, "case.yml")


def samples(sight: Sight) -> dict[str, float]:
    return {f"{each.name}{{{','.join(list(each.labels.values())[1:])}}}": each.value for each in sight.metrics}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_what_lies_there_becomes_samples_and_problems(case: dict[str, Any]) -> None:
    snapshots = [
        {"name": f"{source}.{number}", "source": source, "at": NOW - hours * HOUR, "number": number, "uuid": f"{number:032x}", **dict(*more)}
        for number, (source, hours, *more) in enumerate(case.get("snapshots", []), start=1)
    ]
    files = {f"{name}_at": NOW - hours * HOUR for name, hours in case.get("files", {}).items()}
    seen = {"snapshots": snapshots, "free_ratio": 0.25, **files, **case.get("seen", {})}
    sight = OBSERVER.read(msgspec.convert({"backups": {"nightly": seen}}, Facts), Looking(config(**case.get("settings", {})), NOW))
    told = [[each.problem, each.target, each.resource, each.severity, each.words] for each in sight.troubles]
    assert told == [["backup_stale", "nightly", "backup", *each] for each in case.get("problems", [])]
    assert case.get("samples", {}).items() <= samples(sight).items()
    assert {each.name for each in sight.metrics} <= set(OBSERVER.help)


def test_a_host_without_backups_is_looked_at_in_peace() -> None:
    looking = Looking(Config(), NOW)
    for observer in (OBSERVER, INTEGRITY):
        assert observer.read(observer.gather(looking), looking).metrics == ()


@pytest.mark.integration
def test_a_real_folder_is_read_with_what_is_half_received_and_what_is_none(tmp_path: pathlib.Path) -> None:
    stamp = tmp_path / "restored"
    stamp.touch()
    os.utime(stamp, (NOW - DAY, NOW - DAY))
    with real.btrfs() as place:
        data, folder = real.subvolume(place / "data"), place / "backup"
        folder.mkdir()
        # 1 780 000 000 is 2026-05-28 20:26:40 UTC.
        for name in ("data.20260528T0200", "data.20260527T0200", "data.20260527T0200_1", "precious"):
            real.snapshot(data, folder / name)
        real.subvolume(folder / "home.20260528T0200")
        (folder / "data.20260526T0200").mkdir()
        (folder / "data.20260525T0200").symlink_to(folder / "data.20260527T0200")
        looking = Looking(config(directory=str(folder), restore_test={"stamp": str(stamp)}), NOW)
        facts = OBSERVER.gather(looking)
        # As it comes from root's own look.
        sight = OBSERVER.read(msgspec.json.decode(msgspec.json.encode(facts), type=Facts), looking)
    found = samples(sight)
    assert found.pop("backup_free_ratio{}") == pytest.approx(0.7, abs=0.2)
    assert found == {
        "backup_restore_test_age_seconds{}": DAY,
        "backup_coverage_ratio{}": 0.5,
        "backup_incomplete_snapshots{}": 1,
        "backup_snapshots{data}": 3,
        "backup_snapshots{home}": 0,
        "backup_redundant_snapshots{data}": 0,
        "backup_redundant_snapshots{home}": 0,
        "backup_age_seconds{data}": 18 * HOUR + 26 * 60 + 40,
    }
    (trouble,) = sight.troubles
    assert (trouble.severity, trouble.words) == ("critical", "there is no snapshot of home; one that is not complete does not count")


@pytest.mark.integration
def test_a_folder_that_is_missing_or_on_no_btrfs_is_told_in_words(tmp_path: pathlib.Path) -> None:
    with real.tmpfs(tmp_path / "tmpfs", 1024) as place:
        for directory, why in ((tmp_path / "missing", "No such file or directory"), (place, "it lies on no btrfs")):
            looking = Looking(config(directory=str(directory)), NOW)
            sight = OBSERVER.read(OBSERVER.gather(looking), looking)
            assert [(each.severity, each.words) for each in sight.troubles] == [("warning", f"{directory} cannot be read: {why}")]
            assert samples(sight) == {"backup_coverage_ratio{}": 0}


class TestIntegrity:
    def look(self, command: list[str], memory: Any = None, now: float = NOW, **more: Any) -> Sight:
        looking = Looking(config(integrity={"command": command, **more}), now, memory)
        return INTEGRITY.look(looking)

    def test_a_check_that_succeeds_is_told_with_its_time(self) -> None:
        sight = self.look(["/bin/true"])
        assert (samples(sight), sight.troubles) == ({"backup_integrity_ok{}": 1, "backup_integrity_check_timestamp_seconds{}": NOW}, ())

    def test_one_that_fails_is_a_critical_problem_in_its_own_words(self) -> None:
        (trouble,) = self.look(["/bin/sh", "-c", "echo; echo pack 1a2b is damaged; exit 3"]).troubles
        assert (trouble.problem, trouble.resource, trouble.severity) == ("backup_stale", "integrity", "critical")
        assert trouble.words == "/bin/sh finds backup nightly not sound: exit 3: pack 1a2b is damaged"

    def test_one_that_does_not_end_is_ended(self) -> None:
        (trouble,) = self.look(["/bin/sleep", "60"], deadline="100ms").troubles
        assert trouble.words == "/bin/sleep finds backup nightly not sound: ended at its deadline of 0.1 s: no output"

    def test_a_program_that_another_may_write_is_not_run(self, tmp_path: pathlib.Path) -> None:
        program = tmp_path / "check"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        program.chmod(0o777)
        (trouble,) = self.look([str(program)]).troubles
        assert trouble.words.endswith("must belong to root and be writable by nobody else")
        assert not (tmp_path / "ran").exists()

    def test_after_a_restart_it_is_not_run_again_before_its_time_but_another_program_is(self, tmp_path: pathlib.Path) -> None:
        count = tmp_path / "count"
        command = ["/bin/sh", "-c", f"echo >>{count}"]
        first = self.look(command)
        kept = msgspec.json.decode(msgspec.json.encode(first.memory), type=INTEGRITY.memory)
        for now in (NOW + HOUR, NOW + 13 * HOUR, NOW - HOUR):
            self.look(command, kept, now)
        assert len(count.read_text()) == 3
        self.look([*command, "other"], kept, NOW + HOUR)
        assert len(count.read_text()) == 4

    def test_after_a_restart_root_is_not_asked_before_its_time_and_never_where_nothing_names_a_program(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looking = Looking(config(integrity={"command": ["/bin/true"]}), NOW)
        first = INTEGRITY.look(looking)

        def asked(*_: Any) -> Facts:
            raise AssertionError("root was asked")

        monkeypatch.setattr(door.os, "geteuid", lambda: 1000)
        monkeypatch.setattr(door, "facts_of", asked)
        through = door.through({"backup-integrity": INTEGRITY})["backup-integrity"]
        assert through.look(Looking(looking.config, NOW + HOUR, first.memory)).memory == first.memory
        assert through.look(Looking(config(), NOW)) == Sight(memory=INTEGRITY.facts(checked={}))

    def test_several_together_take_no_longer_than_one(self) -> None:
        command = "integrity: {command: [/bin/sleep, '60'], deadline: 2s}"
        backups = "\n".join(f"  b{each}: {{sources: {{data: /srv}}, directory: /b{each}, {command}}}" for each in range(6))
        began_at = time.monotonic()
        facts = INTEGRITY.gather(Looking(loads(f"host: h1\nbackups:\n{backups}\n", Config, "case.yml"), NOW))
        assert time.monotonic() - began_at < 9
        assert [(name, checked.fault) for name, checked in facts.checked.items()] == [(f"b{each}", "ended at its deadline of 2 s: no output") for each in range(6)]

    def test_its_program_has_no_longer_than_roots_door_is_open(self) -> None:
        with pytest.raises(ValueError, match=r"deadline 2m must be at most 80s; let what takes longer run by a timer of its own that writes a marker"):
            Integrity(command=("/bin/true",), deadline=type(Integrity(marker="/m").deadline)(120))
