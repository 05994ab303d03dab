"""What Alertmanager does with a decision: whether the alert is there, who muted it, and who is told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from homeostat.explanation.parts import Part, Silent, listed
from homeostat.words import DECISION_ALERTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.alertmanager import Alert, Alertmanager, Silence
    from homeostat.explanation.facts import Key

HEADING = "Alertmanager"


@dataclasses.dataclass(frozen=True, slots=True)
class Mail:
    """Every alert of ours that Alertmanager has, muted or not, and the silences that are active."""

    alerts: tuple[Alert, ...]
    silences: tuple[Silence, ...]


def collect(alertmanager: Alertmanager, *matchers: str) -> Mail:
    """Ask Alertmanager for the alerts that fit every matcher and for its silences. Raises AlertmanagerError."""
    return Mail(tuple(alertmanager.all_alerts(*matchers)), tuple(alertmanager.silences()))


def delivery_part(mail: Mail | Silent, key: Key) -> Part:
    """Explain what became of the decision alert on its way to the actor."""
    if isinstance(mail, Silent):
        return Part(HEADING, (f"Alertmanager does not say: {mail.reason}.",), f"Alertmanager does not say whether the decision is silenced ({mail.reason})")
    found = [alert for alert in mail.alerts if _is_decision(alert, key)]
    if not found:
        said = f"no decision alert on {key.problem} at {key.target} is in Alertmanager"
        return Part(HEADING, (f"{said[:1].upper()}{said[1:]} now.",), f"{said}: is it in Prometheus' alerting section?")
    lines: list[str] = []
    reasons: list[str] = []
    for alert in found:
        name, muted = alert.labels.get("alertname", ""), list(_muted(alert, mail))
        lines.append(f"{name} is there since {alert.starts_at}, for {_receivers(alert)}.")
        lines += _unrouted(alert)
        lines += [f"It is {why}." for why in muted]
        reasons += [f"{name} is {why}" for why in muted[:1]]
    # Of two of one episode, while its tier changes, one that is heard is enough.
    return Part(HEADING, tuple(lines), reasons[0] if len(reasons) == len(found) else None)


def _is_decision(alert: Alert, key: Key) -> bool:
    return alert.labels.get("alertname") in DECISION_ALERTS and all(alert.labels.get(name) == value for name, value in key._asdict().items())


def _receivers(alert: Alert) -> str:
    names = [receiver.name for receiver in alert.receivers]
    return f"{'receiver' if len(names) == 1 else 'receivers'} {listed(names)}" if names else "no receiver that is known"


def _unrouted(alert: Alert) -> list[str]:
    """Say that no receiver is the actor's by its name, which is no proof; then it hears of decisions by asking."""
    if any(receiver.name.startswith("homeostat-actor") for receiver in alert.receivers):
        return []
    return ["No receiver there bears the name of an actor's; without one the actor hears of it only when it asks: homeostat doctor looks at the routes."]


def _muted(alert: Alert, mail: Mail) -> Iterator[str]:
    """Yield by what an alert is muted."""
    silences = {silence.id: silence for silence in mail.silences}
    for identity in alert.status.silenced_by if alert.status else ():
        silence = silences.get(identity)
        yield silenced(silence) if silence else f"silenced by silence {identity}, which is over by now"
    known = {other.fingerprint: other for other in mail.alerts}
    for identity in alert.status.inhibited_by if alert.status else ():
        yield f"inhibited by {_named(known.get(identity)) or f'the alert with fingerprint {identity}'}"


def silenced(silence: Silence) -> str:
    """Say who silenced until when and why."""
    comment = f": {silence.comment}" if silence.comment else ", without a word why"
    return f"silenced by {silence.created_by or 'nobody who gave a name'} until {silence.ends_at}{comment} ({' '.join(map(str, silence.matchers))})"


def _named(alert: Alert | None) -> str:
    return alert.labels.get("alertname", "") if alert else ""


def about(alerts: Sequence[Alert], subject: str) -> list[Alert]:
    """Return the alerts of that name or fingerprint."""
    return [alert for alert in alerts if subject in {alert.fingerprint, alert.labels.get("alertname")}]
