"""What a person means by a word: an incident's id, an alert's name or fingerprint, or else a target."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any

from homeostat.explanation import delivery
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent, listed
from homeostat.prometheus import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeostat.alertmanager import Alert
    from homeostat.config import Config
    from homeostat.doors import Doors

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


@dataclasses.dataclass(frozen=True, slots=True)
class Meant:
    """Which targets, or which incident with its whole story; `remarks` say what the word was taken for, where it is no target."""

    targets: tuple[str, ...] = ()
    story: dict[str, Any] | None = None
    remarks: tuple[str, ...] = ()


def meant_by(doors: Doors, subject: str) -> Meant:
    """Say what a word on the command line is about."""
    configured = any(entry.alert == subject for entry in doors.config.exporter.targets.alert)
    if configured or subject.startswith("Homeostat"):
        return _by_alert(doors, subject, f"alertname={quoted(subject)}")
    if subject.isascii() and subject.isalnum():
        asked = ask({"story": functools.partial(doors.actor.get, f"incidents/{subject}")}, 9.0)["story"]
        if not isinstance(asked, Silent):
            return Meant(story=asked)
    if _FINGERPRINT.fullmatch(subject):
        return _by_alert(doors, subject)
    return Meant((subject,))


def _by_alert(doors: Doors, subject: str, *matchers: str) -> Meant:
    found = ask({"alerts": functools.partial(doors.alertmanager.all_alerts, *matchers)})["alerts"]
    if isinstance(found, Silent):
        targets = _fixed(doors.config, subject)
        return Meant(targets, remarks=(f"Alertmanager does not say what {subject} is about: {found.reason}.",))
    alerts = delivery.about(found, subject)
    if not alerts:
        # What is mapped to one target always tells why nothing is done there.
        return Meant(_fixed(doors.config, subject), remarks=(f"Alertmanager has no alert {subject} now: it does not fire, or has not arrived.",))
    targets = tuple(dict.fromkeys(target for alert in alerts for target in _targets(doors.config, alert)))
    if not targets:
        return Meant(remarks=(f"{subject} in Alertmanager is about no target of {doors.config.host}; see exporter.targets.alert for what an alert of yours is mapped to.",))
    return Meant(targets, remarks=(f"{subject} in Alertmanager is about {listed(targets)}.",))


def _fixed(config: Config, subject: str) -> tuple[str, ...]:
    return tuple(entry.target for entry in config.exporter.targets.alert if entry.alert == subject and entry.target)


def _targets(config: Config, alert: Alert) -> Iterable[str]:
    """Yield the targets that an alert is about: its own label where it is ours, else as the configuration maps it."""
    name = alert.labels.get("alertname", "")
    if name.startswith("Homeostat"):
        if alert.labels.get("host") == config.host and alert.labels.get("target"):
            yield alert.labels["target"]
        return
    for entry in config.exporter.targets.alert:
        target = entry.target or alert.labels.get(entry.target_label or "")
        if entry.alert == name and target:
            yield target
