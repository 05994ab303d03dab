"""What was decided, what came of it, how sure it was and what was held back."""

from __future__ import annotations

from grafana.forecast_rows import DECISION_COLORS
from grafana.layout import Row
from grafana.panels import (
    BARS,
    HEATMAP,
    HISTOGRAM,
    LINES,
    RANKING,
    STEPS,
    TABLE,
    TIMELINE,
    Panel,
    Target,
    color,
    columns,
    field,
    fields_like,
    sorted_by,
    thresholds,
    words,
)
from grafana.promql import (
    ACTION,
    ACTION_LABELS,
    ACTIONS,
    DECISION_ALERTS,
    HOST,
    PROBLEM,
    TARGET,
    TARGET_ACTION,
    grown,
    ranked,
)
from homeostat.words import DECISIONS

OUTCOME_COLORS = {
    "succeeded": "green",
    "warned": "yellow",
    "rolled_back": "orange",
    "rollback_conflict": "dark-orange",
    "failed": "red",
    "stranded": "dark-red",
    "unverified": "purple",
    "interrupted": "dark-purple",
    "alerted": "text",
    "refused": "dark-blue",
    "shadowed": "blue",
    "denied": "super-light-blue",
    "vetoed": "light-blue",
    "expired": "super-light-purple",
    "cleared": "super-light-green",
}
SEVERITY_COLORS = {"critical": "red", "warning": "orange", "info": "blue"}
_EARNED = ((None, "red"), (0.8, "orange"), (0.95, "green"))
_REFUSALS = f"homeostat_gate_refusals_total{{{ACTION}}}"


def decisions_over_time() -> Row:
    """Show which tier each problem stood in, what fired, and how sure it was."""
    return Row("Decisions over time", (_decisions(), _alerts(), _confidence(), _incidents()))


def _numbered(colors: dict[str, str]) -> list[dict[str, object]]:
    """Name the numbers that `ranked` gives to the states in the order of `colors`."""
    names = reversed(colors.items())
    return [words({str(number): (name, shade) for number, (name, shade) in enumerate(names, start=1)})]


def _decisions() -> Panel:
    states = [
        f'target_action:homeostat_decision:ratio{{{TARGET}, decision="{decision}"}}' for decision in DECISION_COLORS
    ]
    return Panel(
        look=TIMELINE,
        title="Decisions",
        description="The decision that the rules recorded for each problem. No bar: nothing was asserted.",
        targets=[Target(ranked(PROBLEM, states), "{{problem}} {{host}} {{target}} {{resource}}")],
        unit="none",
        width=12,
        steps=((None, "text"),),
        mappings=_numbered(DECISION_COLORS),
    )


def _alerts() -> Panel:
    alerts = (
        f'ALERTS{{alertname=~"{DECISION_ALERTS}|HomeostatProblem|HomeostatUndecided", alertstate="firing", {TARGET}}}'
    )
    states = [alerts.replace("}", f', severity="{severity}"}}') for severity in ("critical", "warning")]
    return Panel(
        look=TIMELINE,
        title="Alerts",
        description="Decision alerts, which go to the actor, and problem alerts, which go to people, by severity.",
        targets=[Target(ranked("alertname, host, target", [*states, alerts]), "{{alertname}} {{host}} {{target}}")],
        unit="none",
        width=12,
        steps=((None, "blue"),),
        mappings=_numbered(SEVERITY_COLORS),
    )


def _confidence() -> Panel:
    floors = f'max by (decision) (homeostat_autonomy_threshold_ratio{{{HOST}, risk="low"}} <= 1)'
    return Panel(
        look=LINES,
        title="Confidence",
        description="Confidence of each problem's action, and as dashed lines what a low-risk action must exceed for each decision "
        "(the strictest of the selected hosts; none where a decision is never taken).",
        targets=[
            Target(
                f"max by (host, target, action) (target_action:homeostat_confidence:ratio{{{TARGET_ACTION}}})",
                "{{host}} {{target}} {{action}}",
            ),
            Target(floors, "above this: {{decision}}"),
        ],
        unit="percentunit",
        width=12,
        least=0,
        most=1,
        overrides=[
            fields_like(
                f"^above this: {decision}$",
                {
                    "custom.lineStyle": {"fill": "dash", "dash": [4, 8]},
                    "color": color(DECISION_COLORS[decision]),
                },
            )
            for decision in DECISIONS[:-1]
        ],
    )


