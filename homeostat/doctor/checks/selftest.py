"""The daily selftest went through the whole chain not long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.config.section import DAY
from homeostat.config.units import Duration
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

# A day, and as much again for a host that was off at its hour.
_MOST_SECONDS = 2 * DAY


def _ask(subject: Subject) -> Iterator[Finding]:
    prometheus, host = subject.doors.prometheus, subject.doors.config.host
    stuck = [sample.labels.get("hop", "") for sample in prometheus.query(f"{selector('homeostat_selftest_failed', host=host)} == 1")]
    ages = [sample.value for sample in prometheus.query(f"time() - max({selector('homeostat_selftest_last_success_timestamp_seconds', host=host)} > 0)")]
    if stuck:
        yield failed(f"the last selftest failed at {named(stuck)}", "homeostat selftest")
    elif not ages:
        yield warned("no selftest has succeeded yet", "homeostat selftest")
    elif ages[0] > _MOST_SECONDS:
        yield warned(f"the last selftest that succeeded is {Duration(round(ages[0]))} ago", "homeostat selftest")
    else:
        yield passed(f"the last selftest succeeded {Duration(round(ages[0]))} ago")


CHECK = Check(order=230, ask=_ask)
