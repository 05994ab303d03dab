"""Whether the chain works from end to end: the doctor, the selftests, and Prometheus and Alertmanager between the daemons."""

from __future__ import annotations

from grafana.layout import Row
from grafana.leads import NOW
from grafana.panels import (
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
    sorted_by,
    words,
)
from grafana.promql import HOST
from homeostat.hops import HOP_NAMES

_RESULTS = {"failed": "red", "warned": "orange", "passed": "green"}
# Prometheus names a group by its file too.
_GROUPS = 'rule_group=~".+;homeostat-.+"'


def whole_chain() -> Row:
    """Show what the doctor and the selftests found."""
    return Row("The whole chain", (_checks(), _broken(), _hops(), _selftests()))


def _checks() -> Panel:
    return Panel(
        look=RANKING,
        title="Doctor's checks",
        description="Links of the chain by what the doctor found when it last looked. The actor has it look by itself; `homeostat doctor` has it look now.",
        targets=[Target(f"sum by (result) (homeostat_doctor_checks{{{HOST}}})", "{{result}}")],
        unit="short",
        width=5,
        least=0,
        no_value="not looked yet",
        overrides=[field(result, {"color": color(shade)}) for result, shade in _RESULTS.items()],
    )


def _broken() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Broken links",
        description="Checks of the doctor that failed, and when; `homeostat doctor` says how to mend each.",
        targets=[Target(f"max by (host, check) (homeostat_doctor_check_failed{{{HOST}}}) == 1", "{{host}} {{check}}")],
        unit="none",
        width=6,
        steps=((None, "red"),),
        mappings=[words({"1": ("failed", "red")})],
        no_value="nothing is broken",
    )


def _hops() -> Panel:
    return Panel(
        look=RANKING,
        title="Last selftest, hop by hop",
        description=f"How long the last synthetic problem took at each hop, on the slowest of the selected hosts. In their order: {', '.join(HOP_NAMES)}.",
        targets=[Target(f"sort_desc(max by (hop) (homeostat_selftest_duration_seconds{{{HOST}}}))", "{{hop}}")],
        unit="s",
        width=5,
        steps=((None, "blue"),),
        least=0,
        no_value="no selftest yet",
    )


def _selftests() -> Panel:
    proven, ran = (f"max by (host) (homeostat_selftest_last_{which}_timestamp_seconds{{{HOST}}} > 0) * 1000" for which in ("success", "run"))
    failed = f"max by (host, hop) (homeostat_selftest_failed{{{HOST}}} == 1)"
    return Panel(
        look=TABLE,
        title="Selftests",
        description="When each host's chain was last proven, when a selftest last ended, and the hop at which the last one failed, if it did. "
        "`homeostat selftest` makes one now.",
        targets=[Target(proven), Target(ran), Target(failed)],
        unit="dateTimeFromNow",
        width=8,
        no_value="",
        links=[NOW],
        transformations=[*columns(("host", "hop"), ("proven", "ended", None), {"hop": "failed at"}), sorted_by("proven")],
    )


def prometheus_itself() -> Row:
    """Show whether rules are evaluated in time and alerts are delivered."""
    return Row("Rules and deliveries, where Prometheus scrapes itself and Alertmanager", (_evaluation(), _evaluation_faults(), _deliveries()))


def _by_group(promql: str) -> str:
    return f'label_replace({promql}, "rule_group", "$1", "rule_group", ".+;(.+)")'


def _grown_by_group(counter: str) -> str:
    return _by_group(f"increase({counter}{{{_GROUPS}}}[$__rate_interval])")


def _evaluation() -> Panel:
    return Panel(
        look=LINES,
        title="Evaluation of our rules",
        description="How long the last evaluation of each group of Homeostat's rules took; it should stay well below the group's interval.",
        targets=[Target(f"max by (rule_group) ({_by_group(f'prometheus_rule_group_last_duration_seconds{{{_GROUPS}}}')})", "{{rule_group}}")],
        unit="s",
        width=8,
        least=0,
        no_value="Prometheus does not scrape itself",
    )


def _evaluation_faults() -> Panel:
    failed, missed = "prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total"
    return Panel(
        look=STEPS,
        title="Rules that failed or were missed",
        description="Evaluations of Homeostat's rules that failed, and turns that were left out because the turn before was not over. "
        "While either grows, decisions are late or absent.",
        targets=[
            Target(f"sum by (rule_group) ({_grown_by_group(failed)})", "failed: {{rule_group}}"),
            Target(f"sum by (rule_group) ({_grown_by_group(missed)})", "missed: {{rule_group}}"),
        ],
        unit="short",
        width=8,
        least=0,
        no_value="Prometheus does not scrape itself",
    )


def _deliveries() -> Panel:
    sent = "sum by (integration) (increase(alertmanager_notifications_total[$__rate_interval])) > 0"
    failed = "sum by (integration) (increase(alertmanager_notifications_failed_total[$__rate_interval]))"
    return Panel(
        look=STEPS,
        title="Alertmanager's deliveries",
        description="Notifications that Alertmanager sent, by way, and those that failed: the actor's webhook is one of the webhooks.",
        targets=[
            Target(sent, "sent: {{integration}}"),
            Target(f"{failed} and on (integration) ({sent})", "failed: {{integration}}"),
        ],
        unit="short",
        width=8,
        least=0,
        no_value="Alertmanager is not scraped, or sent nothing",
    )
