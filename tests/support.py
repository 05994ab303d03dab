"""What the actor's tests stand on: one fake for each port, a clock that jumps, a small host that is real."""

from __future__ import annotations

import copy
import dataclasses
import os
import pathlib
import re
import stat
from typing import TYPE_CHECKING, Any

import msgspec
import promql_parser
import yaml

from actor.absorb import absorb
from actor.journal import Journal, incidents, intake, totals
from actor.journal.intake import ReceivedAlert
from actor.model import EpisodeKey
from actor.pipeline import remediate
from actor.playbook import Playbook, load_playbooks
from actor.recovery import recover
from actor.situation import DECISION_SERIES, due
from actor.timekeeper import follow_clock
from actor.world import StopSwitch, World
from homeostat.alertmanager import Matcher, Silence, SilenceStatus
from homeostat.config import Config, loads
from homeostat.prometheus import PrometheusError, Sample
from tests.unreal import FakeAlertmanager as FakeAlertmanager  # noqa: PLC0414 - every test takes it from here
from tests.unreal import WithoutPast

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Incident
    from homeostat.clock import Clock

NOW = 1_700_000_000.0
HOST = "h1"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
KIB = 1024
DISK_BYTES = 1024 * KIB
LAST_SUCCESS = "homeostat_exporter_last_success_timestamp_seconds"
PREDICTION = "homeostat_problem_confidence_ratio"
USAGE = "homeostat_usage_ratio"
PROBABILITY = "homeostat_limit_probability_ratio"
ALERT_OF = {
    "auto-execute": "HomeostatAutoExecute",
    "notify-execute": "HomeostatNotifyExecute",
    "propose": "HomeostatPropose",
    "alert-only": "HomeostatAlertOnly",
}


class JumpingClock:
    """A clock that only moves when it is slept on or told to jump; `at_sleep` is called at every sleep."""

    def __init__(self, start: float = NOW) -> None:
        self._wall = start
        self._steady = 1000.0
        self.at_sleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._steady

    def sleep(self, seconds: float) -> None:
        self.at_sleep()
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, as it does."""
        self._wall += seconds
        self._steady += seconds

    def jump(self, seconds: float) -> None:
        """Set the host's clock, forwards or back; no time passes."""
        self._wall += seconds


class FakePrometheus(WithoutPast):
    """Holds series in memory and answers what the actor asks: `s`, `max(s)`, `group by (l) (s)`, `timestamp(s)`; `down` answers nothing, `broken` nothing of these."""

    url = "http://prometheus.invalid"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.series: dict[str, list[tuple[dict[str, str], float]]] = {}
        self.down = False
        self.broken: set[str] = set()
        self.evaluated_seconds_ago = 0.0
        self.put(LAST_SUCCESS, 0.0, host=HOST)

    def put(self, metric: str, value: float, **labels: str) -> None:
        """Set one series."""
        self.drop(metric, **labels)
        self.series.setdefault(metric, []).append((labels, value))

    def drop(self, metric: str, **labels: str) -> None:
        """Remove the series whose labels include these."""
        rows = self.series.get(metric, [])
        self.series[metric] = [row for row in rows if not labels.items() <= row[0].items()]

    def query(self, promql: str) -> list[Sample]:
        if self.down:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {promql!r}: it is down")
        tree = promql_parser.parse(promql)
        if isinstance(tree, promql_parser.AggregateExpr):
            found = self._times(tree.expr) if isinstance(tree.expr, promql_parser.Call) else self._select(tree.expr)
            if tree.modifier is not None:
                kept = {tuple((name, sample.labels.get(name, "")) for name in tree.modifier.labels) for sample in found}
                return [Sample(dict(labels), self.clock.now(), 1.0) for labels in sorted(kept)]
            return [Sample({}, self.clock.now(), max(sample.value for sample in found))] if found else []
        if isinstance(tree, promql_parser.Call):
            return self._times(tree)
        return self._select(tree)

    def _times(self, call: promql_parser.Call) -> list[Sample]:
        """Answer `timestamp(s)`, and `max_over_time(timestamp(s)[r:s])`, for nothing is remembered here."""
        inner = call.args[0].expr.args[0] if isinstance(call.args[0], promql_parser.SubqueryExpr) else call.args[0]
        return [dataclasses.replace(sample, value=sample.timestamp) for sample in self._select(inner)]

    def _select(self, wanted: promql_parser.VectorSelector) -> list[Sample]:
        patterns = {one.name: one.value for one in wanted.matchers.matchers if one.op == promql_parser.MatchOp.Re and one.name != "__name__"}
        matchers = {one.name: one.value for one in wanted.matchers.matchers if one.name not in patterns}
        names = [wanted.name] if wanted.name else matchers.pop("__name__").split("|")
        if broken := self.broken.intersection(names):
            raise PrometheusError(f"Prometheus at {self.url} gave no answer about {' or '.join(broken)}")
        at = self.clock.now() - self.evaluated_seconds_ago
        return [
            Sample({"__name__": name, **labels}, at, at if name == LAST_SUCCESS else value)
            for name in names
            for labels, value in self.series.get(name, [])
            if matchers.items() <= labels.items() and all(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in patterns.items())
        ]

    def decide(self, key: EpisodeKey, action: str, decision: str, confidence: float) -> None:
        """Let the rules decide this, and the exporter assert the problem."""
        self.drop(DECISION_SERIES, **key._asdict())
        self.put(DECISION_SERIES, confidence, **key._asdict(), action=action, decision=decision, risk="low")
        self.put(PREDICTION, 0.9, **key._asdict())
        self.put(USAGE, 0.8, **key._asdict())
        self.put(PROBABILITY, 0.9, **key._asdict(), horizon="48h")

    def forget(self, key: EpisodeKey) -> None:
        """Let the problem be gone."""
        self.drop(DECISION_SERIES, **key._asdict())
        self.drop(PREDICTION, **key._asdict())


