"""What Alertmanager must know of this host: its actor, who hears of what, and when executing is muted."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from homeostat.generate.marks import MergeError, without_ours
from homeostat.generate.merge import Addition, Entry, entries, merge, read
from homeostat.routing import parse_routes
from homeostat.words import DECISION_ALERTS, EXECUTING_ALERTS, SEVERITIES

if TYPE_CHECKING:
    from homeostat.config import Config
    from homeostat.routing import InhibitRule

NOBODY = "homeostat-nobody"
# Debian's own rules have no source_matchers yet; Alertmanager takes them beside source_match.
UNCROSSING = """add to it source_matchers: ['alertname!~"Homeostat.+"'], or put that into those it has"""
_DECISIONS, _EXECUTING = "|".join(DECISION_ALERTS), "|".join(EXECUTING_ALERTS)
_BEFORE = "HomeostatProposal|HomeostatAnnouncement|HomeostatWithheld"
# Everything else that people hear of is Homeostat's own trouble.
_TOLD_APART = "Homeostat(Proposal|Announcement|Withheld|Outcome|Summary|Problem)"
_KINDS = ("before", "after", "failures", "summary", "critical", "problems", "watchdog")
# What the actor posts is gone after five minutes: a group that waits longer for its next turn would never tell of it.
_AT_ONCE = {"group_by": ["alertname", "host", "incident"], "group_wait": "10s", "group_interval": "1m"}
_STANDALONE = """\
# A complete Alertmanager configuration with Homeostat in it. `homeostat generate alertmanager FILE` merges what is between
# the marks into one of yours; by hand, copy it. docs/notifications.md says who can be told of what.
route:
  receiver: people
  group_by: [alertname, host]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:

inhibit_rules:

receivers:
  # These are yours to fill in: deploy/alertmanager has them for ntfy, e-mail, Discord and Slack.
"""


def standalone(config: Config, token_file: str | None = None) -> str:
    """Return a whole configuration of Alertmanager's that holds nothing but ours and receivers to fill in. Raises MergeError."""
    named = {"people", *_named(config).values()} - {NOBODY}
    receivers = "".join(f"  - name: {_plain(name)}\n" for name in sorted(named))
    return merged(_STANDALONE + receivers, config, token_file)


def merged(text: str, config: Config, token_file: str | None = None) -> str:
    """Return a person's configuration of Alertmanager with this host's part in it.

    `token_file` is the actor's intake token where Alertmanager reads it, when that is another place than on this host.

    Raises:
        MergeError: nothing can be merged into it, or `notifications` names a receiver that is not there.

    """
    theirs, found = without_ours(text)
    data = read(theirs)
    if not isinstance(data, dict) or not isinstance(data.get("route"), dict):
        raise MergeError("this holds no route, so it is no configuration of Alertmanager's; without a FILE a whole one is printed")
    actor = f"homeostat-actor-{config.host}"
    _check_receivers(data, config, actor)
    url = _webhook(config)
    for section in found.get("receivers", ()):
        others = [receiver["name"] for receiver in entries(section.text) if url in str(receiver)]
        if section.host not in {None, config.host} and others:
            raise MergeError(f"{url} is the actor of host {section.host} too ({others[0]}); say with actor.url of this host's configuration where Alertmanager reaches it")
    return merge(text, config.host, additions(config, token_file))


def crossings(text: str) -> list[InhibitRule]:
    """Return the inhibit rules of a person's configuration by which one decision of ours would mute another. Raises RoutingError."""
    told = {"alertname": "HomeostatPropose", "host": "h", "problem": "p", "target": "t", "resource": "r", "action": "a", "risk": "low", "decision": "propose"}
    other = {**told, "problem": "q", "target": "u", "resource": "s", "action": "b"}
    pairs = [({**told, "severity": source}, {**other, "severity": target}) for source, target in itertools.permutations(SEVERITIES, 2)]
    return [rule for rule in parse_routes(text).inhibit_rules if any(rule.mutes(muted, by) for by, muted in pairs)]


def additions(config: Config, token_file: str | None) -> tuple[Addition, ...]:
    """Return our routes, inhibit rules and receivers."""
    people = tuple(Entry(value, comment) for value, comment in _people(config))
    shared_routes = (
        Entry({"receiver": NOBODY, "matchers": [_matcher("alertname", "=~", _DECISIONS)]}, "Decisions for a host without an actor are nobody's."),
        Entry(
            {"receiver": NOBODY, "matchers": ['alertname=~"Homeostat.+"', 'severity="none"']}, "The heartbeat, and what only mutes others."
        ),
    )
    return (
        Addition(("route", "routes"), (_decisions(config), *people), shared_routes),
        Addition(("inhibit_rules",), (), _inhibitions()),
        Addition(("receivers",), (Entry(_actor(config, token_file)),), (Entry({"name": NOBODY}, "Whoever is told nothing."),)),
    )


