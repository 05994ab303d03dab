"""The journal's tables, as migrations: each function brings the schema from its number to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


def _statements(script: str) -> Callable[[sqlite3.Connection], None]:
    """Return the migration that runs these statements, one by one: a script of SQLite's own would commit before it begins."""

    def migrate(db: sqlite3.Connection) -> None:
        for statement in script.split(";"):
            if statement.strip():
                db.execute(statement)

    return migrate


_FIRST = """
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY, received_at REAL NOT NULL, source TEXT NOT NULL, truncated INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL REFERENCES deliveries, fingerprint TEXT NOT NULL, status TEXT NOT NULL,
    labels TEXT NOT NULL, annotations TEXT NOT NULL, starts_at TEXT NOT NULL,
    disposition TEXT, reason TEXT, incident_id TEXT, decided_at REAL
) STRICT;
CREATE INDEX alerts_undecided ON alerts (id) WHERE disposition IS NULL;
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, problem TEXT NOT NULL, target TEXT NOT NULL, resource TEXT NOT NULL,
    action TEXT NOT NULL, risk TEXT NOT NULL, decision TEXT NOT NULL, severity TEXT NOT NULL, confidence REAL,
    state TEXT, outcome TEXT, reason TEXT NOT NULL, opened_at REAL NOT NULL, last_firing_at REAL NOT NULL, wake_at REAL,
    acted_at REAL, closed_at REAL, episode_ended_at REAL, alert_labels TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX incidents_open_episode ON incidents (host, problem, target, resource) WHERE episode_ended_at IS NULL;
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE TABLE last_outcomes (
    incident_id TEXT PRIMARY KEY REFERENCES incidents, word TEXT NOT NULL
) STRICT;
CREATE TABLE phases (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, phase TEXT NOT NULL, intent TEXT NOT NULL,
    intended_at REAL NOT NULL, finished_at REAL, result TEXT, failure TEXT
) STRICT;
CREATE INDEX phases_incident ON phases (incident_id);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, asked_at REAL NOT NULL, gate TEXT NOT NULL,
    answer TEXT NOT NULL, reason TEXT NOT NULL, inputs TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_incident ON verdicts (incident_id);
CREATE TABLE proposals (
    incident_id TEXT PRIMARY KEY REFERENCES incidents, plan TEXT NOT NULL, plan_hash TEXT NOT NULL, made_at REAL NOT NULL,
    expires_at REAL NOT NULL
) STRICT;
CREATE TABLE executions (
    incident_id TEXT NOT NULL REFERENCES incidents, action TEXT NOT NULL, action_class TEXT NOT NULL, target TEXT NOT NULL,
    host TEXT NOT NULL, started_at REAL NOT NULL, ended_at REAL, outcome TEXT
) STRICT;
CREATE INDEX executions_started ON executions (started_at);
CREATE TABLE records (
    action TEXT NOT NULL, target TEXT NOT NULL, successes INTEGER NOT NULL, trials INTEGER NOT NULL, failures_in_row INTEGER NOT NULL,
    PRIMARY KEY (action, target)
) STRICT;
CREATE TABLE offsets (
    action TEXT PRIMARY KEY, value REAL NOT NULL, moved_at REAL NOT NULL
) STRICT;
CREATE TABLE breakers (
    scope TEXT PRIMARY KEY, failures INTEGER NOT NULL, open_until REAL, openings INTEGER NOT NULL
) STRICT;
CREATE TABLE totals (
    name TEXT NOT NULL, labels TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (name, labels)
) STRICT
"""

# What is asked twice a second, at every scrape, and when old rows go, must not read the whole of a long history.
_LONG_HISTORY = """
CREATE INDEX incidents_due ON incidents (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX incidents_on_their_way ON incidents (state) WHERE state IS NOT NULL;
CREATE INDEX incidents_touched ON incidents (max(opened_at, coalesce(acted_at, 0), coalesce(closed_at, 0)));
CREATE INDEX incidents_target ON incidents (target);
CREATE INDEX executions_incident ON executions (incident_id);
ALTER TABLE executions ADD COLUMN resource TEXT NOT NULL DEFAULT '';
UPDATE executions SET resource = (SELECT resource FROM incidents WHERE incidents.id = executions.incident_id);
CREATE INDEX executions_last ON executions (host, action, target, resource, coalesce(ended_at, started_at));
CREATE INDEX alerts_delivery ON alerts (delivery_id)
"""

