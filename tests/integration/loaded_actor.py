"""An actor at work, as a program: its real intake, journal and deeds below one folder; Prometheus and Alertmanager are faked.

`python -m tests.integration.loaded_actor FOLDER HOST:PORT [PRAGMA]` runs until it is killed.
"""

from __future__ import annotations

import contextlib
import itertools
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from actor.housekeeping import keep_house
from actor.journal import JournalError
from actor.reconcile import reconcile
from homeostat.daemon import Server
from tests.actor.web import pages_of
from tests.integration.stack import free_port
from tests.support import DISK, HOUR, MINUTE, NOW, WEB, Actor, Host, JumpingClock

if TYPE_CHECKING:
    from collections.abc import Iterator

BALLAST_BYTES = 4 * 1024**2
_OFTEN = {
    "limits": {"restarts": [{"count": 1000, "within": "1h"}]},
    "autonomy": {"max_actions_per_day": 100_000},
    # Its clock runs through years: what was acknowledged may be missing for no other reason than a cut.
    "actor": {"ballast": f"{BALLAST_BYTES}B", "retention": {"deliveries": "36500d", "incidents": "36500d"}},
}
_PAUSE_SECONDS = 0.05


class Running(NamedTuple):
    """An actor at work: its port on loopback and its process."""

    port: int
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def at_work(folder: pathlib.Path, *pragmas: str) -> Iterator[Running]:
    """Run an actor below `folder` in a process of its own until it is killed at the end."""
    port = free_port()
    argv = [sys.executable, "-m", "tests.integration.loaded_actor", str(folder), f"127.0.0.1:{port}", *pragmas]
    with subprocess.Popen(argv, cwd=pathlib.Path(__file__).parents[2], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield Running(port, process)
            assert process.poll() is None, f"the actor ended by itself: {process.returncode}"
        finally:
            process.kill()


def opened(folder: pathlib.Path, start: float = NOW) -> Actor:
    """Open the actor whose host and journal lie below `folder`, with a clock that begins at `start`."""
    return Actor(Host(folder, JumpingClock(start)), **_OFTEN)


def work(actor: Actor, number: int) -> None:
    """Let the service leak and the disk fill, be told of both, and act on them."""
    (actor.host.service / "memory").write_text(str(900 * 1024))
    if not any(actor.host.logs.iterdir()):
        # Else what nobody can clean while the disk is full would eat the ballast.
        actor.host.log(f"app.log.{number}", size_kib=64)
    actor.decide(WEB, "service-restart")
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    keep_house(actor.world, None)
    for key in (WEB, DISK):
        actor.prometheus.forget(key)
    actor.clock.advance(9 * HOUR)
    reconcile(actor.world)
    actor.clock.advance(11 * MINUTE)
    reconcile(actor.world)


def main(folder: str, address: str, *pragmas: str) -> None:
    """Serve and work until killed; a full disk is no reason to end."""
    actor = opened(pathlib.Path(folder))
    for pragma in pragmas:
        actor.journal.rows(pragma)
    server = Server(pages_of(actor).app, address)
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in itertools.count():
        try:
            work(actor, number)
        except (JournalError, OSError) as error:
            sys.stderr.write(f"{error}\n")
        actor.world.ending.wait(_PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
