"""The hops of a selftest through the whole chain: what is looked for at each, how long that may take, and what to look at when it does not come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.config.section import MINUTE
from homeostat.daemon_client import DaemonError, DaemonRefused
from homeostat.prometheus import quoted, selector
from homeostat.walk import Ended, Hop, Walk
from homeostat.words import DECISION_ALERTS, EXECUTED, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.alertmanager import Alert
    from homeostat.config import Config

PROBLEM_SERIES = "homeostat_problem_confidence_ratio"
DECISION_SERIES = "target_action:homeostat_decision:ratio"
_DECISION_ALERTS = "|".join(DECISION_ALERTS)
# What these gates say is a person's word, or waits for a person's time: the chain works up to there.
_PERSONS_GATES = {"confirmation", "stopped", "postponed", "quiet-time"}
# Alertmanager's own pace is not known here: its routes have theirs.
_DELIVERY_SECONDS = 2.5 * MINUTE
_GATES_SECONDS = 5 * MINUTE
_MARGIN_SECONDS = 10


def _actor_is_free(walk: Walk) -> str | None:
    now = walk.ask_actor()
    if now.ready and not now.open:
        walk.before = now
        return f"it is ready, in mode {now.mode}"
    if now.open and _is_under_way(walk):
        raise Ended("busy", f"a selftest of {walk.doors.config.host} is under way, incident {now.incident}")
    return None


def _is_under_way(walk: Walk) -> bool:
    try:
        return bool(_forecasts(walk))
    except DaemonError:
        # Whether the exporter answers at all is the next hop's question.
        return False


def _why_not_free(walk: Walk) -> str:
    now = walk.ask_actor()
    if not now.ready:
        return "the actor is not ready: it waits for Prometheus, Alertmanager or root's executor, and its log says for which"
    return f"the episode of an earlier selftest (incident {now.incident}) does not end: Prometheus still decides it, or the actor cannot ask it"


def _exporter_takes_it(walk: Walk) -> str | None:
    try:
        walk.doors.exporter.post("selftest", {"host": walk.doors.config.host})
    except DaemonRefused as refusal:
        raise Ended("busy", str(refusal)) from None
    return "it took a synthetic problem"


def _why_not_taken(walk: Walk) -> str:
    return f"the exporter at {walk.doors.exporter.url} did not take it"


def _forecasts(walk: Walk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = walk.doors.exporter.get("forecast", host=walk.doors.config.host, target=SELFTEST)["forecasts"]
    return found


def _exporter_asserts_it(walk: Walk) -> str | None:
    try:
        found = next((entry for entry in _forecasts(walk) if entry["asserted"]), None)
    except DaemonRefused:
        return None
    if found is None:
        return None
    walk.resource = found["resource"]
    return f"forecast and asserted, {found['usage_ratio']:.0%} used"


def _why_not_asserted(walk: Walk) -> str:
    try:
        found = _forecasts(walk)
    except DaemonRefused:
        return "the exporter finishes no cycle: see homeostat_exporter_errors_total and its log"
    reason = next((entry["reason"] for entry in found if entry["reason"]), None)
    return f"the forecaster is at fault: of a line that surely reaches its limit it says {reason or 'that it is unlikely'}"


def _prometheus_has_it(walk: Walk) -> str | None:
    samples = walk.doors.prometheus.query(selector(PROBLEM_SERIES, **walk.labels))
    return f"scraped, {samples[0].value:.1%} sure" if samples else None


def _why_not_scraped(walk: Walk) -> str:
    return f"Prometheus does not scrape it: {_scraped(walk, 'homeostat-exporter')}"


def _scraped(walk: Walk, job: str) -> str:
    up = walk.doors.prometheus.query(selector("up", job=job))
    if not up:
        return f"it has no scrape job {job}; see deploy/prometheus.yml"
    if any(sample.value == 0 for sample in up):
        return f"its job {job} fails: the address, or the token of security.metrics_token_files"
    return f"its job {job} is up, but this daemon is not the one that it scrapes"


def _rules_decide_it(walk: Walk) -> str | None:
    samples = walk.doors.prometheus.query(selector(DECISION_SERIES, **walk.labels))
    found = next((sample for sample in samples if sample.labels.get("decision") != "alert-only"), None)
    return f"{found.labels.get('decision')} {found.labels.get('action')} at confidence {found.value:.3f}" if found is not None else None


def _why_not_decided(walk: Walk) -> str:
    samples = walk.doors.prometheus.query(selector(DECISION_SERIES, **walk.labels))
    if not samples:
        return "no rule decides it: decision.rules.yml is not among Prometheus's rule_files, or its group fails; see /rules there"
    if samples[0].labels.get("action") == "none" or samples[0].value == 0:
        return f"it is alert-only, for terms of the actor are missing in Prometheus: {_scraped(walk, 'homeostat-actor')}"
    return f"it is alert-only: its confidence is {samples[0].value:.3f}, not above any threshold of autonomy"


def _alert_fires(walk: Walk) -> str | None:
    samples = walk.doors.prometheus.query(f'ALERTS{{alertname=~"{_DECISION_ALERTS}",alertstate="firing",{_matchers(walk)}}}')
    return f"{samples[0].labels.get('alertname')} fires" if samples else None


def _matchers(walk: Walk) -> str:
    return ",".join(f"{name}={quoted(value)}" for name, value in walk.labels.items())


def _why_no_alert(walk: Walk) -> str:
    return f"it is decided and no alert fires at {walk.doors.prometheus.url}: decision.rules.yml is of another version than this"


def _alerts(walk: Walk) -> list[Alert]:
    return walk.doors.alertmanager.all_alerts(f'alertname=~"{_DECISION_ALERTS}"', *(f"{name}={quoted(value)}" for name, value in walk.labels.items()))


def _alertmanager_has_it(walk: Walk) -> str | None:
    found = _alerts(walk)
    if not found:
        return None
    for alert in found:
        muted = _mute(walk, alert)
        if muted is None:
            return f"active, for {' and '.join(receiver.name for receiver in alert.receivers) or 'no receiver'}"
    raise Ended("muted", f"the chain works up to Alertmanager, which tells nobody of it: {muted}")


def _mute(walk: Walk, alert: Alert) -> str | None:
    if alert.status is None:
        return None
    silence = next((silence for silence in walk.doors.alertmanager.silences() if silence.id in alert.status.silenced_by), None)
    if silence is not None:
        return f"silenced by {silence.created_by} until {silence.ends_at}: {silence.comment}"
    inhibiting = [other for other in walk.doors.alertmanager.all_alerts() if other.fingerprint in alert.status.inhibited_by]
    names = {f"{other.labels.get('alertname', '')}{f' {scope}' if (scope := other.labels.get('scope')) else ''}" for other in inhibiting}
    return f"inhibited by {' and '.join(sorted(names))}" if names else None


def _why_not_in_alertmanager(walk: Walk) -> str:
    return f"Prometheus does not tell Alertmanager at {walk.doors.alertmanager.url}: see alerting: in its configuration"


def _actor_is_told(walk: Walk) -> str | None:
    now = walk.standing()
    return f"by the webhook, incident {now.incident}" if now is not None and "webhook" in now.sources else None


def _why_not_told(walk: Walk) -> str:
    now = walk.ask_actor()
    refused = now.unauthenticated - (walk.before.unauthenticated if walk.before is not None else 0)
    if refused > 0:
        return f"Alertmanager's deliveries have no valid token: the actor answered {refused} of them with 401; see the receiver's credentials_file and security.intake_token_files"
    names = " and ".join(sorted({receiver.name for alert in _alerts(walk) for receiver in alert.receivers})) or "no receiver"
    words = f"Alertmanager gives it to {names} and does not call this actor's webhook: see its route, the receiver's address, and its log"
    known = walk.standing()
    return f"{words}. The actor knows of it only because it asked Alertmanager itself" if known is not None and known.incident else words


def _gates_agree(walk: Walk) -> str | None:
    now = walk.standing()
    if now is None:
        return None
    if now.state == "announced":
        raise Ended("held", f"the chain works up to the actor's gates; it waits for a person's veto: {now.reason}")
    if now.outcome == "refused" and now.gate == "silenced":
        raise Ended("muted", f"the chain works up to the actor's gates; it is {now.reason.partition(': ')[2]}")
    if now.outcome == "shadowed" or (now.gate in _PERSONS_GATES and (now.state in {"deferred", "proposed"} or now.outcome == "refused")):
        raise Ended("held", f"the chain works up to the actor's gates; held back by: {now.reason.partition('; it would:')[0]}")
    if now.outcome == "alerted":
        raise Ended("failed", f"the actor was told to do nothing: {now.reason}")
    return f"all {now.gates_asked} agree" if now.state == "running" or now.outcome in EXECUTED else None


def _why_not_agreed(walk: Walk) -> str:
    now = walk.ask_actor()
    return f"the gates do not let it through: {now.reason}" if now.gate else f"the actor does not get round to it: it is {now.state or now.outcome}; see its log"


def _phase(name: str) -> Callable[[Walk], str | None]:
    def look(walk: Walk) -> str | None:
        now = walk.standing()
        if now is not None and name in now.phases:
            return "done"
        if now is not None and now.outcome:
            raise Ended("failed", f"{now.outcome}: {now.reason}")
        return None

    return look


def _why_not_ended(walk: Walk) -> str:
    now = walk.ask_actor()
    return f"incident {now.incident} is {now.state or now.outcome}: {now.reason}; see homeostat why {now.incident}"


def _succeeded(walk: Walk) -> str | None:
    now = walk.standing()
    if now is None or not now.outcome:
        return None
    if now.outcome != "succeeded":
        raise Ended("failed", f"{now.outcome}: {now.reason}")
    return "succeeded"


HOPS: tuple[Hop, ...] = (
    Hop("actor", lambda config: 2 * config.actor.reconcile + 3 * config.prometheus.evaluation_interval, _actor_is_free, _why_not_free),
    Hop("exporter", lambda _: 0, _exporter_takes_it, _why_not_taken),
    Hop("forecast", lambda config: (config.exporter.assertion.cycles + 2) * config.exporter.cycle, _exporter_asserts_it, _why_not_asserted),
    Hop("prometheus", lambda config: 3 * config.exporter.scrape_interval, _prometheus_has_it, _why_not_scraped),
    Hop("decision", lambda config: 2 * config.prometheus.evaluation_interval, _rules_decide_it, _why_not_decided),
    Hop("alert", lambda config: 2 * config.prometheus.evaluation_interval, _alert_fires, _why_no_alert),
    Hop("alertmanager", lambda config: 2 * config.prometheus.evaluation_interval, _alertmanager_has_it, _why_not_in_alertmanager),
    Hop("delivery", lambda _: _DELIVERY_SECONDS, _actor_is_told, _why_not_told),
    Hop("gates", lambda _: _GATES_SECONDS, _gates_agree, _why_not_agreed),
    Hop("execution", lambda _: 2 * MINUTE, _phase("execute"), _why_not_ended),
    Hop("verification", lambda config: 3 * MINUTE + 2 * config.exporter.cycle, _phase("verify"), _why_not_ended),
    Hop("outcome", lambda _: MINUTE, _succeeded, _why_not_ended),
)
HOP_NAMES: tuple[str, ...] = tuple(hop.name for hop in HOPS)


def patience_seconds(hop: Hop, config: Config) -> float:
    """Return how long a hop is waited for."""
    return hop.patience(config) + _MARGIN_SECONDS
