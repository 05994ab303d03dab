"""A week of one host as a report holds it: what docs/reports/ shows, written by `python -m tests.homeostat.reports.sample`."""

from __future__ import annotations

import math
import pathlib

from homeostat.holds import Hold
from homeostat.reports.gathering import judged
from homeostat.reports.markdown import markdown
from homeostat.reports.model import (
    Accuracy,
    Acted,
    Asked,
    Count,
    Decided,
    Earning,
    Foreseen,
    Now,
    Outlook,
    Past,
    Record,
    Refusal,
    Report,
    RunsOut,
    Slot,
    Told,
    Trend,
    Tried,
    Waiting,
)
from homeostat.reports.page import page
from homeostat.reports.telling import tell

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
# Monday, 23 November 2026, 08:00 UTC.
UNTIL = 1_795_420_800.0
SINCE = UNTIL - 7 * DAY
STEP = HOUR
PLACE = pathlib.Path(__file__).parents[3] / "docs/reports"


def record() -> Record:
    """Return what the actor's journal tells of the week."""
    days = ({"good": 2}, {"good": 1, "plain": 1}, {}, {"good": 2, "bad": 1}, {"good": 1, "waits": 1}, {"plain": 2}, {"good": 3, "plain": 1})
    return Record(
        mode="active",
        level="moderate",
        counts=(
            Count(action="disk-cleanup", target="/srv", outcome="succeeded", count=5),
            Count(action="service-restart", target="jellyfin", outcome="succeeded", count=4),
            Count(action="disk-cleanup", target="/srv", outcome="refused", count=2),
            Count(action="service-restart", target="immich", outcome="rolled_back", count=1),
            Count(action="disk-cleanup", target="/", outcome="warned", count=1),
            Count(action="none", target="gateway", outcome="alerted", count=2),
        ),
        earlier=(
            Count(action="disk-cleanup", target="/srv", outcome="succeeded", count=3),
            Count(action="service-restart", target="jellyfin", outcome="failed", count=2),
        ),
        slots=tuple(Slot(begins_at=SINCE + number * DAY, counts=counts) for number, counts in enumerate(days)),
        tried=Tried(successes=9, trials=11),
        before=Tried(successes=3, trials=5),
        month=Tried(successes=31, trials=36),
        failed=(
            Told(id="7f3a90c2", problem="memory_leak", target="immich", action="service-restart", outcome="rolled_back", at=UNTIL - 3.4 * DAY, words="its health probe did not pass within 2m, so what it was before is back"),
        ),
        acted=(Acted(problem="disk_exhaustion", target="/srv", at=UNTIL - 2.5 * DAY),),
        waiting=(Waiting(id="51be0d77", problem="config_drift_major", target="jellyfin", action="drift-reconciliation", risk="high", confidence=0.86, expires_at=UNTIL + 2.2 * DAY),),
        holds=(Hold("silence", "service-restart at immich", "ada", "looking at it myself", UNTIL + DAY),),
        refusals=(
            Refusal(gate="quiet-time", answer="defer", action="service-restart", incidents=3),
            Refusal(gate="blast-radius", answer="refuse", action="disk-cleanup", incidents=2),
        ),
        lessons=("disk-cleanup at /srv has always worked: 21 of 21.", "service-restart at immich does not last: 2 times memory_leak was back within an hour. It treats a symptom."),
        earning=(
            Earning(action="service-restart", risk="low", confidence=0.84, successes=10, trials=15, after=((0, 0.84), (1, 0.847), (3, 0.858), (5, 0.867), (10, 0.882)), to_notify=0, to_auto=21),
            Earning(action="drift-reconciliation", risk="high", confidence=0.86, successes=2, trials=2, after=((0, 0.86), (1, 0.876), (3, 0.894), (5, 0.902), (10, 0.916)), to_notify=None, to_auto=None),
        ),
        approved=3,
        proved_at=UNTIL - 5 * HOUR,
    )


