"""Step `purge-quarantine`: this incident's own quarantine, and nothing else, is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.playbook import STEPS
from actor.steps.purge_quarantine import Options
from tests.actor.cases import case
from tests.support import KIB, Host

if TYPE_CHECKING:
    from actor.model import Command

STEP = STEPS["purge-quarantine"]


def wait_in(host: Host, incident_id: str, name: str = "a.log.1") -> None:
    host.log(f"../.homeostat-quarantine/homeostat-disk-cleanup-{incident_id}/old-logs/{name}", size_kib=64)


def purge(host: Host) -> Command:
    about = case(host, "disk")
    (command,) = STEP.plan(STEP.gather(about, Options()), Options())
    return command


def test_what_waits_is_deleted_and_counted(host: Host) -> None:
    wait_in(host, "i1"), wait_in(host, "i1", "deep/b.log.1")
    assert STEP.perform(case(host, "disk"), purge(host)) == {"purged": 2, "purged_bytes": 128 * KIB}
    assert not (host.disk / ".homeostat-quarantine" / "homeostat-disk-cleanup-i1").exists()


def test_another_incidents_quarantine_stays(host: Host) -> None:
    wait_in(host, "i1"), wait_in(host, "i2")
    STEP.perform(case(host, "disk"), purge(host))
    assert (host.disk / ".homeostat-quarantine" / "homeostat-disk-cleanup-i2" / "old-logs" / "a.log.1").exists()


def test_what_a_symlink_in_the_quarantine_points_to_stays(host: Host) -> None:
    precious = host.log("precious.log.1")
    wait_in(host, "i1")
    (host.disk / ".homeostat-quarantine" / "homeostat-disk-cleanup-i1" / "link").symlink_to(host.logs)
    STEP.perform(case(host, "disk"), purge(host))
    assert precious.exists()


def test_its_oracle_says_done_only_when_nothing_is_left(host: Host) -> None:
    wait_in(host, "i1")
    about, command = case(host, "disk"), purge(host)
    assert STEP.oracle(about, command) == "partial"
    STEP.perform(about, command)
    assert STEP.oracle(about, command) == "done"


def test_it_is_irreversible_and_only_follows_another_command(host: Host) -> None:
    assert purge(host).irreversible
    assert STEP.follows