def silence(*matchers: Matcher, comment: str = "maintenance") -> Silence:
    return Silence("s1", matchers, "ada", comment, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", SilenceStatus("active"))


def labels_of(key: EpisodeKey, action: str, decision: str, **others: str) -> dict[str, str]:
    """Return the labels of a decision alert."""
    said = {"alertname": ALERT_OF[decision], "action": action, "risk": "low", "decision": decision, "severity": "warning"}
    return {**said, **key._asdict(), **others}


def received(labels: dict[str, str], status: str = "firing", confidence: float = 0.95) -> ReceivedAlert:
    return ReceivedAlert(
        status=status, labels=labels, annotations={"confidence": f"{confidence:.3f}"}, starts_at="2026-01-01T00:00:00Z", fingerprint="f1"
    )


@dataclasses.dataclass
class Host:
    """A small host below a folder: a directory with an allowance that fills with logs, and a service of the `command` manager."""

    folder: pathlib.Path
    clock: JumpingClock = dataclasses.field(default_factory=JumpingClock)

    def __post_init__(self) -> None:
        self.disk = self.folder / "disk"
        self.logs = self.disk / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.service = self.folder / "service"
        self.service.mkdir(exist_ok=True)
        self.control = self.service / "control"
        if not self.control.exists():
            self._install()

    def _install(self) -> None:
        self.control.write_text(_CONTROL.format(folder=self.service), encoding="utf-8")
        self.control.chmod(0o755)
        (self.service / "invocation").write_text("1")
        (self.service / "memory").write_text(str(900 * KIB))
        (self.service / "healthy").touch()

    def log(self, name: str, size_kib: int = 64, age: float = DAY) -> pathlib.Path:
        """Write a log of `age` seconds."""
        path = self.logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size_kib * KIB))
        os.utime(path, (self.clock.now() - age, self.clock.now() - age))
        return path

    def restarts(self) -> int:
        """Say how often the service was restarted."""
        return int((self.service / "invocation").read_text()) - 1

    def settings(self) -> dict[str, Any]:
        """Return a configuration of this host, as YAML would say it."""
        quick = {"settle": "2s", "watch": "30s"}
        return {
            "host": HOST,
            "prometheus": {"evaluation_interval": "5s"},
            "exporter": {"cycle": "5s", "scrape_interval": "100ms"},
            "autonomy": {"mode": "active", "level": "aggressive", "actions": {"disk-cleanup": dict(quick), "service-restart": dict(quick)}},
            "filesystems": {"disk": {"path": str(self.disk), "size": f"{DISK_BYTES}B", "free_target": 0.6}},
            "cleanup": {"old-logs": {"directory": str(self.logs), "pattern": "*.log.*", "older_than": "1h"}},
            "services": {
                "web": {
                    "manager": "command",
                    "commands": {"show": [str(self.control), "show"], "restart": [str(self.control), "restart"]},
                    "health": ["/usr/bin/test", "-e", str(self.service / "healthy")],
                    "memory_limit": "1MiB",
                }
            },
            "actor": {"state_directory": str(self.folder / "state"), "ballast": "65536B", "reconcile": "1s"},
        }


