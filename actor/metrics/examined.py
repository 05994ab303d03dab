"""What the doctor and the selftests found of the whole chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import selftests
from actor.metrics.families import gauge, gauges
from homeostat.doctor.examination import counted
from homeostat.hops import HOP_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from actor.service import Service
    from actor.world import World


def examined(service: Service) -> Iterator[Metric]:
    """Yield what the doctor found, once it has looked, and how the last selftest ended."""
    found, host = service.examined, service.world.config.host
    if found is not None:
        results = [((host, result), number) for result, number in counted(found.checks).items()]
        yield gauges("homeostat_doctor_checks", "Checks of the doctor, by their result.", ("host", "result"), results)
        failed = [((host, checked.name), float(checked.result == "failed")) for checked in found.checks]
        yield gauges("homeostat_doctor_check_failed", "Whether a check of the doctor failed.", ("host", "check"), failed)
        yield gauge(service.world, "homeostat_doctor_last_run_timestamp_seconds", "When the doctor last looked at every link of the chain.", found.at)
    yield from _selftests(service.world)


def _selftests(world: World) -> Iterator[Metric]:
    """Yield when the chain was last known to work, where the last selftest failed, and how long each of its hops took."""
    host, last, proof = world.config.host, selftests.last(world.journal), selftests.last_proof(world.journal)
    yield gauge(world, "homeostat_selftest_last_success_timestamp_seconds", "When a selftest last came through; 0 is never.", proof)
    ran = last.ended_at if last is not None else 0.0
    yield gauge(world, "homeostat_selftest_last_run_timestamp_seconds", "When the last selftest ended, however it did; 0 is never.", ran)
    failed_at = selftests.last_failed_at(world.journal)
    failed = [((host, hop), float(failed_at == hop)) for hop in HOP_NAMES]
    yield gauges("homeostat_selftest_failed", "Whether the last selftest that was not muted failed at this hop.", ("host", "hop"), failed)
    took = [((host, step.hop), step.seconds) for step in (last.steps if last is not None else ())]
    yield gauges("homeostat_selftest_duration_seconds", "How long each hop of the last selftest took.", ("host", "hop"), took)
