"""Sets the sandbox up, shows the chain live, reports what PromQL says, and leaves nothing behind."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import tempfile
import time

import rich.console
import rich.live
import rich.table

from deploy.demo.expectations import expectations
from deploy.demo.screen import COLUMNS, Screen
from deploy.demo.stack import DemoError, Stack
from deploy.demo.story import differences
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.daemon_client import DaemonClient
from homeostat.prometheus import Prometheus

MOST_SECONDS = 300
_REFRESH_SECONDS = 2
_LINE_EVERY_SECONDS = 15

HISTORY = {
    "incidents by outcome": "sort_desc(sum by (action, target, decision, outcome) (homeostat_actions_total))",
    "gates that did not allow": "sort_desc(sum by (gate, action) (homeostat_gate_refusals_total))",
    "proposals that wait": "homeostat_proposal_expires_timestamp_seconds - time()",
    "how long actions took (mean, s)": "sum by (action) (homeostat_action_duration_seconds_sum) / sum by (action) (homeostat_action_duration_seconds_count)",
    "confidence of decisions (mean)": "sum by (decision) (homeostat_decision_confidence_ratio_sum) / sum by (decision) (homeostat_decision_confidence_ratio_count)",
}


def main() -> int:
    """Run the demo; 0 only if every expectation is true in Prometheus' own data."""
    console = rich.console.Console(width=None if sys.stdout.isatty() else 160)
    # SIGINT too: a shell that starts it in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    stack = Stack(pathlib.Path(tempfile.mkdtemp(prefix="homeostat-demo-", dir="/var/tmp")))
    try:
        stack.prepare()
        console.print(f"The sandbox is {stack.sandbox}.")
        stack.start()
        console.print("node_exporter, Prometheus, Alertmanager, homeostat-exporter, homeostat-actor, a writer and four services are up.")
        return show(console, stack)
    except (DemoError, OSError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        return 1
    finally:
        # A second Ctrl-C must not leave half of it behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
        console.print("Everything is gone again: processes, mount, files.")


def show(console: rich.console.Console, stack: Stack) -> int:
    """Watch the chain until everything is true or the time is over, then report."""
    prometheus = Prometheus(PrometheusConfig(url=stack.url("prometheus")))
    token = (stack.run / "operator.token").read_text().strip()
    screen = Screen(stack, prometheus, DaemonClient(stack.url("actor"), token))
    begun = time.monotonic()
    watch(console, screen, lambda: all(true for _, true in answers(screen)), begun)
    seconds = time.monotonic() - begun
    met = report(console, screen)
    console.print(f"\n{'All of it is true' if met else 'NOT all of it is true'} after {seconds:.0f} s.", style="bold green" if met else "bold red")
    if os.environ.get("KEEP") == "1":
        keep(console, stack)
    elif not met:
        show_logs(console, stack)
    return 0 if met else 1


def watch(console: rich.console.Console, screen: Screen, done: object, begun: float) -> None:
    """Refresh the table until `done()` or the time is over; a log of lines where there is no terminal."""
    assert callable(done)
    next_line = 0.0
    with rich.live.Live(console=console, auto_refresh=False) as live:
        while time.monotonic() - begun < MOST_SECONDS and not done():
            elapsed = time.monotonic() - begun
            if console.is_terminal:
                live.update(screen.table(elapsed), refresh=True)
            elif elapsed >= next_line:
                next_line = elapsed + _LINE_EVERY_SECONDS
                console.print(f"-- {elapsed:.0f} s: {' | '.join(COLUMNS)}", markup=False)
                for row in screen.rows():
                    console.print("   " + " | ".join(row), markup=False)
            time.sleep(_REFRESH_SECONDS)
        if console.is_terminal:
            live.update(screen.table(time.monotonic() - begun), refresh=True)
    if not console.is_terminal:
        console.print(screen.table(time.monotonic() - begun))


def answers(screen: Screen) -> list[tuple[str, bool]]:
    """Return each sentence that must be true, and whether it is."""
    of_prometheus = [(one.sentence, one.met(screen.prometheus) is not None) for one in expectations(screen.stack)]
    return [*of_prometheus, ("the journal and Prometheus tell the same story", not differences(screen.prometheus, screen.actor))]


def report(console: rich.console.Console, screen: Screen) -> bool:
    """Print what PromQL says of the history, and whether each expectation is met."""
    for title, promql in HISTORY.items():
        console.print(f"\n[bold]{title}[/bold]: {promql}", highlight=False)
        for sample in screen.prometheus.query(promql):
            labels = ", ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()) if name not in {"__name__", "instance", "job", "host"})
            console.print(f"  {sample.value:10.2f}  {labels}", markup=False, highlight=False)
    console.print("\n[bold]Is it true?[/bold]")
    found = answers(screen)
    for sentence, true in found:
        console.print(f"  {'yes' if true else 'NO '}  {sentence}", style="green" if true else "red", markup=False, highlight=False)
    return all(true for _, true in found)


def keep(console: rich.console.Console, stack: Stack) -> None:
    """Leave everything running until Ctrl-C, and say where."""
    for name in ("prometheus", "alertmanager", "exporter", "actor", "node"):
        console.print(f"  {name:13} {stack.url(name)}")
    console.print(f"  try: .venv/bin/homeostat --config.file {stack.config_file} why leaky", markup=False)
    console.print("Ctrl-C ends it.")
    signal.pause()


def show_logs(console: rich.console.Console, stack: Stack) -> None:
    """Print the end of each process's log, for whoever has to find out why."""
    for log in sorted(stack.run.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-15:]
        if lines:
            console.print(f"\n{log.name}:\n" + "\n".join(lines), markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
