"""The invariants, as SPEC 11 numbers them: one function each, which yields a sentence for every violation."""

from __future__ import annotations

import collections
import itertools
import json
from typing import TYPE_CHECKING, Any

from homeostat.words import EXECUTED, FAILURES, SELFTEST
from tests.crash.outside import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.crash.evidence import Evidence

_MUST_BE_OPEN = {"protect", "execute", "seal", "keep", "roll back", "withdraw", "put back", "undo"}
_NO_EVIDENCE = {"", "heard of", "every gate agreed", "the decision changed"}


def complaints(seen: Evidence) -> Iterator[str]:
    """Yield every violation of every invariant, with its number."""
    for name, check in CHECKS.items():
        for complaint in check(seen):
            yield f"[{name}] {complaint}"
    for complaint in seen.scenario.check(seen):
        yield f"[scenario] {complaint}"


def acknowledged_is_stored(seen: Evidence) -> Iterable[str]:
    acknowledged = collections.Counter(event["body"] for event in seen.of("acknowledged"))
    stored = collections.Counter(digest(row["body"]) for row in seen.tables["deliveries"] if row["source"] == "webhook")
    for body, times in (acknowledged - stored).items():
        yield f"delivery {body} was acknowledged {times} times more than it was stored"


def each_alert_is_decided_once(seen: Evidence) -> Iterable[str]:
    alerts = seen.tables["alerts"]
    for row in alerts:
        if row["disposition"] is None:
            yield f"alert {row['id']} was never decided"
    if (counted := seen.total("homeostat_alerts_decided_total")) != len(alerts):
        yield f"{len(alerts)} alerts, {counted:g} decisions counted"
    known = {row["id"] for row in seen.incidents}
    for row in alerts:
        if row["disposition"] in {"opened", "updated", "repeated"} and row["incident_id"] not in known:
            yield f"alert {row['id']} belongs to an incident that does not exist"


def one_execution_per_episode(seen: Evidence) -> Iterable[str]:
    runs = collections.Counter((row["incident_id"], row["action"]) for row in _runs(seen))
    for (incident, action), times in runs.items():
        if times > 1:
            yield f"{action} was executed {times} times in episode {incident}"
    keys = collections.Counter((row["host"], row["problem"], row["target"], row["resource"]) for row in seen.incidents)
    for key, times in keys.items():
        if times > 1:
            yield f"the one episode {key} became {times} incidents"


def _runs(seen: Evidence) -> list[dict[str, Any]]:
    """Return each run once: what reaches beside its target takes the budget of every service that it may touch."""
    targets = {row["id"]: row["target"] for row in seen.incidents}
    return [row for row in seen.tables["executions"] if row["target"] == targets.get(row["incident_id"], row["target"])]


def one_at_a_time(seen: Evidence) -> Iterable[str]:
    runs = sorted(_runs(seen), key=lambda row: row["started_at"])
    for one, other in itertools.pairwise(runs):
        if one["ended_at"] is not None and other["started_at"] < one["ended_at"]:
            yield f"{one['action']} and {other['action']} ran at the same time on one host"


def nothing_for_what_is_gone(seen: Evidence) -> Iterable[str]:
    for row in seen.tables["executions"]:
        if row["started_at"] > seen.scenario.gone_at:
            yield f"{row['action']} began at {row['started_at']:g}, after the problem was over"


def failures_count(seen: Evidence) -> Iterable[str]:
    """Hold record and breakers against what the incidents say; an interruption is a failure, and what only reads is nothing."""
    real = (row for row in _runs(seen) if row["action_class"] != "read")
    ended = sorted((row for row in real if row["ended_at"] is not None), key=lambda row: (row["ended_at"], row["_row"]))
    for action in {row["action"] for row in ended}:
        outcomes = [row["outcome"] for row in ended if row["action"] == action]
        records = [row for row in seen.tables["records"] if row["action"] == action]
        trials, successes = sum(row["trials"] for row in records), sum(row["successes"] for row in records)
        if (trials, successes) != (len(outcomes), outcomes.count("succeeded")):
            yield f"the record of {action} says {successes}/{trials}, its executions ended as {outcomes}"
    in_row = 0
    for row in ended:
        in_row = in_row + 1 if row["outcome"] in FAILURES else 0
    counted = next((row["failures"] for row in seen.tables["breakers"] if row["scope"] == "global"), 0)
    if counted != in_row:
        yield f"{in_row} failures in a row, the breaker counted {counted}"


def intent_and_protection_come_first(seen: Evidence) -> Iterable[str]:
    lives = _started_in(seen)
    for event in seen.effects:
        last = event.get("last")
        if event.get("uncommitted"):
            yield f"{event['name']}: inside a transaction, so its intent was not on disk"
        elif last is None or not last["open"] or last["phase"] not in _MUST_BE_OPEN:
            yield f"{event['name']}: without an intent on disk (last phase: {last and last['phase']})"
        elif last["phase"] == "execute" and not _protected(seen.phases(last["incident"]), last["id"]):
            yield f"{event['name']}: executed before any protection was on disk"
        elif last["id"] <= lives[id(event)]:
            yield f"{event['name']}: done under the intent of a process that is dead"


def _started_in(seen: Evidence) -> dict[int, int]:
    """Return for each event the last phase that there was when its process began."""
    first, last, known = 0, 0, {}
    for event in seen.story:
        if event["kind"] == "life":
            first = last
        known[id(event)] = first
        last = max(last, (event.get("last") or {}).get("id", 0))
    return known


