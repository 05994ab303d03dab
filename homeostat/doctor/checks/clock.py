"""The clocks of this host, of Prometheus and of the actor agree, and the kernel's is synchronised where that is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homeostat.daemon_client import DaemonError
from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned
from homeostat.prometheus import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_APART_SECONDS = 5.0
_FIX = "timedatectl set-ntp true on both hosts; timedatectl timesync-status"


def _ask(subject: Subject) -> Iterator[Finding]:
    doors = subject.doors
    clocks: dict[str, Callable[[], float]] = {
        "Prometheus": lambda: doors.prometheus.query("vector(1)")[0].timestamp,
        "the actor": lambda: told.health(doors).now,
    }
    apart = {}
    for whose, read in clocks.items():
        try:
            apart[whose] = _apart_seconds(subject, read)
        except DaemonError:
            # That it does not answer is another check's matter.
            continue
    wrong = {whose: seconds for whose, seconds in apart.items() if abs(seconds) > _MOST_APART_SECONDS}
    for whose, seconds in wrong.items():
        yield failed(f"the clock of {whose} is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} this host's: what is fresh looks stale", _FIX)
    synchronised = _synchronised(subject)
    if synchronised is False:
        yield warned("the kernel's clock is not synchronised", "timedatectl set-ntp true")
    if not wrong:
        yield passed(f"this host's clock agrees with that of {' and '.join(apart)}{'' if synchronised is not None else '; whether it is synchronised is not known'}")


def _apart_seconds(subject: Subject, read: Callable[[], float]) -> float:
    """Return how far another clock is ahead, less what the answer may have taken."""
    asked_at = subject.doors.clock.now()
    seconds = read()
    answered_at = subject.doors.clock.now()
    return min(0.0, seconds - asked_at) + max(0.0, seconds - answered_at)


def _synchronised(subject: Subject) -> bool | None:
    """Return what node_exporter says of this host's clock, or None where it says nothing."""
    config = subject.doors.config
    names = [name for name, host in config.exporter.hosts.items() if host == config.host]
    pattern = "|".join(f"{re.escape(name)}(:[0-9]+)?" for name in (config.host, *names))
    said = subject.doors.prometheus.query(f"node_timex_sync_status{{instance=~{quoted(pattern)}}}")
    return all(sample.value == 1 for sample in said) if said else None


CHECK = Check(order=170, ask=_ask)
