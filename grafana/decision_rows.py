"""What was decided, how sure that was, and what was held back."""

from __future__ import annotations

from grafana.forecast_rows import DECISION_COLORS
from grafana.health_rows import SEVERITY_COLORS, numbered
from grafana.layout import Row
from grafana.leads import DECISIONS_OF_ACTION, DECISIONS_OF_SERIES, NOW, RUNBOOK_OF_SERIES, to_console
from grafana.panels import (
    BARS,
    LINES,
    RANKING,
    STEPS,
    TABLE,
    TIMELINE,
    Panel,
    Target,
    color,
    columns,
    fields_like,
    sorted_by,
    words,
)
from grafana.promql import ACTION, DECISION_ALERTS, HOST, PROBLEM, TARGET, TARGET_ACTION, grown, ranked, with_console
from homeostat.words import DECISIONS

_REFUSALS = f"homeostat_gate_refusals_total{{{ACTION}}}"


def decisions_over_time() -> Row:
    """Show which tier each problem stood in, what fired, and how sure it was."""
    return Row("Decisions over time", (_decisions(), _alerts(), _confidence(), _incidents(), _proposals()))


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
        mappings=numbered(DECISION_COLORS),
        no_value="nothing was asserted",
        links=[DECISIONS_OF_SERIES],
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
        mappings=numbered(SEVERITY_COLORS),
        no_value="no alert fired",
        links=[RUNBOOK_OF_SERIES],
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
        no_value="nothing was asserted",
        links=[DECISIONS_OF_SERIES],
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
        no_value="no actor",
        links=[NOW],
    )


def _proposals() -> Panel:
    labels = ("host", "problem", "target", "resource", "action")
    expires = f"max by ({', '.join(labels)}) (homeostat_proposal_expires_timestamp_seconds{{{TARGET_ACTION}}}) * 1000"
    return Panel(
        look=TABLE,
        title="Proposals that wait",
        description="What a person has to approve or deny, soonest to expire first; the last column leads to its incidents on its host's console. "
        "In words: `homeostat proposals`.",
        targets=[Target(with_console(expires))],
        unit="dateTimeFromNow",
        width=24,
        height=6,
        no_value="",
        overrides=[to_console()],
        transformations=[*columns(labels, ("expires",), after=("console",)), sorted_by("expires")],
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
        width=8,
        least=0,
        no_value="nothing was refused",
    )


def _refusal_ranking() -> Panel:
    refusals = f"sum by (gate, action) ({grown(_REFUSALS, 'host, gate, action', '$__range')})"
    return Panel(
        look=RANKING,
        title="Refusals in this range",
        description="Which gate stopped which action how often; `homeostat why` tells the reason of each.",
        targets=[Target(f"sort_desc({refusals} > 0)", "{{gate}}: {{action}}")],
        unit="short",
        width=8,
        steps=((None, "orange"),),
        least=0,
        no_value="nothing was refused",
        links=[DECISIONS_OF_ACTION],
    )


def _held_back() -> Panel:
    return Panel(
        look=TIMELINE,
        title="When it was held back",
        description="When a silence, the breaker or the kill switch held back execution, and what each breaker covered.",
        targets=[
            Target(f"max by (host, by) (homeostat_paused{{{HOST}}})", "{{host}} paused by {{by}}"),
            Target(f"max by (host, scope) (homeostat_breaker_open{{{HOST}}})", "{{host}} breaker {{scope}}"),
        ],
        unit="none",
        width=8,
        steps=((None, "green"), (1, "red")),
        no_value="no actor",
        mappings=[words({"0": ("free", "green"), "1": ("held", "red")})],
    )