def _decisions(config: Config) -> Entry:
    route = {
        "receiver": f"homeostat-actor-{config.host}",
        "matchers": [_matcher("alertname", "=~", _DECISIONS), _matcher("host", "=", config.host)],
        "group_by": ["host", "problem", "target", "resource"],
        "group_wait": "0s",
        "group_interval": "1m",
        "repeat_interval": "15m",
    }
    return Entry(route, "Decisions go to this host's actor only. One group per episode: a tier change reaches it at the next interval.")


def _people(config: Config) -> list[tuple[dict[str, Any], str]]:
    """Return the routes to people, each with what it is; the first that fits takes an alert."""
    host = _matcher("host", "=~", f"|{_literally(config.host)}")
    ours, outcome = 'alertname=~"Homeostat.+"', 'alertname="HomeostatOutcome"'
    told: list[tuple[str, list[str], dict[str, Any], str]] = [
        ("critical", [ours, 'severity="critical"', host], {**_AT_ONCE, "repeat_interval": "4h"}, "Whatever is critical."),
        ("before", [_matcher("alertname", "=~", _BEFORE), host], {**_AT_ONCE, "repeat_interval": "12h"}, "Before anything is done."),
        ("after", [outcome, 'severity="info"', host], _AT_ONCE, "After what went well."),
        ("failures", [outcome, 'severity!="info"', host], _AT_ONCE, "After what did not."),
        ("summary", ['alertname="HomeostatSummary"', host], _AT_ONCE, "The daily and the weekly summary."),
        ("failures", [ours, f'alertname!~"{_TOLD_APART}"', 'severity!="none"', host], {"group_by": ["alertname", "host"]}, "Homeostat's own trouble."),
        ("problems", ['alertname="HomeostatProblem"', host], {"group_by": ["alertname", "host"]}, "Problems, as they are asserted."),
        ("watchdog", ['alertname="HomeostatWatchdog"'], {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "5m"}, "The heartbeat."),
    ]
    named = _named(config)
    return [({"receiver": named[kind], "matchers": matchers, **timing}, comment) for kind, matchers, timing, comment in told if kind in named]


def _inhibitions() -> tuple[Entry, ...]:
    muted = {"target_matchers": [_matcher("alertname", "=~", _EXECUTING)], "equal": ["host"]}
    return (
        Entry(
            {"source_matchers": ['alertname="HomeostatBreakerOpen"', 'scope="global"'], **muted},
            "While the global breaker is open, or everything is stopped, nothing is handed to the actor to execute.",
        ),
        Entry({"source_matchers": ['alertname="HomeostatStopped"'], **muted}),
    )


def _actor(config: Config, token_file: str | None) -> dict[str, Any]:
    webhook: dict[str, Any] = {"url": _webhook(config), "send_resolved": True}
    token = token_file or next(iter(config.security.intake_token_files), None)
    if token is not None:
        webhook["http_config"] = {"authorization": {"type": "Bearer", "credentials_file": token}}
    return {"name": f"homeostat-actor-{config.host}", "webhook_configs": [webhook]}


def _webhook(config: Config) -> str:
    return f"{config.actor_url.rstrip('/')}/webhook"


def _check_receivers(data: dict[str, Any], config: Config, actor: str) -> None:
    theirs = [receiver.get("name") for receiver in data.get("receivers") or () if isinstance(receiver, dict)]
    for name in (actor, NOBODY):
        if name in theirs:
            raise MergeError(f"there is a receiver {name} that bears no marks of Homeostat's; remove it and its routes, and ours take their place")
    for kind, name in _named(config).items():
        if name not in {*theirs, NOBODY}:
            raise MergeError(f"notifications.{kind} names the receiver {name!r}, which is not there; there are: {', '.join(map(str, [*theirs, NOBODY]))}")


def _named(config: Config) -> dict[str, str]:
    given = {kind: getattr(config.notifications, kind) for kind in _KINDS}
    return {kind: name for kind, name in given.items() if name is not None}


def _matcher(name: str, sign: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}{sign}"{escaped}"'


def _literally(text: str) -> str:
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _plain(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][\w-]*", name) else "'" + name.replace("'", "''") + "'"
