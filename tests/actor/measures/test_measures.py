"""Measures: what is read, in which unit, and that what cannot be read is a failure."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from actor.model import StepFailed
from actor.playbook import MEASURES
from tests.actor.cases import case
from tests.support import DISK_BYTES, KIB, Host

if TYPE_CHECKING:
    import pathlib

FREE = MEASURES["filesystem-free-ratio"].read
ACTIVE = MEASURES["service-active"].read
MEMORY = MEASURES["service-memory-ratio"].read


def test_a_directory_with_an_allowance_is_measured_by_its_bytes_on_disk(host: Host) -> None:
    host.log("a.log.1", size_kib=256)
    assert FREE(case(host, "disk")) == 1 - 256 * KIB / DISK_BYTES


def test_a_file_system_is_measured_by_what_it_says_is_available(host: Host, tmp_path: pathlib.Path) -> None:
    about = case(host, "plain", filesystems={"plain": {"path": str(tmp_path)}})
    status = os.statvfs(tmp_path)
    assert FREE(about) == pytest.approx(status.f_bavail / status.f_blocks, abs=0.01)


def test_a_root_that_is_gone_is_a_failure(host: Host) -> None:
    shutil.rmtree(host.disk)
    with pytest.raises(StepFailed, match="disk cannot be measured"):
        FREE(case(host, "disk"))


def test_memory_is_a_share_of_the_services_limit(host: Host) -> None:
    assert MEMORY(case(host, "web")) == 900 * KIB / 1024**2


def test_without_a_limit_memory_is_a_share_of_the_hosts(host: Host) -> None:
    share = MEMORY(case(host, "web", services={"web": {"memory_limit": None}}))
    assert share == 900 * KIB / (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def test_a_service_is_up_when_it_is_active_and_healthy(host: Host) -> None:
    assert ACTIVE(case(host, "web")) == 1
    (host.service / "healthy").unlink()
    assert ACTIVE(case(host, "web")) == 0
    assert ACTIVE(case(host, "web", services={"web": {"health": None}})) == 1
    (host.service / "down").touch()
    assert ACTIVE(case(host, "web", services={"web": {"health": None}})) == 0


def test_a_memory_that_nobody_knows_is_a_failure(host: Host) -> None:
    (host.service / "memory").write_text("unknown")
    with pytest.raises(StepFailed, match="the memory of the service is not known"):
        MEMORY(case(host, "web"))
