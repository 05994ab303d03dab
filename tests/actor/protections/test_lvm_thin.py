"""Protection `lvm-thin`: what it says without a volume; `thin_volumes.py` has the rest, where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.playbook import PROTECTIONS
from actor.protections import lvm_thin
from actor.protections.lvm_thin import Volume
from tests.actor.cases import case
from tests.support import configured

if TYPE_CHECKING:
    from tests.support import Host

THIN = PROTECTIONS["lvm-thin"]


def pool(data_percent: str, metadata_percent: str) -> Volume:
    return Volume(
        lv_name="pool", segtype="thin-pool", origin="", pool_lv="", lv_tags="", lv_time="0", data_percent=data_percent, metadata_percent=metadata_percent
    )


@pytest.mark.parametrize(("data", "metadata"), [("90.01", "1.00"), ("1.00", "90.01"), ("100.00", "100.00"), ("", "1.00")])
def test_a_pool_with_little_left_of_data_or_of_metadata_takes_no_snapshot(host: Host, data: str, metadata: str) -> None:
    told = lvm_thin._full(configured(host.settings()), "vg/data", pool(data, metadata))
    assert told is not None
    assert told.startswith("the pool pool of vg/data has ")
    assert told.endswith("% left, less than protections.keep_free 10%")


def test_a_pool_with_enough_left_takes_one(host: Host) -> None:
    assert lvm_thin._full(configured(host.settings()), "vg/data", pool("89.99", "10.00")) is None


def test_a_service_without_a_volume_cannot_be_protected(host: Host) -> None:
    assert THIN.obstacle(case(host, "web")) == "web has no volume in the configuration"