def now() -> Now:
    """Return what Prometheus knows on that Monday."""
    ahead = tuple(UNTIL + days * DAY for days in (0, 1, 2, 7, 14))
    past = tuple(0.78 + 0.11 * part / 168 + 0.008 * math.sin(part / 24 * 2 * math.pi) for part in range(169))
    return Now(
        forecasts=23,
        runs_out=(
            RunsOut(problem="disk_exhaustion", target="/srv", resource="filesystem", used=0.89, lower=5 * DAY, median=7.2 * DAY, upper=11 * DAY, action="disk-cleanup", decision="propose"),
            RunsOut(problem="memory_leak", target="immich", resource="service", used=0.61, lower=6 * DAY, median=12 * DAY, upper=None, action="service-restart", decision=""),
            RunsOut(problem="certificate_expiry", target="https://cloud.example.org", resource="certificate", used=0.4, lower=41 * DAY, median=41 * DAY, upper=41 * DAY, action="investigate", decision=""),
        ),
        outlook=Outlook(
            problem="disk_exhaustion",
            target="/srv",
            now=UNTIL,
            times=tuple(UNTIL - 7 * DAY + part * HOUR for part in range(169)),
            past=past,
            ahead=ahead,
            lower=tuple(0.89 + rise for rise in (-0.002, 0.004, 0.01, 0.06, 0.11)),
            median=tuple(0.89 + rise for rise in (0, 0.016, 0.031, 0.107, 0.2)),
            upper=tuple(0.89 + rise for rise in (0.002, 0.024, 0.05, 0.16, 0.31)),
        ),
        measures={
            "host:homeostat_incidents_proactive:ratio30d": 0.84,
            "host:homeostat_actions_succeeded:ratio30d": 0.861,
            "host:homeostat_decisions_manual:ratio30d": 0.08,
            "host:homeostat_actions_unnecessary:ratio30d": 0.0,
            "host:homeostat_resolution_seconds:mean30d": 41 * MINUTE,
        },
        decided={"disk-cleanup": Decided(mean=0.947, change=0.012), "service-restart": Decided(mean=0.82, change=None)},
        scores={"health": 92.0, "autonomy": 78.0},
        penalties={"backup_stale": 8.0},
        proven_backups=("nightly",),
    )


def past() -> Past:
    """Return what Prometheus remembers of two weeks."""
    times = tuple(UNTIL - 14 * DAY + part * 6 * STEP for part in range(57))
    restart = tuple(0.74 + 0.1 * part / 56 for part in range(57))
    cleanup = tuple(0.93 + 0.02 * math.sin(part / 5) for part in range(57))
    health = tuple(100.0 if part < 40 else 92.0 for part in range(57))
    return Past(
        step=STEP,
        confidence=(
            Trend(name="service-restart", mean=0.81, before=0.76, times=times, values=restart),
            Trend(name="disk-cleanup", mean=0.94, before=0.93, times=times[20:], values=cleanup[20:]),
        ),
        scores=(Trend(name="health", mean=95.4, before=100.0, times=times, values=health),),
        foreseen=(
            Foreseen(problem="disk_exhaustion", target="/srv", resource="filesystem", asserted=((UNTIL - 4 * DAY, UNTIL - 2.5 * DAY), (UNTIL - DAY, UNTIL))),
            Foreseen(problem="inode_exhaustion", target="/var", resource="inodes", asserted=((UNTIL - 6 * DAY, UNTIL - 5 * DAY),), at_limit=((UNTIL - 5 * DAY, UNTIL - 5 * DAY),)),
            Foreseen(problem="memory_exhaustion", target="nas", resource="memory", at_limit=((UNTIL - 3 * DAY, UNTIL - 3 * DAY + STEP),)),
        ),
    )


def report() -> Report:
    """Return the week's report."""
    asked = Asked(host="nas", period="7d", since=SINCE, until=UNTIL, location="UTC", console="https://homeostat.example.org")
    accuracy = {
        "24h": Accuracy(scored=3410, brier=0.021, expected=0.034, crossed=0.031, coverage=0.91, time_error=0.22, pending=190),
        "7d": Accuracy(scored=1205, brier=0.058, expected=0.09, crossed=0.08, coverage=0.89, time_error=0.35, pending=310),
    }
    return judged(Report(asked=asked, made_at=UNTIL + MINUTE, record=record(), now=now(), past=past(), accuracy=accuracy), ("nightly", "photos"))


def main() -> None:
    """Write the sample where the documentation shows it."""
    PLACE.mkdir(exist_ok=True)
    document = tell(report())
    PLACE.joinpath("2026-11-23-weekly.md").write_text(markdown(document), encoding="utf-8")
    PLACE.joinpath("2026-11-23-weekly.html").write_text(page(document), encoding="utf-8")


if __name__ == "__main__":
    main()
