"""What the demo never shows, made up on top of what it recorded: what takes weeks, what it does not watch, and a second host that is in trouble."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tests.grafana.recording import Recording, recording

Value = float | Callable[[float], float | None]

# The demo's own host, and one that is not in it.
_HERE, _THERE = 'host="sandbox"', 'host="attic"'
_ACTOR = 'job="homeostat-actor",instance="attic"'


def with_additions() -> Recording:
    """Return the recording with what it lacks; nothing that was recorded is replaced.

    Raises:
        ValueError: an added series was recorded after all.

    """
    recorded = recording()
    added = {series: _course(recorded, value) for series, value in {**_of_weeks(), **_not_watched(), **_in_trouble()}.items()}
    known = sorted(recorded.series.keys() & added.keys())
    if known:
        raise ValueError(f"the demo shows it now, so it need not be made up: {', '.join(known)}")
    return dataclasses.replace(recorded, series={**recorded.series, **added})


def _course(recorded: Recording, value: Value) -> list[float | None]:
    """Give a value for each step: a number, or what it is when a share of the time has passed."""
    count = max(map(len, recorded.series.values()))
    return [value(number / count) if callable(value) else value for number in range(count)]


def _of_weeks() -> dict[str, Value]:
    """Return what is pruned after days, and a comparison with the week before."""
    return {
        f'host_action:homeostat_confidence:delta7d{{action="disk-cleanup",{_HERE}}}': 0.03,
        f'host_action:homeostat_confidence:delta7d{{action="service-restart",{_HERE}}}': -0.05,
        f'homeostat_journal_pruned_total{{{_HERE},kind="deliveries"}}': 120,
        f'homeostat_protections_pruned_total{{{_HERE},protection="snapshot",reason="age"}}': 2,
    }


def _not_watched() -> dict[str, Value]:
    """Return what the sandbox has no observer for: services' states, and logs."""
    return {
        f"host:homeostat_unplanned_downtime_seconds:increase30d{{{_HERE}}}": 300,
        f'host_target:homeostat_unplanned_downtime_seconds:increase30d{{{_HERE},target="leaky"}}': 300,
        f"homeostat_log_lines_total{{{_HERE}}}": lambda passed: 5000 * passed,
        f"homeostat_log_lines_unread_total{{{_HERE}}}": 0,
    }


def _in_trouble() -> dict[str, Value]:
    """Return a host where a deed strands, which opens its breaker for a while, and whose last selftest failed."""
    of = f"{_ACTOR},{_THERE}"
    return {
        f'homeostat_actions_total{{{of},action="service-restart",decision="auto-execute",outcome="stranded",target="jellyfin"}}': lambda passed: 1 if passed > 0.5 else None,
        f'homeostat_breaker_open{{{of},scope="service-restart/jellyfin"}}': lambda passed: float(0.5 < passed < 0.65),
        f'homeostat_paused{{{of},by="breaker"}}': 0,
        f'homeostat_selftest_failed{{{of},hop="delivery"}}': 1,
        f'homeostat_links_info{{{of},console="http://attic:9922",runbooks="http://attic:9922/runbooks"}}': 1,
    }
