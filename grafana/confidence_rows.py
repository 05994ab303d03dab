"""How sure the decisions were, and whether they came true as often as they said."""

from __future__ import annotations

from grafana.forecast_rows import DECISION_COLORS
from grafana.layout import Row
from grafana.panels import (
    BARS_BY_NAME,
    HEATMAP,
    HISTOGRAM,
    LINES,
    RANKING,
    TABLE,
    Panel,
    Target,
    color,
    columns,
    field,
    sorted_by,
)
from grafana.promql import ACTION, HOST, grown

_UP_TO = "confidence up to"


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
        no_value="no decisions",
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


def calibration() -> Row:
    """Hold the confidence of what was executed against what came of it."""
    return Row("Calibration", (_reliability(), _trials(), _brier(), _marks()))


def _reliability() -> Panel:
    trials, expected, observed = (f"sum by (most) (homeostat_decision_calibration_{name}{{{HOST}}})" for name in ("trials", "expected", "observed"))
    return Panel(
        look=BARS_BY_NAME,
        title="Reliability: expected and observed success",
        description="Executed decisions by the upper bound of their confidence: the share of successes that confidence foretold, and the share "
        "that came. Where the second bar is lower, Homeostat is too sure of itself; where it is higher, too shy.",
        targets=[Target(f"{expected} / ({trials} > 0)"), Target(f"{observed} / ({trials} > 0)")],
        unit="percentunit",
        width=8,
        least=0,
        most=1,
        no_value="nothing was executed",
        overrides=[field("expected", {"color": color("blue")}), field("observed", {"color": color("green")})],
        transformations=[*columns(("most",), ("expected", "observed"), {"most": _UP_TO}), sorted_by(_UP_TO)],
    )


def _trials() -> Panel:
    return Panel(
        look=RANKING,
        title="Executions by confidence",
        description="How many executed decisions each of these bars rests on: from a few, nothing follows.",
        targets=[Target(f"sum by (most) (homeostat_decision_calibration_trials{{{HOST}}})", "up to {{most}}")],
        unit="short",
        width=4,
        steps=((None, "blue"),),
        least=0,
        no_value="nothing was executed",
    )


def _brier() -> Panel:
    return Panel(
        look=LINES,
        title="Brier score of decisions",
        description="Mean squared error of the confidence of executed decisions: 0 is perfect, 0.25 is what a coin does.",
        targets=[Target(f"max by (host) (homeostat_decision_brier_score{{{HOST}}})", "{{host}}")],
        unit="none",
        width=5,
        least=0,
        no_value="nothing was executed",
    )


def _marks() -> Panel:
    marks = f"sum by (host, action, mark) (homeostat_feedback_incidents{{{ACTION}}}) > 0"
    return Panel(
        look=TABLE,
        title="What people said of it",
        description="Incidents that a person marked as necessary or unnecessary, with `homeostat feedback` or on the console.",
        targets=[Target(marks)],
        unit="short",
        width=7,
        no_value="",
        transformations=[*columns(("host", "action", "mark"), ("incidents",)), sorted_by("incidents", descending=True)],
    )