_CONTROL = """#!/bin/sh
cd {folder} || exit 1
case "$1" in
show)
    # The shell's own words only: each process would cost a test more than the rest of this.
    read -r invocation <invocation; read -r memory <memory
    if [ -e down ]; then active=inactive; else active=active; fi
    printf 'ActiveState=%s\\nInvocationID=%s\\nMainPID=0\\nMemoryCurrent=%s\\n' "$active" "$invocation" "$memory" ;;
restart)
    [ ! -e refuses ] || {{ echo 'the service refuses'; exit 3; }}
    read -r invocation <invocation
    echo $(( invocation + 1 )) >invocation.new && mv invocation.new invocation
    [ -e leaks ] || echo 102400 >memory
    [ ! -e writes ] || echo 'by the restart' >data
    [ ! -e falls-ill ] || rm -f healthy ;;
esac
"""


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it, level by level."""
    result = copy.deepcopy(base)
    for name, value in changes.items():
        deeper = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if deeper else value
    return result


def configured(settings: dict[str, Any], **changes: Any) -> Config:
    """Read a configuration as the daemons do, from YAML."""
    return loads(yaml.safe_dump(merged(settings, changes)), Config, "homeostat.yml")


def playbook(name: str, **changes: Any) -> Playbook:
    """Return a built-in playbook, with other values in its file."""
    known = load_playbooks(None)[name]
    return dataclasses.replace(known, file=msgspec.structs.replace(known.file, **changes))


class Actor:
    """A world on a small host with fakes for Prometheus and Alertmanager, and the loop's turn without its threads."""

    def __init__(self, host: Host, **changes: Any) -> None:
        self.host = host
        self.clock = host.clock
        self.config = configured(host.settings(), **changes)
        self.prometheus = FakePrometheus(self.clock)
        self.alertmanager = FakeAlertmanager()
        self.world = World(
            config=self.config,
            playbooks=load_playbooks(self.config.actor.playbook_directory),
            journal=Journal(pathlib.Path(self.config.actor.state_directory), self.config.actor.ballast),
            clock=self.clock,
            prometheus=self.prometheus,
            alertmanager=self.alertmanager,
            stop=StopSwitch(self.config.actor.state_directory),
        )
        self.journal = self.world.journal

    def restarted(self) -> Actor:
        """Return the next process on the same state: another journal handle, and nothing of this one's memory."""
        self.journal.close()
        other = copy.copy(self)
        other.journal = Journal(pathlib.Path(self.config.actor.state_directory), self.config.actor.ballast)
        other.world = dataclasses.replace(self.world, journal=other.journal, silences=None, clock_seen=None, sees_since=None, stops_noted=None, summaries={})
        return other

    def hear(self, labels: dict[str, str], status: str = "firing", confidence: float = 0.95) -> None:
        """Take an alert in as the webhook does."""
        alert = received(labels, status, confidence)
        body = msgspec.json.encode({"version": "4", "alerts": [msgspec.to_builtins(alert)]})
        intake.store(self.journal, "webhook", self.clock.now(), (body, 0), [alert])

    def decide(self, key: EpisodeKey, action: str, decision: str = "auto-execute", confidence: float = 0.95) -> None:
        """Let Prometheus decide, and Alertmanager tell us."""
        self.prometheus.decide(key, action, decision, confidence)
        self.hear(labels_of(key, action, decision), confidence=confidence)

    def turn(self) -> None:
        """Do once what the loop does twice a second."""
        follow_clock(self.world)
        absorb(self.world)
        for incident in incidents.running(self.journal):
            recover(self.world, incident)
        for incident in due(self.world):
            remediate(self.world, incident.id)

    def incident(self) -> Incident:
        """Return the newest incident."""
        return incidents.recent(self.journal, 0.0)[0]

    def phases(self) -> list[str]:
        """Return what the newest incident went through."""
        return [phase["phase"] for phase in incidents.phases_of(self.journal, self.incident().id)]

    def total(self, name: str, **labels: str) -> float:
        """Return a counter's value, summed over all series that bear these labels."""
        return sum(value for found, value in totals.read(self.journal).get(name, []) if labels.items() <= found.items())

    def stop(self, reason: str = "by ada: enough") -> None:
        """Pull the kill switch."""
        self.world.stop.path.write_text(reason, encoding="utf-8")


DISK = EpisodeKey(HOST, "disk_exhaustion", "disk", "filesystem")
WEB = EpisodeKey(HOST, "memory_leak", "web", "memory")


def secret(path: pathlib.Path, token: str) -> pathlib.Path:
    """Write a token as whoever installs one should."""
    path.touch(mode=0o600)
    path.write_text(token, encoding="utf-8")
    return path


def executable(path: pathlib.Path, text: str) -> pathlib.Path:
    """Write a program of ours."""
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