def _incidents() -> Panel:
    return Panel(
        look=STEPS,
        title="Incidents on their way",
        description="Accepted, deferred until their time, proposed to a person, announced and still open to a veto, running.",
        targets=[Target(f"sum by (state) (homeostat_incidents{{{HOST}}})", "{{state}}")],
        unit="short",
        width=12,
        least=0,
    )


def outcomes() -> Row:
    """Count what was done and what came of it."""
    return Row("Outcomes", (_outcomes_over_time(), _outcome_table(), _track_record(), _last_done(), _duration()))


def _outcomes_over_time() -> Panel:
    return Panel(
        look=BARS,
        title="Outcomes",
        description="How incidents ended: done and verified, done and not, undone, or not done at all and why.",
        targets=[Target(f"sum by (outcome) ({grown(ACTIONS, ACTION_LABELS, '$__interval')})", "{{outcome}}")],
        unit="short",
        width=12,
        least=0,
        overrides=[fields_like(f"^{outcome}$", {"color": color(shade)}) for outcome, shade in OUTCOME_COLORS.items()],
    )


def _outcome_table() -> Panel:
    labels = ("host", "action", "target", "decision", "outcome")
    meanings = words({outcome: (outcome, shade) for outcome, shade in OUTCOME_COLORS.items()})
    return Panel(
        look=TABLE,
        title="What was done in this range",
        description="Incidents that ended within the dashboard's range, most frequent first.",
        targets=[Target(f"{grown(ACTIONS, ACTION_LABELS, '$__range')} > 0")],
        unit="short",
        width=12,
        no_value="",
        overrides=[field("outcome", {"custom.cellOptions": {"type": "color-text"}, "mappings": [meanings]})],
        transformations=[*columns(labels, ("times",)), sorted_by("times", descending=True)],
    )


def _track_record() -> Panel:
    values = {
        "historical success": "homeostat_action_historical_success_ratio",
        "impact certainty": "homeostat_action_impact_certainty_ratio",
        "can be undone": "homeostat_action_rollback_feasibility_ratio",
        "learned": "homeostat_action_learned_offset_ratio",
        "trials": "homeostat_action_trials",
    }
    ratio = {"unit": "percentunit", "decimals": 0}
    return Panel(
        look=TABLE,
        title="Track record",
        description="What each action brings into confidence beside the prediction: its successes with a prior, how sure its effect is, "
        "whether its loss can be made good now, and what verification taught.",
        # A selftest's record is always the same.
        targets=[Target(f'max by (host, action) ({metric}{{{ACTION}, action!="selftest"}})') for metric in values.values()],
        unit="percentunit",
        width=12,
        no_value="",
        overrides=[
            field(
                "historical success",
                {
                    **ratio,
                    "custom.cellOptions": {"type": "color-text"},
                    "thresholds": thresholds(_EARNED),
                },
            ),
            field("impact certainty", ratio),
            field("can be undone", ratio),
            field("learned", ratio),
            field("trials", {"unit": "short", "decimals": 0}),
        ],
        transformations=[*columns(("host", "action"), tuple(values)), sorted_by("action")],
    )


def _last_done() -> Panel:
    last = (
        f"max by (host, action, target, resource) (homeostat_action_last_timestamp_seconds{{{TARGET_ACTION}}}) * 1000"
    )
    return Panel(
        look=TABLE,
        title="Last done",
        description="When each action was last executed on each target.",
        targets=[Target(last)],
        unit="dateTimeFromNow",
        width=7,
        no_value="",
        transformations=[
            *columns(("host", "action", "target", "resource"), ("last",)),
            sorted_by("last", descending=True),
        ],
    )


