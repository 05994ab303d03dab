"""A journal that has become long: incidents that ended, with their stories, at a steady pace up to now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.journal import Journal

EVERY_SECONDS = 300
_OUTCOMES = ("alerted", "refused", "shadowed", "cleared")
_EXECUTED = {"succeeded"}
# One in so many is executed: ten a day, the most that the default budget lets.
_EXECUTED_EVERY = 86400 // EVERY_SECONDS // 10


def fill(journal: Journal, incidents: int, targets: int) -> None:
    """Write so many incidents of so many targets, each with its alert and verdicts, ten a day with an execution and phases."""
    now = time.time()
    times = [now - (incidents - number) * EVERY_SECONDS for number in range(incidents)]
    with journal.transaction() as db:
        db.executemany("INSERT INTO deliveries VALUES (?, ?, 'webhook', 0, ?)", ((number, at, b"x" * 800) for number, at in enumerate(times)))
        db.executemany(
            "INSERT INTO alerts (delivery_id, fingerprint, status, labels, annotations, starts_at, disposition, reason, incident_id, decided_at)"
            " VALUES (?, 'f', 'firing', '{}', '{}', '', 'opened', 'a new episode', ?, ?)",
            ((number, _id(number), at) for number, at in enumerate(times)),
        )
        db.executemany(
            "INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, confidence, outcome, reason, opened_at,"
            " last_firing_at, acted_at, closed_at, episode_ended_at, alert_labels)"
            " VALUES (?, ?, 'memory_leak', ?, 'memory', 'service-restart', 'low', 'auto-execute', 'warning', 0.95, ?, 'why', ?, ?, ?, ?, ?, '{}')",
            (
                (_id(number), HOST, f"web{number % targets}", _outcome(number), at, at + 60, at if _outcome(number) in _EXECUTED else None, at + 60, at + 250)
                for number, at in enumerate(times)
            ),
        )
        db.executemany(
            "INSERT INTO verdicts (incident_id, asked_at, gate, answer, reason, inputs) VALUES (?, ?, ?, 'allow', 'fine', '{}')",
            ((_id(number), at, gate) for number, at in enumerate(times) for gate in ("known", "age", "budget")),
        )
        db.executemany(
            "INSERT INTO executions (incident_id, action, action_class, target, host, resource, started_at, ended_at, outcome)"
            " VALUES (?, 'service-restart', 'restart', ?, ?, 'memory', ?, ?, ?)",
            ((_id(number), f"web{number % targets}", HOST, at, at + 60, _outcome(number)) for number, at in _executed(times)),
        )
        db.executemany(
            "INSERT INTO phases (incident_id, phase, intent, intended_at, finished_at, result) VALUES (?, ?, 'null', ?, ?, '{}')",
            ((_id(number), phase, at, at + 1) for number, at in _executed(times) for phase in ("baseline", "protect", "execute", "verify", "keep")),
        )


def _executed(times: list[float]) -> Iterator[tuple[int, float]]:
    return ((number, at) for number, at in enumerate(times) if _outcome(number) in _EXECUTED)


def _id(number: int) -> str:
    return f"{number:08x}"


def _outcome(number: int) -> str:
    return "succeeded" if number % _EXECUTED_EVERY == 0 else _OUTCOMES[number % len(_OUTCOMES)]
