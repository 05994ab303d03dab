"""Two hosts' past hours, made up so that what queries reckon can be told by hand: a disk that is cleaned, a leak, a refusal, a pause."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A multiple of two hours, so that the past three hours are few blocks.
END = 1_767_268_800
START = END - 3 * 3600
STEP_SECONDS = 30
CLEANED, RESTARTED, ASSERTED, PAUSED = END - 3600, END - 1800, START + 3600, END - 5400

# A value at a moment; None where the series does not exist then.
Course = float | Callable[[float], float | None]

DISK = 'problem="disk_exhaustion",host="atlas",target="/srv",resource="filesystem"'
ROOT = 'problem="disk_exhaustion",host="vega",target="/",resource="filesystem"'
LEAK = 'problem="memory_leak",host="atlas",target="jellyfin",resource="service"'
EXPORTER = 'job="homeostat-exporter",instance="127.0.0.1:9921"'
ACTORS = {host: f'job="homeostat-actor",instance="{host}:9922",host="{host}"' for host in ("atlas", "vega")}


def openmetrics() -> str:
    """Write every sample of every series, as `promtool tsdb create-blocks-from openmetrics` reads them."""
    lines = []
    for series, course in _everything():
        at = course if callable(course) else lambda _, value=course: value
        moments = ((moment, at(moment)) for moment in range(START, END + 1, STEP_SECONDS))
        lines += [f"{series} {_number(value)} {moment}" for moment, value in moments if value is not None]
    return "\n".join([*lines, "# EOF", ""])


def _number(value: float) -> str:
    return "+Inf" if math.isinf(value) else repr(float(value))


def _from(moment: float, value: float = 1) -> Course:
    """Be born with `value` already in it, as the actor's totals are."""
    return lambda now: value if now >= moment else None


def _during(start: float, end: float, value: float = 1) -> Course:
    return lambda now: value if start <= now < end else None


def _everything() -> Iterator[tuple[str, Course]]:
    yield from _usage()
    yield from _forecasts()
    yield from _exporter_itself()
    yield from _rules()
    for host, labels in ACTORS.items():
        yield from _actor(host, labels)
    yield from _deeds()


def _disk_usage(now: float) -> float:
    return 0.6 + 0.1 * (now - START) / 3600 if now < CLEANED else 0.55


def _leak_usage(now: float) -> float:
    return 0.4 + 0.15 * (now - START) / 3600 if now < RESTARTED else 0.3


def _seconds_left(usage: Callable[[float], float], factor: float) -> Course:
    return lambda now: factor * (1 - usage(now)) * 86400


def _fan(rise: float) -> Course:
    return lambda now: _disk_usage(now) + rise / 20 if ASSERTED <= now < CLEANED else None


def _usage() -> Iterator[tuple[str, Course]]:
    for labels, course in ((DISK, _disk_usage), (ROOT, 0.3), (LEAK, _leak_usage)):
        yield f"homeostat_usage_ratio{{{EXPORTER},{labels}}}", course


def _forecasts() -> Iterator[tuple[str, Course]]:
    for bound, factor in (("lower", 0.8), ("median", 1.0), ("upper", 1.3)):
        name = f"homeostat_time_to_limit_seconds{{{EXPORTER},"
        yield f'{name}{ROOT},bound="{bound}"}}', math.inf
        yield f'{name}{DISK},bound="{bound}"}}', _seconds_left(_disk_usage, factor)
        yield f'{name}{LEAK},bound="{bound}"}}', _seconds_left(_leak_usage, factor)
        for ahead, days in (("0s", 0), ("1h", 1), ("7d", 7)):
            yield (
                f'homeostat_forecast_usage_ratio{{{EXPORTER},{DISK},bound="{bound}",ahead="{ahead}"}}',
                _fan(factor * days),
            )


def _exporter_itself() -> Iterator[tuple[str, Course]]:
    for host in ACTORS:
        yield f'homeostat_exporter_last_success_timestamp_seconds{{{EXPORTER},host="{host}"}}', lambda now: now - 20


def _rules() -> Iterator[tuple[str, Course]]:
    stories = (
        (DISK, "disk-cleanup", "auto-execute", "AutoExecute", 0.957, CLEANED),
        (LEAK, "service-restart", "propose", "Propose", 0.74, END + 1),
    )
    for labels, action, decision, alert, confidence, over in stories:
        done = f'{labels},action="{action}",risk="low"'
        sure, existence = _during(ASSERTED, over, confidence), _during(ASSERTED, over)
        yield f"target:homeostat_prediction:ratio{{{labels}}}", sure
        yield f'target_action:homeostat_decision:ratio{{{done},decision="{decision}"}}', sure
        firing = 'alertstate="firing",severity="warning"'
        yield f'ALERTS{{alertname="Homeostat{alert}",{firing},{done},decision="{decision}"}}', existence
        yield f'ALERTS{{alertname="HomeostatProblem",{firing},{labels}}}', existence
    yield (
        'ALERTS{alertname="HomeostatActionFailed",alertstate="firing",severity="warning",host="atlas"}',
        _during(PAUSED, CLEANED),
    )


def _silenced(now: float) -> float:
    return float(PAUSED <= now < CLEANED)


def _actor(host: str, labels: str) -> Iterator[tuple[str, Course]]:
    for cause in ("silence", "breaker", "stop"):
        yield f'homeostat_paused{{{labels},by="{cause}"}}', _silenced if cause == "silence" else 0
    film = 'by="silence",scope="target jellyfin",author="ada",reason="a film"'
    yield f"homeostat_pause_until_timestamp_seconds{{{labels},{film}}}", _from(PAUSED, END + 3600)
    if host == "atlas":
        yield f'homeostat_links_info{{{labels},console="http://{host}:9922"}}', 1


def _deeds() -> Iterator[tuple[str, Course]]:
    """Three cleanups before the history begins, one and one failed restart within it; one refusal."""
    labels = ACTORS["atlas"]
    cleanup, restart = (
        f'{labels},action="{name}",target="{target}"'
        for name, target in (("disk-cleanup", "/srv"), ("service-restart", "jellyfin"))
    )
    yield (
        f'homeostat_actions_total{{{cleanup},decision="auto-execute",outcome="succeeded"}}',
        lambda now: 3.0 + (now >= CLEANED),
    )
    yield f'homeostat_actions_total{{{restart},decision="notify-execute",outcome="failed"}}', _from(RESTARTED)
    yield f'homeostat_actions_total{{{restart},decision="propose",outcome="refused"}}', _from(PAUSED, 2)