def _duration() -> Panel:
    total, count = (
        f"sum by (action) (homeostat_action_duration_seconds_{part}{{{ACTION}}})" for part in ("sum", "count")
    )
    return Panel(
        look=RANKING,
        title="How long actions take",
        description="Mean duration of each action over all of the journal.",
        targets=[Target(f"{total} / ({count} > 0)", "{{action}}")],
        unit="s",
        width=5,
        steps=((None, "blue"),),
        least=0,
        no_value="no actions",
    )


def confidence_distribution() -> Row:
    """Show how sure the decisions were that the actor took."""
    return Row("Confidence distribution", (_confidence_heatmap(), _confidence_histogram(), _decision_counts()))


def _buckets(window: str) -> str:
    buckets = grown(f"homeostat_decision_confidence_ratio_bucket{{{HOST}}}", "host, decision, le", window)
    return f"sum by (le) ({buckets})"


def _confidence_heatmap() -> Panel:
    return Panel(
        look=HEATMAP,
        title="Confidence of decisions over time",
        description="How many decisions fell into each band of confidence, and when. Darker is more.",
        targets=[Target(_buckets("$__interval"), "{{le}}")],
        unit="short",
        width=12,
    )


def _confidence_histogram() -> Panel:
    return Panel(
        look=HISTOGRAM,
        title="Confidence of decisions in this range",
        description="How many decisions had a confidence up to each bound and above the one before.",
        targets=[Target(_buckets("$__range"), "{{le}}")],
        unit="short",
        width=8,
        steps=((None, "blue"),),
        least=0,
        no_value="no decisions",
    )


def _decision_counts() -> Panel:
    counts = grown(f"homeostat_decision_confidence_ratio_count{{{HOST}}}", "host, decision", "$__range")
    return Panel(
        look=RANKING,
        title="Decisions by kind",
        description="How many decisions of each kind the actor took in this range.",
        targets=[Target(f"sum by (decision) ({counts})", "{{decision}}")],
        unit="short",
        width=4,
        least=0,
        no_value="no decisions",
        overrides=[field(decision, {"color": color(shade)}) for decision, shade in DECISION_COLORS.items()],
    )


def gate_refusals() -> Row:
    """Count what the gates would not let pass, and what held everything back."""
    return Row("Gate refusals", (_refusals_over_time(), _refusal_ranking(), _held_back()))


def _refusals_over_time() -> Panel:
    return Panel(
        look=BARS,
        title="Refusals over time",
        description="Times that a gate said no, by gate. The first refusal decides; all gates are asked and recorded.",
        targets=[Target(f"sum by (gate) ({grown(_REFUSALS, 'host, gate, action', '$__interval')})", "{{gate}}")],
        unit="short",
        width=10,
        least=0,
    )


def _refusal_ranking() -> Panel:
    refusals = f"sum by (gate, action) ({grown(_REFUSALS, 'host, gate, action', '$__range')})"
    return Panel(
        look=RANKING,
        title="Refusals in this range",
        description="Which gate stopped which action how often; `homeostat why` tells the reason of each.",
        targets=[Target(f"sort_desc({refusals} > 0)", "{{gate}}: {{action}}")],
        unit="short",
        width=6,
        steps=((None, "orange"),),
        least=0,
        no_value="nothing was refused",
    )


def _held_back() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Held back",
        description="When a silence, the breaker or the kill switch held back execution, and what each breaker covered.",
        targets=[
            Target(f"max by (host, by) (homeostat_paused{{{HOST}}})", "{{host}} paused by {{by}}"),
            Target(f"max by (host, scope) (homeostat_breaker_open{{{HOST}}})", "{{host}} breaker {{scope}}"),
        ],
        unit="none",
        width=8,
        steps=((None, "green"), (1, "red")),
        mappings=[words({"0": ("free", "green"), "1": ("held", "red")})],
    )
