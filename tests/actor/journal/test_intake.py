"""Deliveries and alerts: stored verbatim, decided exactly once, counted for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, intake, totals
from actor.journal.intake import ReceivedAlert
from homeostat.config import Size

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Iterator[Journal]:
    opened = Journal(tmp_path, Size(4096))
    yield opened
    opened.close()


def alert(**labels: str) -> ReceivedAlert:
    return ReceivedAlert(status="firing", labels=labels, annotations={"a": "\0"}, starts_at="2026-01-01T00:00:00Z", fingerprint="f")


def store(journal: Journal, *alerts: ReceivedAlert, body: bytes = b"{}", source: str = "webhook") -> None:
    intake.store(journal, source, 1.0, (body, 0), alerts)


def test_the_body_is_kept_byte_by_byte(journal: Journal) -> None:
    body = bytes(range(256))
    store(journal, body=body)
    assert journal.rows("SELECT body FROM deliveries")[0]["body"] == body


@pytest.mark.parametrize("value", ["\0", "a\0b", "$(reboot)", "../", "\n\r", "-rf", "\u202e", "{{ x }}", "\U0001f600", "", "'; DROP TABLE alerts; --"])
def test_labels_come_back_verbatim(journal: Journal, value: str) -> None:
    store(journal, alert(target=value))
    (waiting,) = intake.undecided(journal)
    assert (waiting.labels, waiting.annotations, waiting.status) == ({"target": value}, {"a": "\0"}, "firing")


def test_alerts_wait_in_the_order_in_which_they_came(journal: Journal) -> None:
    store(journal, alert(n="1"), alert(n="2"))
    store(journal, alert(n="3"))
    assert [waiting.labels["n"] for waiting in intake.undecided(journal)] == ["1", "2", "3"]
    assert [waiting.labels["n"] for waiting in intake.undecided(journal, most=2)] == ["1", "2"]


def test_a_decided_alert_waits_no_more_and_a_second_decision_changes_nothing(journal: Journal) -> None:
    store(journal, alert(n="1"), alert(n="2"))
    first = intake.undecided(journal)[0].id
    for disposition in ("opened", "ignored"):
        with journal.transaction() as db:
            intake.decide(db, first, disposition, "why", ("i1", 2.0))
    assert intake.pending(journal) == 1
    row = journal.rows("SELECT disposition, reason, incident_id, decided_at FROM alerts WHERE id = ?", first)[0]
    assert tuple(row) == ("opened", "why", "i1", 2.0)


def test_an_alert_is_counted_as_decided_once(journal: Journal) -> None:
    store(journal, alert(n="1"))
    alert_id = intake.undecided(journal)[0].id
    for _ in range(2):
        with journal.transaction() as db:
            intake.decide(db, alert_id, "opened", "why", (None, 2.0))
    assert totals.read(journal)["homeostat_alerts_decided_total"] == [({"disposition": "opened"}, 1)]


def test_deliveries_and_alerts_are_counted_by_source(journal: Journal) -> None:
    store(journal, alert(n="1"), alert(n="2"))
    store(journal, source="reconcile")
    read = totals.read(journal)
    assert read["homeostat_deliveries_total"] == [({"source": "reconcile"}, 1), ({"source": "webhook"}, 1)]
    assert read["homeostat_alerts_received_total"] == [({"source": "reconcile"}, 0), ({"source": "webhook"}, 2)]