_PERSONS_WORDS = """
ALTER TABLE proposals ADD COLUMN approved_by TEXT;
ALTER TABLE proposals ADD COLUMN approved_at REAL;
ALTER TABLE incidents ADD COLUMN announced_at REAL;
ALTER TABLE incidents ADD COLUMN told_gate TEXT;
CREATE TABLE words (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, word TEXT NOT NULL, author TEXT NOT NULL, said_at REAL NOT NULL,
    until REAL, reason TEXT NOT NULL
) STRICT;
CREATE INDEX words_incident ON words (incident_id)
"""

# What is over goes by the time at which it ended.
_RETENTION = """
CREATE INDEX incidents_ended ON incidents (episode_ended_at) WHERE episode_ended_at IS NOT NULL
"""

_LEARNING = """
ALTER TABLE breakers ADD COLUMN probe TEXT;
CREATE TABLE trials (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, host TEXT NOT NULL, problem TEXT NOT NULL, target TEXT NOT NULL, resource TEXT NOT NULL,
    action TEXT NOT NULL, outcome TEXT NOT NULL, confidence REAL, ended_at REAL NOT NULL, gone_at REAL, recurred_at REAL, before TEXT NOT NULL
) STRICT;
CREATE INDEX trials_ended ON trials (ended_at);
CREATE TABLE feedback (
    incident_id TEXT PRIMARY KEY, mark TEXT NOT NULL, marked_at REAL NOT NULL
) STRICT
"""

_UNDO_RECORDS = """
CREATE TABLE undo_records (
    id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL REFERENCES incidents, action TEXT NOT NULL, host TEXT NOT NULL, target TEXT NOT NULL,
    protection TEXT NOT NULL, record TEXT NOT NULL, made_at REAL NOT NULL, sealed_at REAL, expires_at REAL NOT NULL,
    undone_at REAL, outcome TEXT, restored INTEGER, pruned_at REAL, pruned_why TEXT
) STRICT;
CREATE INDEX undo_records_incident ON undo_records (incident_id)
"""

# A silence is written as Alertmanager told it.
_SILENCES = """
CREATE TABLE silences (id TEXT PRIMARY KEY, silence TEXT NOT NULL) STRICT
"""

# The last that proved something is looked for at every scrape; there are few.
_SELFTESTS = """
CREATE TABLE selftests (id INTEGER PRIMARY KEY, ended_at REAL NOT NULL, proves INTEGER NOT NULL, report TEXT NOT NULL) STRICT
"""

# An outcome is owed to people from the transaction that records it until Alertmanager has it; of the summaries the last of each kind is known.
_NEWS = """
CREATE TABLE owed (incident_id TEXT PRIMARY KEY, ended_at REAL NOT NULL) STRICT;
CREATE TABLE summaries (period TEXT PRIMARY KEY, due_at REAL NOT NULL) STRICT
"""

_CONTROLS = """
CREATE TABLE controls (
    id INTEGER PRIMARY KEY, word TEXT NOT NULL, scope TEXT NOT NULL, author TEXT NOT NULL, said_at REAL NOT NULL, until REAL, reason TEXT NOT NULL
) STRICT
"""

# Since when Prometheus, which could see, has not decided it any more.
_GONE = """
ALTER TABLE incidents ADD COLUMN gone_at REAL
"""

# What holds everything or some of it back was begun by somebody, and is noted once when it begins and once when it is over.
_HELD = """
CREATE TABLE held (source TEXT PRIMARY KEY, scope TEXT NOT NULL, until REAL, over INTEGER NOT NULL) STRICT
"""

MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = tuple(
    map(_statements, (_FIRST, _LONG_HISTORY, _PERSONS_WORDS, _RETENTION, _LEARNING, _UNDO_RECORDS, _SILENCES, _SELFTESTS, _NEWS, _CONTROLS, _GONE, _HELD))
)
