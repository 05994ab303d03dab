"""What the actor tells Prometheus, read from the journal at scrape time: the rules' terms, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, Metric

from actor.journal import intake
from actor.metrics.autonomy import autonomy
from actor.metrics.brakes import brakes
from actor.metrics.counted import all_counted
from actor.metrics.examined import examined
from actor.metrics.families import gauge, gauges
from actor.metrics.record import record
from actor.metrics.state import state
from actor.metrics.terms import terms
from homeostat.process_metrics import process_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actor.loop import Loop
    from actor.service import Service


class Collector:
    """Reads everything afresh at each scrape; it has `describe` so that registering asks for nothing."""

    def __init__(self, service: Service, loop: Loop) -> None:
        """Read from `service`'s world and from `loop`."""
        self._service = service
        self._loop = loop
        self.reloaded: tuple[bool, float] = (True, 0.0)

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        world = self._service.world
        yield from terms(world)
        yield from autonomy(world)
        yield from brakes(world)
        yield from state(world)
        yield from record(world)
        yield from all_counted(world)
        yield from examined(self._service)
        yield from self._self()
        yield from process_metrics("actor", world.config.host)

    def _self(self) -> Iterator[Metric]:
        world = self._service.world
        yield gauge(world, "homeostat_actor_last_loop_timestamp_seconds", "When the loop last came round.", self._loop.last_turn)
        yield gauge(world, "homeostat_alerts_pending", "Alerts stored and not yet decided.", intake.pending(world.journal))
        codes = CounterMetricFamily("homeostat_webhook_requests_total", "Answers of the webhook, by status code.", labels=["host", "code"])
        for code, count in sorted(self._service.requests.read().items()):
            codes.add_metric([world.config.host, str(code)], count)
        yield codes
        refused = CounterMetricFamily("homeostat_webhook_unauthenticated_total", "Deliveries without a valid credential.", labels=["host"])
        refused.add_metric([world.config.host], self._service.requests.read()[401])
        yield refused
        strangers = CounterMetricFamily("homeostat_api_unauthenticated_total", "Requests to the API and logins at the console without the operator's credential.", labels=["host"])
        strangers.add_metric([world.config.host], self._service.api_requests.read()[401])
        yield strangers
        host, (succeeded, at) = world.config.host, self.reloaded
        yield gauges("homeostat_config_last_reload_successful", "Whether the last reload was taken over.", ("host", "daemon"), [((host, "actor"), float(succeeded))])
        yield gauges("homeostat_config_last_reload_success_timestamp_seconds", "When a configuration was last taken over.", ("host", "daemon"), [((host, "actor"), at)])
