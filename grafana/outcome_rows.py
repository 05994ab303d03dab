"""What was done, what came of it, and what each action's record is."""

from __future__ import annotations

from grafana.layout import Row
from grafana.leads import DECISIONS_OF_ACTION, DECISIONS_OF_OUTCOME, to_console
from grafana.panels import (
    BARS,
    LINES_TO_LIMIT,
    RANKING,
    TABLE,
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
from grafana.promql import ACTION, ACTION_LABELS, ACTIONS, EXECUTIONS, HOST, TARGET_ACTION, grown, with_console

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
# The share of successes that is aimed at (SPEC 8), and what is too little.
EARNED = ((None, "red"), (0.8, "orange"), (0.95, "green"))


def outcomes() -> Row:
    """Count what was done and what came of it."""
    return Row("Outcomes", (_outcomes_over_time(), _success_rate(), _outcome_table(), _top_actions(), _duration(), _track_record(), _last_done()))


def _outcomes_over_time() -> Panel:
    return Panel(
        look=BARS,
        title="Outcomes",
        description="How incidents ended: done and verified, done and not, undone, or not done at all and why.",
        targets=[Target(f"sum by (outcome) ({grown(ACTIONS, ACTION_LABELS, '$__interval')})", "{{outcome}}")],
        unit="short",
        width=12,
        least=0,
        no_value="no incident ended",
        links=[DECISIONS_OF_OUTCOME],
        overrides=[fields_like(f"^{outcome}$", {"color": color(shade)}) for outcome, shade in OUTCOME_COLORS.items()],
    )


def _outcome_table() -> Panel:
    labels = ("host", "action", "target", "decision", "outcome")
    meanings = words({outcome: (outcome, shade) for outcome, shade in OUTCOME_COLORS.items()})
    return Panel(
        look=TABLE,
        title="What was done in this range",
        description="Incidents that ended within the dashboard's range, most frequent first.",
        targets=[Target(with_console(f"{grown(ACTIONS, ACTION_LABELS, '$__range')} > 0"))],
        unit="short",
        width=14,
        no_value="",
        overrides=[field("outcome", {"custom.cellOptions": {"type": "color-text"}, "mappings": [meanings]}), to_console()],
        transformations=[*columns(labels, ("times",), after=("console",)), sorted_by("times", descending=True)],
    )


def _success_rate() -> Panel:
    return Panel(
        look=LINES_TO_LIMIT,
        title="Success rate, 30 d",
        description="Of what was executed in the thirty days before each moment, the share that was verified and whose problem was not back "
        "within the hour; by action, and of each host in all. The aim is above 95 %.",
        targets=[
            Target(f"host_action:homeostat_actions_succeeded:ratio30d{{{ACTION}}}", "{{host}} {{action}}"),
            Target(f"host:homeostat_actions_succeeded:ratio30d{{{HOST}}}", "{{host}} in all"),
        ],
        unit="percentunit",
        width=12,
        steps=EARNED,
        least=0,
        most=1,
        no_value="nothing was executed",
        overrides=[fields_like(" in all$", {"custom.lineWidth": 2})],
    )


def _top_actions() -> Panel:
    return Panel(
        look=RANKING,
        title="Top actions in this range",
        description="What was really executed, by action, whatever came of it.",
        targets=[Target(f"topk(10, sum by (action) ({grown(EXECUTIONS, ACTION_LABELS, '$__range')}) > 0)", "{{action}}")],
        unit="short",
        width=5,
        steps=((None, "blue"),),
        least=0,
        no_value="nothing was executed",
        links=[DECISIONS_OF_ACTION],
    )


def _track_record() -> Panel:
    values = {
        "success": "homeostat_action_historical_success_ratio",
        "certainty": "homeostat_action_impact_certainty_ratio",
        "undo": "homeostat_action_rollback_feasibility_ratio",
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
        width=14,
        no_value="",
        overrides=[
            field("action", {"custom.width": 180}),
            field(
                "success",
                {
                    **ratio,
                    "custom.cellOptions": {"type": "color-text"},
                    "thresholds": thresholds(EARNED),
                },
            ),
            field("certainty", ratio),
            field("undo", ratio),
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
        targets=[Target(with_console(last))],
        unit="dateTimeFromNow",
        width=10,
        no_value="",
        overrides=[to_console()],
        transformations=[
            *columns(("host", "action", "target", "resource"), ("last",), after=("console",)),
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
