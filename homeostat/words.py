"""SPEC 1's word list: one word per thing, the same in types, log keys, labels and pages."""

from __future__ import annotations

from typing import Literal

Problem = str
# The synthetic problem, its target, its resource and the action that answers it (SPEC 8).
SELFTEST = "selftest"
Risk = Literal["low", "medium", "high"]
Decision = Literal["auto-execute", "notify-execute", "propose", "alert-only"]
Severity = Literal["info", "warning", "critical"]
Mode = Literal["shadow", "active", "interactive"]
Level = Literal["conservative", "moderate", "aggressive"]
ActionClass = Literal["cleanup", "restart", "config", "deploy", "read"]
ProtectionName = Literal["snapshot", "preimage", "quarantine", "command", "none"]
# What an action loses that no undo brings back.
Loss = Literal["reads-only", "reversible-settings", "rule-bound", "regenerable", "running-state"]
Term = Literal["prediction", "historical_success", "impact_certainty", "rollback_feasibility"]
State = Literal["accepted", "deferred", "proposed", "announced", "running"]
Mark = Literal["unnecessary", "necessary"]
PersonsWord = Literal["approved", "denied", "vetoed", "deferred", "again", "undone", "unnecessary", "necessary"]
# A pause is `over` when its time has come, and `ended` when somebody ends it before.
ControlWord = Literal["paused", "over", "ended", "stopped", "resumed", "closed"]
# How an incident was acted on: before its problem reached its limit, after, where no limit was known, by reading alone, or not.
Acted = Literal["before", "after", "no_limit", "only_read", "not"]
Finding = Literal["verified", "weak", "failed", "unverifiable"]
Outcome = Literal[
    "alerted", "refused", "shadowed", "denied", "vetoed", "expired", "cleared",
    "succeeded", "warned", "rolled_back", "rollback_conflict", "failed", "unverified", "interrupted", "stranded",
]  # fmt: skip

RISKS: tuple[Risk, ...] = ("low", "medium", "high")
DECISIONS: tuple[Decision, ...] = ("auto-execute", "notify-execute", "propose", "alert-only")
EXECUTING: tuple[Decision, ...] = ("auto-execute", "notify-execute")
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
LEVELS: tuple[Level, ...] = ("conservative", "moderate", "aggressive")
MODES: tuple[Mode, ...] = ("shadow", "active", "interactive")
STATES: tuple[State, ...] = ("accepted", "deferred", "proposed", "announced", "running")
FAILURES: tuple[Outcome, ...] = ("rolled_back", "rollback_conflict", "failed", "unverified", "interrupted", "stranded")
EXECUTED: tuple[Outcome, ...] = ("succeeded", "warned", *FAILURES)
# The alerts that tell the actor of a decision, and of which.
DECISION_ALERTS: dict[str, Decision] = {
    "HomeostatAutoExecute": "auto-execute",
    "HomeostatNotifyExecute": "notify-execute",
    "HomeostatPropose": "propose",
    "HomeostatAlertOnly": "alert-only",
}
EXECUTING_ALERTS: tuple[str, ...] = tuple(name for name, decision in DECISION_ALERTS.items() if decision in EXECUTING)
# What the actor posts itself; no rule makes these.
POSTED_ALERTS = ("HomeostatProposal", "HomeostatAnnouncement", "HomeostatWithheld", "HomeostatOutcome", "HomeostatSummary")
LOSSES: dict[Loss, str] = {
    "reads-only": "it only reads",
    "reversible-settings": "its settings end by themselves",
    "rule-bound": "it deletes only what a rule of the owner names",
    "regenerable": "what it deletes is made again when it is needed",
    "running-state": "a service loses what it holds in memory, as in a crash",
}


def highest(*risks: Risk) -> Risk:
    """Return the highest of at least one risk."""
    return max(risks, key=RISKS.index)
