"""SIGKILL under load: whatever instant a real actor process dies at, every delivery that it acknowledged is there and decided."""

from __future__ import annotations

import collections
import random
import time
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, audit, intake
from homeostat.config import Size
from tests.actor.process import serving
from tests.actor.web import INTAKE
from tests.integration.load import names, posting
from tests.support import secret

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.integration

KILLS = 10
CLIENTS = 4


def killed_under_load(folder: pathlib.Path, after_seconds: float) -> list[str]:
    """Run an actor on the journal in `folder`, kill it so long after its first answers, and return what it acknowledged."""
    with serving(folder, security={"intake_token_files": [str(folder / "alertmanager")]}) as running:
        with posting(int(running.base.rpartition(":")[2]), CLIENTS) as book:
            deadline = time.monotonic() + 60
            while not book.acknowledged and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(after_seconds)
            running.process.kill()
            running.process.wait()
        assert (book.other, book.refused) == ([], 0)
    return book.acknowledged


def test_ten_kills_lose_no_acknowledged_delivery_and_each_alert_is_decided_once(tmp_path: pathlib.Path) -> None:
    secret(tmp_path / "alertmanager", INTAKE[0])
    chance, acknowledged = random.Random(29), collections.Counter[tuple[int, str]]()
    for number in range(KILLS):
        acknowledged.update((number, name) for name in killed_under_load(tmp_path, chance.uniform(0.0, 0.4)))
    assert len(acknowledged) > 20 * KILLS
    with serving(tmp_path) as running:
        deadline = time.monotonic() + 90
        while running.metric('homeostat_alerts_pending{host="h1"}') != "0.0":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert running.end()[0] == 0
    journal = Journal(tmp_path / "state", Size(65536))
    stored = collections.Counter(names([row["body"] for row in journal.rows("SELECT body FROM deliveries")]))
    # Each process was told names of its own numbering, so a name may stand there once for each of them.
    assert not collections.Counter(name for _, name in acknowledged) - stored
    assert sum(stored.values()) <= len(acknowledged) + KILLS * CLIENTS
    assert (intake.pending(journal), list(audit.faults(journal))) == (0, [])
    journal.close()
