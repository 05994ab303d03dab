"""Series as Prometheus would hold them, for explanations: a whole decision, of which a test takes something away."""

from __future__ import annotations

from homeostat.explanation.facts import Facts, Key
from homeostat.prometheus import Sample

KEY = Key("h1", "disk_exhaustion", "/srv", "filesystem")
MODERATE = {"auto-execute": 0.90, "notify-execute": 0.80, "propose": 0.70}
Row = tuple[str, dict[str, str], float]


def whole(decision: str = "auto-execute", **changes: float) -> list[Row]:
    """Return what the worked example of the confidence gives, 0.957; `changes` are terms, `trials`, `min_confidence` or `confidence`."""
    terms = {"prediction": 0.89, "historical_success": 1.0, "impact_certainty": 0.95, "rollback_feasibility": 1.0, "learned_offset": 0.0, "min_confidence": 0.0, "trials": 12.0} | changes
    weights = {"prediction": 0.3, "historical_success": 0.3, "impact_certainty": 0.2, "rollback_feasibility": 0.2}
    confidence = changes.get("confidence", round(sum(weight * terms[name] for name, weight in weights.items()) + terms["learned_offset"], 4))
    key, host, of_action = KEY._asdict(), {"host": KEY.host}, {"host": KEY.host, "action": "disk-cleanup"}
    done = {**key, "action": "disk-cleanup", "risk": "low"}
    rows: list[Row] = [("homeostat_problem_confidence_ratio", key, terms["prediction"]), ("target:homeostat_problem:info", key, 1), ("target:homeostat_prediction:ratio", key, terms["prediction"])]
    rows += [("homeostat_usage_ratio", key, 0.87), ("target:homeostat_severity:info", {**key, "severity": "warning"}, 1), ("homeostat_mode", {**host, "mode": "active"}, 1), ("homeostat_mode", {**host, "mode": "shadow"}, 0)]
    rows += [("target_action:homeostat_choice:info", done, 1), ("target_action:homeostat_confidence:ratio", done, confidence), ("target_action:homeostat_decision:ratio", {**done, "decision": decision}, confidence)]
    rows += [("homeostat_problem_action_info", {**host, "problem": KEY.problem, "action": "disk-cleanup", "risk": "low"}, 1), ("homeostat_actor_ready", host, 1)]
    rows += [(f"homeostat_action_{name}{'' if name == 'trials' else '_ratio'}", of_action, value) for name, value in terms.items() if name not in {"prediction", "confidence"}]
    rows += [("homeostat_confidence_weight_ratio", {**host, "term": name}, weight) for name, weight in weights.items()]
    rows += [("homeostat_autonomy_threshold_ratio", {**host, "risk": "low", "decision": tier}, threshold) for tier, threshold in MODERATE.items()]
    for tier, prediction, trials in (("auto-execute", 0.8, 3.0), ("notify-execute", 0.7, 0.0)):
        rows += [("homeostat_prediction_floor_ratio", {**host, "decision": tier}, prediction), ("homeostat_trials_floor", {**host, "decision": tier}, trials)]
    return rows


def facts(rows: list[Row], at: float | None = None) -> Facts:
    return Facts(tuple(Sample({"__name__": name, **labels}, 0.0, value) for name, labels, value in rows), at)


def without(rows: list[Row], *names: str) -> list[Row]:
    return [row for row in rows if row[0] not in names]


def only_alert(action: str = "none", risk: str = "high") -> Row:
    """Return the decision that is left where there is no confidence."""
    return ("target_action:homeostat_decision:ratio", {**KEY._asdict(), "action": action, "risk": risk, "decision": "alert-only"}, 0.0)
