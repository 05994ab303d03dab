"""Does the journal agree with itself: each check is a query that finds what must not be, and says it in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.words import EXECUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.journal import Journal

_EXECUTED = ", ".join(f"'{outcome}'" for outcome in EXECUTED)

# What is told, by the query that finds it; `{}` is what it found. Each is one query, for the actor writes between two of them.
CHECKS: dict[str, str] = {
    "alert {} was passed over: a later one is decided and it is not": """
        SELECT id FROM alerts WHERE disposition IS NULL AND id < (SELECT max(id) FROM alerts WHERE disposition IS NOT NULL)""",
    "alert {} bears a decision without its reason or time": """
        SELECT id FROM alerts WHERE disposition IS NOT NULL AND (reason IS NULL OR decided_at IS NULL)""",
    "alert {} tells of an incident that is not there": """
        SELECT id FROM alerts WHERE incident_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = incident_id)""",
    "incident {} has not exactly one of a state and an outcome": """
        SELECT id FROM incidents WHERE (state IS NULL) = (outcome IS NULL)""",
    "incident {} waits for a time though its episode is over": """
        SELECT id FROM incidents WHERE episode_ended_at IS NOT NULL AND (state IS NOT NULL OR wake_at IS NOT NULL)""",
    "incident {} is running and no execution of it is under way": """
        SELECT id FROM incidents i WHERE state = 'running' AND NOT EXISTS
        (SELECT 1 FROM executions e WHERE e.incident_id = i.id AND ended_at IS NULL)""",
    "an execution of incident {} is under way and it is not running": """
        SELECT i.id FROM executions e JOIN incidents i ON i.id = e.incident_id WHERE e.ended_at IS NULL AND i.state IS NOT 'running'""",
    "incident {} was executed and no asking is recorded in which every gate agreed": """
        SELECT DISTINCT incident_id FROM executions e WHERE NOT EXISTS
        (SELECT 1 FROM verdicts v WHERE v.incident_id = e.incident_id GROUP BY v.asked_at
        HAVING count(DISTINCT v.gate) = count(DISTINCT CASE WHEN v.answer = 'allow' THEN v.gate END))""",
    "incident {} ended as executed and no execution of it has ended": f"""
        SELECT id FROM incidents i WHERE outcome IN ({_EXECUTED}) AND NOT EXISTS
        (SELECT 1 FROM executions e WHERE e.incident_id = i.id AND e.outcome IS NOT NULL)""",  # noqa: S608 - the word list's own words
    "incident {} ended as verified without the phases that lead there": """
        SELECT id FROM incidents i WHERE outcome IN ('succeeded', 'warned') AND 5 >
        (SELECT count(DISTINCT phase) FROM phases p WHERE p.incident_id = i.id AND failure IS NULL
        AND (phase = 'execute' OR finished_at IS NOT NULL) AND phase IN ('baseline', 'protect', 'execute', 'verify', 'keep'))""",
    "incident {} ended as rolled back and no rollback is recorded": """
        SELECT id FROM incidents i WHERE outcome IN ('rolled_back', 'rollback_conflict', 'stranded') AND NOT EXISTS
        (SELECT 1 FROM phases p WHERE p.incident_id = i.id AND phase = 'roll back' AND finished_at IS NOT NULL)""",
    "incident {} is proposed and its proposal is not there": """
        SELECT id FROM incidents i WHERE state = 'proposed' AND NOT EXISTS (SELECT 1 FROM proposals p WHERE p.incident_id = i.id)""",
    "the record of {} counts more successes or failures than trials": """
        SELECT action || ' at ' || target FROM records WHERE successes > trials OR failures_in_row > trials""",
}
_BOOKS = """
    SELECT (SELECT coalesce(sum(value), 0) FROM totals WHERE name = ?1), ({}),
    (SELECT coalesce(sum(value), 0) FROM totals WHERE name = 'homeostat_journal_pruned_total' AND json_extract(labels, '$.kind') = ?2)"""
_COUNTED = (
    ("homeostat_deliveries_total", "deliveries", "SELECT count(*) FROM deliveries"),
    ("homeostat_alerts_received_total", "alerts", "SELECT count(*) FROM alerts"),
    ("homeostat_alerts_decided_total", "alerts", "SELECT count(*) FROM alerts WHERE disposition IS NOT NULL"),
)


def faults(journal: Journal) -> Iterator[str]:
    """Find what is wrong, a line each; a journal in which nothing is wrong yields nothing. Raises JournalError."""
    yield from (f"SQLite: {row[0]}" for row in journal.rows("PRAGMA integrity_check") if row[0] != "ok")
    for row in journal.rows("PRAGMA foreign_key_check"):
        yield f"row {row['rowid']} of {row['table']} refers to one of {row['parent']} that is not there"
    for sentence, query in CHECKS.items():
        yield from (sentence.format(row[0]) for row in journal.rows(query))
    for name, kind, recount in _COUNTED:
        yield from _miscounted(journal, name, kind, recount)


def _miscounted(journal: Journal, name: str, kind: str, recount: str) -> Iterator[str]:
    """Compare a total with what can be recounted and what is known to have been removed, all in one query."""
    total, there, pruned = journal.rows(_BOOKS.format(recount), name, kind)[0]
    if total != there + pruned:
        yield f"{name} is {total:.0f}, but {there} are there and {pruned:.0f} were removed after their time"