def _protected(phases: list[dict[str, Any]], execute: int) -> bool:
    before = [phase for phase in phases if phase["id"] < execute]
    attempt = max((number for number, phase in enumerate(before) if phase["phase"] == "baseline"), default=0)
    return any(phase["phase"] == "protect" and phase["result"] is not None for phase in before[attempt:])


def health_comes_before_what_is_irreversible(seen: Evidence) -> Iterable[str]:
    for incident in seen.incidents:
        phases = seen.phases(incident["id"])
        for number, phase in enumerate(phases):
            if phase["phase"] != "execute" or not phase["intent"].get("irreversible"):
                continue
            previous = phases[number - 1]
            if previous["phase"] != "check" or previous["failure"] is not None or previous["finished_at"] is None:
                yield f"{phase['intent']['summary']}: irreversible, without a health check that passed just before"


def steps_start_once(seen: Evidence) -> Iterable[str]:
    """Count starts: without an oracle one at most, with an oracle one more, and every start is an intent of its own."""
    starts: dict[tuple[str, str], set[int]] = {}
    for event in seen.effects:
        last = event.get("last")
        if event["name"].startswith("process ") and last is not None and last["phase"] == "execute":
            starts.setdefault((last["incident"], event["name"]), set()).add(last["id"])
    for (incident, name), times in starts.items():
        most = 1 if "opaque" in name else 2
        if len(times) > most:
            yield f"{name}: started {len(times)} times for incident {incident}"


def nothing_stays_unfinished(seen: Evidence) -> Iterable[str]:
    for row in seen.incidents:
        if row["state"] is not None:
            yield f"incident {row['id']} is left as {row['state']}: {row['reason']}"
        elif row["outcome"] not in seen.scenario.outcomes:
            yield f"incident {row['id']} ended as {row['outcome']}: {row['reason']}"
    for row in seen.tables["executions"]:
        if row["ended_at"] is None:
            yield f"{row['action']} of incident {row['incident_id']} was never ended"
    if not seen.incidents:
        yield "the alert never became an incident"


def each_reason_names_evidence(seen: Evidence) -> Iterable[str]:
    for row in seen.incidents:
        if row["reason"] in _NO_EVIDENCE:
            yield f"incident {row['id']} ended as {row['outcome']} with no evidence: {row['reason']!r}"
        if row["outcome"] == "succeeded" and "went from" not in row["reason"]:
            yield f"a success without its measurement: {row['reason']!r}"
        if row["outcome"] in EXECUTED and not any(run["incident_id"] == row["id"] for run in seen.tables["executions"]):
            yield f"incident {row['id']} ended as {row['outcome']}, but no execution is noted"


def edits_survive(seen: Evidence) -> Iterable[str]:
    for path, content in seen.edits.items():
        if not path.exists():
            yield f"the user's {path.name} is gone"
        elif path.read_bytes() != content:
            yield f"the user's {path.name} does not hold what the user wrote"


def counters_never_fall(seen: Evidence) -> Iterable[str]:
    before: dict[tuple[str, str], float] = {}
    for event in seen.of("totals"):
        now = {(name, repr(sorted(labels.items()))): value for name, found in event["totals"].items() for labels, value in found}
        for key, value in before.items():
            if now.get(key, 0.0) < value:
                yield f"counter {key} fell from {value:g} to {now.get(key, 0.0):g}"
        before = now


def counters_match(seen: Evidence) -> Iterable[str]:
    executed = [row for row in seen.incidents if row["outcome"] in EXECUTED and row["problem"] != SELFTEST]
    counted = sum(row["value"] for row in seen.tables["totals"] if row["name"] == "homeostat_actions_total" and _outcome_of(row) in EXECUTED)
    if counted != len(executed):
        yield f"{len(executed)} executed incidents, {counted:g} counted"
    deliveries = len(seen.tables["deliveries"])
    if (total := seen.total("homeostat_deliveries_total")) != deliveries:
        yield f"{deliveries} deliveries, {total:g} counted"


def _outcome_of(row: dict[str, Any]) -> str:
    return str(json.loads(row["labels"])["outcome"])


def nothing_broke(seen: Evidence) -> Iterable[str]:
    for event in seen.of("error"):
        yield f"an error was logged: {event['text']}"


def every_effect_is_a_point(seen: Evidence) -> Iterable[str]:
    for event in seen.of("unseen"):
        yield f"an effect that is no point: {event['event']} {event['about']}"


CHECKS: dict[str, Callable[[Evidence], Iterable[str]]] = {
    "1 acknowledged is stored": acknowledged_is_stored,
    "2 each alert is decided once": each_alert_is_decided_once,
    "5 one execution per episode": one_execution_per_episode,
    "5 one at a time": one_at_a_time,
    "7 nothing for what is gone": nothing_for_what_is_gone,
    "14 failures count": failures_count,
    "18 intent and protection first": intent_and_protection_come_first,
    "18 health before the irreversible": health_comes_before_what_is_irreversible,
    "19 steps start once": steps_start_once,
    "21 nothing unfinished": nothing_stays_unfinished,
    "21 each reason names evidence": each_reason_names_evidence,
    "23 edits survive": edits_survive,
    "counters never fall": counters_never_fall,
    "counters match": counters_match,
    "nothing broke": nothing_broke,
    "every effect is a point": every_effect_is_a_point,
}
