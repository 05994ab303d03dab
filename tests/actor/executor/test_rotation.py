"""A rotation of backups whose deeds root does, from its own configuration and its own plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import real
from tests.actor.executor.conftest import paired, served
from tests.actor.test_rotation import AGES, REDUNDANT, SPACE, Shelf

if TYPE_CHECKING:
    from tests.support import Host

pytestmark = pytest.mark.integration


def test_a_rotation_goes_through_root_as_it_goes_without(host: Host) -> None:
    with real.btrfs() as place:
        shelf = Shelf(place, host)
        taken = shelf.series(*AGES)
        pair = paired(host, **shelf.settings())
        with served(pair):
            pair.actor.decide(SPACE, "backup-rotation")
            pair.actor.turn()
        incident = pair.actor.incident()
        pair.actor.journal.close()
        assert incident.outcome == "succeeded", incident.reason
        assert {age for age, path in taken.items() if not path.exists()} == set(REDUNDANT)
