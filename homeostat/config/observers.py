"""What `exporter.observers` may say: one section for each host observer of SPEC 3.5, with its defaults."""

from __future__ import annotations

from homeostat.config.section import MINUTE, Section, lasting
from homeostat.config.units import Duration


class Observer(Section, frozen=True, kw_only=True):
    """A look at this host itself."""

    enabled: bool = True
    """Whether this host is looked at so."""
    every: Duration = Duration(MINUTE)
    """How often."""

    def __post_init__(self) -> None:
        """Refuse to look without a pause."""
        lasting("every", self.every)


class ServicesObserver(Observer, frozen=True, kw_only=True):
    """State, restarts, memory and health of the catalogue's services, and units of others that failed."""


class DriftObserver(Observer, frozen=True, kw_only=True):
    """Whether each service of the catalogue runs as its file says."""


class DeploymentsObserver(Observer, frozen=True, kw_only=True):
    """When each service's unit or image last changed."""


class BackupsObserver(Observer, frozen=True, kw_only=True):
    """Snapshots and backups: age, count, coverage, integrity, space."""

    every: Duration = Duration(10 * MINUTE)


class LogsObserver(Observer, frozen=True, kw_only=True):
    """Error patterns in the journal."""


class PressureObserver(Observer, frozen=True, kw_only=True):
    """How long work waits for processor, memory and disk (PSI), and how much memory is available."""

    every: Duration = Duration(15)


class Observers(Section, frozen=True, kw_only=True):
    """Looks at the host that the exporter runs on."""

    services: ServicesObserver = ServicesObserver()
    """State, restarts, memory and health of the catalogue's services, and failed units."""
    drift: DriftObserver = DriftObserver()
    """Whether each service of the catalogue runs as its file says."""
    deployments: DeploymentsObserver = DeploymentsObserver()
    """When each service's unit or image last changed."""
    backups: BackupsObserver = BackupsObserver()
    """Snapshots and backups: age, count, coverage, integrity, space."""
    logs: LogsObserver = LogsObserver()
    """Error patterns in the journal."""
    pressure: PressureObserver = PressureObserver()
    """How long work waits for processor, memory and disk, and how much memory is available."""
