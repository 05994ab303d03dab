"""Runs the demo and a person's words, and writes down what Prometheus then holds: a quarter of an hour, `python -m tests.grafana.record`."""

from __future__ import annotations

import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import click

from deploy.demo.expectations import expectations
from deploy.demo.stack import ROOT, Stack
from homeostat.clock import SystemClock
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.daemon_client import DaemonClient
from homeostat.prometheus import Prometheus
from tests.grafana import recording
from tests.integration.stack import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_SECONDS = 10
RECORDED = (
    '{__name__=~"homeostat_.+|.+:homeostat_.+|ALERTS|ALERTS_FOR_STATE|up'
    '|prometheus_rule_group_last_duration_seconds|prometheus_rule_evaluation_failures_total|prometheus_rule_group_iterations_missed_total'
    '|alertmanager_notifications_total|alertmanager_notifications_failed_total"}'
)
_LONG_SECONDS = 1200


class Session:
    """A running demo, and whoever watches it and has a word to say."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.clock = stack, SystemClock()
        self.prometheus = Prometheus(PrometheusConfig(url=stack.url("prometheus")))
        self.actor = DaemonClient(stack.url("actor"), (stack.run / "operator.token").read_text().strip())
        self.begun = self.clock.now()

    def say(self, *words: str) -> None:
        """Run a command of the CLI."""
        click.echo(f"homeostat {' '.join(words)}")
        argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(self.stack.config_file), *words]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def until(self, what: str, promql: str, seconds: float = _LONG_SECONDS) -> None:
        """Wait until `promql` has an answer."""
        click.echo(f"waiting for {what}")
        wait_for(what, lambda: self.prometheus.query(promql), seconds)

    def incident(self, fits: Callable[[dict[str, Any]], bool]) -> str:
        """Return the newest incident that fits."""
        return next(incident["id"] for incident in self.actor.get("decisions", last=3600.0) if fits(incident))

    def knock_as_a_stranger(self) -> None:
        """Deliver something without a credential, as a wrongly configured Alertmanager does."""
        with contextlib.suppress(HTTPError):
            urllib.request.urlopen(urllib.request.Request(f"{self.stack.url('actor')}/webhook", data=b"{}"), timeout=10)


def play(session: Session) -> None:
    """Let everything come true that the demo promises, then end what fills the disk, deny, judge, test, stop, resume and pause; one proposal goes on waiting."""
    for one in expectations(session.stack):
        session.until(one.sentence, one.promql)
    # What fills the disk is ended, so that one episode of them ends: the leaks go on.
    session.stack.processes["writer"].terminate()
    session.say("deny", session.incident(lambda one: one["target"] == "hesitant" and one["state"] == "proposed"), "--reason", "its memory is a cache")
    session.say("feedback", session.incident(lambda one: one["action"] == "disk-cleanup" and one["outcome"] == "succeeded"), "necessary")
    session.say("feedback", session.incident(lambda one: one["target"] == "leaky" and one["outcome"] == "succeeded"), "unnecessary", "--reason", "nobody used it")
    session.say("selftest")
    session.say("stop", "--reason", "a disk is being replaced")
    session.until("the stop", 'homeostat_paused{by="stop"} == 1 and on () ALERTS{alertname="HomeostatStopped",alertstate="firing"}')
    session.clock.sleep(3 * STEP_SECONDS)
    session.say("resume")
    session.until("an episode's end", "host:homeostat_resolution_seconds:mean30d and on () host:homeostat_incidents_proactive:ratio30d")
    session.say("pause", "--for", "1h", "--service", "leaky", "--reason", "a film is on")
    session.until("the pause", "homeostat_pause_until_timestamp_seconds")
    session.knock_as_a_stranger()
    session.until("the stranger", 'ALERTS{alertname="HomeostatWebhookUnauthenticated",alertstate="firing"}')
    # The 30 days' rules come round once a minute, the doctor when it has time.
    session.clock.sleep(90)


def written(session: Session) -> str:
    """Return what was recorded, with this machine's folders and ports taken out."""
    start = round(session.begun) // STEP_SECONDS * STEP_SECONDS
    count = round(session.clock.now() - start) // STEP_SECONDS
    found = session.prometheus.query_range(RECORDED, start, start + STEP_SECONDS * (count - 1), STEP_SECONDS)
    text = recording.text(found, start, STEP_SECONDS, count)
    for name, port in {"actor": 9922, "exporter": 9921}.items():
        text = text.replace(f"127.0.0.1:{session.stack.ports[name]}", f"127.0.0.1:{port}")
    text = text.replace(f"{ROOT}/alert-rules/", "/etc/prometheus/homeostat/").replace(str(session.stack.sandbox.path), "/srv/sandbox")
    assert not re.search(rf"{re.escape(str(session.stack.base))}|{re.escape(str(ROOT))}", text), "a folder of this machine is left in it"
    return text


def main() -> None:
    """Write the recording anew."""
    stack = Stack(pathlib.Path(tempfile.mkdtemp(prefix="homeostat-record-", dir="/var/tmp")))
    try:
        stack.prepare()
        stack.start()
        session = Session(stack)
        play(session)
        recording.PATH.write_text(written(session), encoding="utf-8")
    finally:
        stack.stop()
    click.echo(f"{recording.PATH} is written; run tests/grafana to see whether it answers every query")


if __name__ == "__main__":
    main()
