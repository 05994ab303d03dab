"""The section `backups`: strict, each fault with its line and what would be right."""

from __future__ import annotations

import pytest

from homeostat.config import Config, ConfigError, loads
from homeostat.config.backups import holders

DISKS = "filesystems: {/srv/backup: {}, small: {path: /srv/small, size: 1GiB}}\n"


def backup(more: str = "", *, directory: str = "/srv/backup/nas") -> str:
    return f"{{sources: {{data: /srv/data}}, directory: {directory}{more}}}"


FAULTS = {
    "nothing backed up": ("{sources: {}, directory: /srv/backup}", "backups.b: sources must name what is backed up, as in {data: /srv/data}"),
    "a source nowhere": ("{sources: {data: srv}, directory: /srv/backup}", "sources: data 'srv' must be an absolute path"),
    "a word with a slash": ("{sources: {a/b: /srv}, directory: /srv/backup}", "sources: 'a/b' begins a name, which has no slash"),
    "a folder nowhere": (backup(directory="../x"), "directory '../x' must be an absolute path"),
    "another's tool": (backup(", tool: rsnapshot"), "backups.b.tool: Invalid enum value 'rsnapshot'; write one of btrbk, snapper, other"),
    "a key that is none": (backup(", retention: 7d"), "backups.b.retention: unknown key; known here: directory"),
    "names without a format": (backup(", tool: other"), "time_format is for tool other, which needs it"),
    "a format of another's names": (backup(", time_format: '%Y%m%d'"), "time_format is for tool other, which needs it"),
    "a format without a day": (backup(", tool: other, time_format: '-%Y-%m'"), "time_format '-%Y-%m' must tell year, month and day"),
    "a format that is none": (backup(", tool: other, time_format: '-%Y-%Y-%m-%d'"), "time_format '-%Y-%Y-%m-%d' cannot be read back"),
    "a format of another kind": (backup(", tool: other, time_format: '_%s'"), "time_format '_%s' cannot be read back"),
    "snapper's folder of two": ("{sources: {a: /a, b: /b}, directory: /a/.snapshots, tool: snapper}", "snapper's folder is of one subvolume"),
    "a zone that nobody knows": (backup(", timezone: Europe/Berln"), "'Europe/Berln' is no time zone"),
    "days after weeks": (backup(", keep: {dailies: 60d, weeklies: 4w}"), "backups.b.keep: weeklies 28d must not be less than dailies 60d"),
    "months before weeks": (backup(", keep: {monthlies: 30d}"), "backups.b.keep: monthlies 30d must not be less than weeklies 182d"),
    "none that stay": (backup(", least_count: 0"), "backups.b.least_count: Expected `int` >= 1"),
    "a check of nothing": (backup(", integrity: {}"), "backups.b.integrity: give either command (a program that succeeds while it is sound) or marker"),
    "a check by name": (backup(", integrity: {command: [restic, check]}"), "a command starts with the absolute path of its program"),
    "a disk that is unknown": (backup(", filesystem: /srv"), "backups.b.filesystem '/srv' is not in filesystems; known: /srv/backup, small"),
    "a disk elsewhere": (backup(", filesystem: /srv/backup", directory="/mnt/usb"), "backups.b.directory /mnt/usb does not lie below /srv/backup"),
    "a disk that is none": (backup(", filesystem: small", directory="/srv/small/b"), "is a directory with a size of its own; snapshots share a whole file system"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_and_what_is_wrong(name: str) -> None:
    written, told = FAULTS[name]
    with pytest.raises(ConfigError) as error:
        loads(f"{DISKS}backups:\n  b: {written}", Config, "homeostat.yml")
    assert told in str(error.value)
    assert str(error.value).startswith("homeostat.yml:3: ")


def test_two_backups_in_one_folder_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"backups\.c\.directory /srv/backup/nas is that of b too; name its sources there"):
        loads(f"backups: {{b: {backup()}, c: {backup()}}}", Config, "homeostat.yml")


def test_only_where_a_backup_names_its_file_system_may_it_be_rotated() -> None:
    text = f"{DISKS}backups: {{b: {backup(', filesystem: /srv/backup')}, c: {backup(directory='/mnt/usb')}}}"
    assert holders(loads(text, Config, "homeostat.yml").backups) == ("/srv/backup",)


def test_by_default_all_of_a_week_dailies_of_a_month_weeklies_of_half_a_year_and_every_month_stay() -> None:
    keep = loads(f"backups: {{b: {backup()}}}", Config, "homeostat.yml").backups["b"].keep
    assert (str(keep.all), str(keep.dailies), str(keep.weeklies), keep.monthlies) == ("7d", "30d", "182d", None)
