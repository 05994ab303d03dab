"""Workflow 4: a disk of backups that will be full in days is rotated by the owner's rule, and what is left covers as well as before and can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.home import POOL
from tests.integration.workflows.test_disk import past

if TYPE_CHECKING:
    from tests.integration.home import Home

pytestmark = pytest.mark.home

MIB = 1024**2
DAYS = 60
# As the product has them, unlike the home's own pace: days are days here.
REAL = {"window": "7d", "step": "5m", "horizons": ["24h", "48h", "7d", "14d", "30d"], "targets": {"backup": {"filesystems": [{"mountpoint": POOL}]}}}
# A snapshot of each day at noon and of this hour, each with 6 MiB that no other one has; and much that all have.
FILL = """\
btrfs -q subvolume create "$1/data"
mkdir "$1/backup"
head -c 320M /dev/urandom >"$1/data/lasting"
take() { head -c 6M /dev/urandom >"$1/data/passing"; btrfs -q subvolume snapshot -r "$1/data" "$1/backup/data.$2"; rm "$1/data/passing"; }
for day in $(seq "$2" -1 1); do take "$1" "$(date -u -d "$day days ago" +%Y%m%dT1200)"; done
take "$1" "$(date -u -d '5 minutes ago' +%Y%m%dT%H%M)"
btrfs filesystem sync "$1"
"""
SEND = """\
cd "$1"; btrfs -q subvolume create received
btrfs send -q "backup/$2" | btrfs receive -q received
btrfs send -q -p "backup/$2" "backup/$3" | btrfs receive -q received
cmp "received/$3/passing" "backup/$3/passing" && cmp "received/$3/lasting" data/lasting
"""


def snapshots(home: Home) -> list[str]:
    return sorted(home.run("ls", f"{POOL}/backup").split())


@pytest.fixture(scope="module")
def rotated(home: Home) -> dict[str, Any]:
    """Fill the pool with two months of backups, let it be rotated, and return the whole story."""
    home.shell(FILL, POOL, str(DAYS))
    home.backfill(past(home))
    nightly = {"sources": {"data": f"{POOL}/data"}, "directory": f"{POOL}/backup", "filesystem": POOL, "timezone": "UTC"}
    before = snapshots(home)
    home.configure(exporter=REAL, filesystems={POOL: {"free_target": 0.9}}, backups={"nightly": nightly})
    return {**home.incident("backup_space_exhaustion", POOL), "before": before}


def test_what_will_be_full_in_days_is_rotated_and_verified(rotated: dict[str, Any]) -> None:
    assert (rotated["outcome"], rotated["action"]) == ("succeeded", "backup-rotation"), rotated["reason"]
    assert "backup-coverage-ratio is 1.0000 after 1.0000" in rotated["reason"]


def test_the_right_ones_are_gone_and_their_room_is_free(home: Home, rotated: dict[str, Any]) -> None:
    left = snapshots(home)
    gone = [name for name in rotated["before"] if name not in left]
    assert 20 <= len(gone) <= 26
    # All of the last thirty days, and of each week and month before the first.
    assert left[-30:] == rotated["before"][-30:]
    told = home.run("date", "-u", "-d", gone[0][5:13], "+%u %d").split()
    assert told[0] != "1"
    assert told[1] != "01"
    freed = [phase["result"]["freed"]["freed_bytes"] for phase in rotated["phases"] if phase["phase"] == "execute"]
    assert freed == [6 * MIB] * len(gone)
    assert "is not reached, for nothing more was within the rules" in rotated["reason"]


def test_coverage_is_as_good_as_before_and_nothing_is_redundant_any_more(home: Home, rotated: dict[str, Any]) -> None:
    left = len(snapshots(home))
    for metric, value in (("backup_snapshots", left), ("backup_redundant_snapshots", 0)):
        assert home.until(metric, lambda metric=metric, value=value: home.query(f'homeostat_{metric}{{backup="nightly",source="data"}} == {value}'))
    assert home.value('min_over_time(homeostat_backup_coverage_ratio{backup="nightly"}[1m])') == 1


def test_what_is_left_can_still_be_sent_as_a_difference(home: Home, rotated: dict[str, Any]) -> None:
    left = snapshots(home)
    home.shell(SEND, POOL, left[0], left[-1])


def test_it_says_that_it_cannot_be_undone_before_and_after(home: Home, rotated: dict[str, Any]) -> None:
    plan = next(phase["result"] for phase in rotated["phases"] if phase["phase"] == "plan")
    assert plan["undo"].startswith("it cannot be undone: it deletes only what a rule of the owner names")
    code, text = home.cli("undo", rotated["id"])
    assert code != 0
    assert "cannot be undone: it deletes only what a rule of the owner names" in text


def test_backups_that_stop_are_a_problem_in_words(home: Home, rotated: dict[str, Any]) -> None:
    home.configure(backups={"nightly": {"max_age": "1m"}})
    home.until("the problem", lambda: home.query('homeostat_problem_confidence_ratio{problem="backup_stale",target="nightly",resource="backup"}'))
    (trouble,) = home.get("observations", "exporter")["observers"]["backups"]["troubles"]
    assert trouble["words"].startswith("the newest snapshot of data is ")
