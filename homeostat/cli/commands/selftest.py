"""`homeostat selftest`: send a synthetic problem through the whole real chain, and see where it ends."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from homeostat import selftest as selftests
from homeostat.cli.desk import DurationParameter, printable, with_doors
from homeostat.cli.said import as_text
from homeostat.cli.showing import waiting
from homeostat.daemon_client import DaemonError
from homeostat.walk import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.config import Duration
    from homeostat.doors import Doors
    from homeostat.selftest import Report, Step

# Paused, the chain could not be tested: neither a success nor a fault.
_EXITS = {"passed": 0, "held": 0, "muted": 2}


@click.command()
@click.option("--timeout", type=DurationParameter(), help="Give up after this long, and at the latest a minute before the exporter does.")
@click.option("--json", "as_json", is_flag=True, help="How it ended, once it has.")
@with_doors
def selftest(doors: Doors, timeout: Duration | None, as_json: bool) -> None:
    """Send a synthetic problem through the whole chain.

    It goes from the exporter through Prometheus and Alertmanager into a playbook that changes nothing, and each hop is timed.
    Ends with 0 when the chain works, also where a person's word holds the last step back; with 1 where it is broken; with 2
    where a silence or an inhibition kept it from being tested.
    """
    with waiting("sending a synthetic problem through the chain") as now_at:
        told = _Telling(now_at, silent=as_json)
        report = selftests.run(doors, lambda: msgspec.convert(doors.actor.get("selftest"), Standing), told.tell, math.inf if timeout is None else timeout)
    with contextlib.suppress(DaemonError):
        # Its metrics and alerts are the actor's; one that is down has others.
        doors.actor.post("selftest", msgspec.to_builtins(report))
    if as_json:
        click.echo(as_text(report))
    else:
        click.echo(_last_line(report))
    sys.exit(_EXITS.get(report.verdict, 1))


@dataclasses.dataclass(frozen=True)
class _Telling:
    """Tells each hop as it is passed, and on a terminal that the next is waited for."""

    waits: Callable[[str], None]
    silent: bool

    def tell(self, step: Step) -> None:
        """Tell a hop."""
        self.waits(f"passed {step.hop}, waiting for the next hop")
        if not self.silent:
            click.echo(printable(f"{step.hop:<13}{step.seconds:6.1f} s  {step.words}"))


def _last_line(report: Report) -> str:
    where = f" AT {report.failed_at}" if report.failed_at else ""
    return printable(f"{report.verdict.upper()}{where}: {report.words}")


COMMAND = selftest
