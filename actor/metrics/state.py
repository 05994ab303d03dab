"""How the actor stands: whether it is ready and can write, what is on its way, what ran last, and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import incidents, ledger
from actor.metrics.families import gauge, gauges
from homeostat import __version__
from homeostat.words import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from actor.world import World


def state(world: World) -> Iterator[Metric]:
    """Yield what is so at this moment."""
    host, journal, links = world.config.host, world.journal, world.config.links
    yield gauge(world, "homeostat_actor_ready", "1 once complete data is served.", float(world.ready.is_set()))
    yield gauge(world, "homeostat_journal_size_bytes", "What the journal takes on disk, with its write-ahead log.", journal.size_bytes())
    yield gauge(world, "homeostat_journal_writable", "Whether the last commit reached the disk.", float(journal.writable))
    yield from _incidents(world)
    last = [((of_host, action, target, resource), at) for action, of_host, target, resource, at in ledger.last_actions(journal)]
    yield gauges("homeostat_action_last_timestamp_seconds", "When an action last ran at a target.", ("host", "action", "target", "resource"), last)
    addresses = [((host, links.console, links.dashboard, links.runbooks), 1)]
    yield gauges("homeostat_links_info", "Where alerts link to.", ("host", "console", "dashboard", "runbooks"), addresses)
    yield gauges("homeostat_actor_build_info", "The version that runs.", ("host", "version"), [((host, __version__), 1)])


def _incidents(world: World) -> Iterator[Metric]:
    """Yield how many are in each state, and until when each proposal waits for a person."""
    rows = world.journal.rows("SELECT state, count(*) AS n FROM incidents WHERE state IS NOT NULL GROUP BY state")
    counted = {row["state"]: row["n"] for row in rows}
    states = [((world.config.host, name), counted.get(name, 0)) for name in STATES]
    yield gauges("homeostat_incidents", "Incidents on their way, by state.", ("host", "state"), states)
    labels = ("host", "problem", "target", "resource", "action")
    waiting = [((*incident.key, incident.action), expires_at) for incident, expires_at in incidents.waiting_proposals(world.journal)]
    yield gauges("homeostat_proposal_expires_timestamp_seconds", "When a waiting proposal expires.", labels, waiting)
