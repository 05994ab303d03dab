"""What `exporter.observers` may say: one section for each host observer of SPEC 3.5, with its defaults."""

from __future__ import annotations

import re

from homeostat.config.log_patterns import LogPattern
from homeostat.config.section import DAY, HOUR, MINUTE, Positive, Ratio, Section, lasting
from homeostat.config.units import Duration

WORD = re.compile(r"[a-z][a-z0-9-]{0,39}")


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

    loop_restarts: Positive = 3
    """How many restarts by its manager within loop_within are a service that does not stay up."""
    loop_within: Duration = Duration(10 * MINUTE)
    """Within which time restarts are counted."""

    def __post_init__(self) -> None:
        """Refuse to look, or to count, over no time."""
        super().__post_init__()
        lasting("loop_within", self.loop_within)


class DriftObserver(Observer, frozen=True, kw_only=True):
    """Whether each service of the catalogue runs as its file says."""

    every: Duration = Duration(2 * MINUTE)


class DeploymentsObserver(Observer, frozen=True, kw_only=True):
    """When each service's unit or image last changed."""

    every: Duration = Duration(5 * MINUTE)


class BackupsObserver(Observer, frozen=True, kw_only=True):
    """Snapshots and backups: age, count, coverage, restore test, space."""

    every: Duration = Duration(10 * MINUTE)


class BackupIntegrityObserver(Observer, frozen=True, kw_only=True):
    """Whether what was backed up can be read, by a program of yours for each backup: hours of work, so seldom."""

    every: Duration = Duration(DAY)


class LogsObserver(Observer, frozen=True, kw_only=True):
    """Error patterns in the journal: how many of each at each component, against what is usual there."""

    patterns: dict[str, LogPattern] = {}
    """Patterns of your own beside the built-in ones, each by its name; one of the same name takes the built-in's place."""
    risk: Ratio = 0.90
    """From which risk (0 to 1) errors are a problem: how far the last hour is from its own week."""
    enough: Positive = 10
    """How many of one pattern at one component in an hour are an error burst, where the pattern does not say so itself."""
    learns: Duration = Duration(HOUR)
    """How long errors are only counted at first: before that nobody knows what is usual."""
    most_lines: Positive = 5000
    """How many lines one look reads at most; what is behind is read at the next."""

    def __post_init__(self) -> None:
        """Refuse to look without a pause, and a pattern whose name is no word."""
        super().__post_init__()
        odd = next((name for name in self.patterns if not WORD.fullmatch(name)), None)
        if odd is not None:
            raise ValueError(f"patterns: {odd!r} must be a word of small letters, digits and hyphens, as in lost-contact")


class PressureObserver(Observer, frozen=True, kw_only=True):
    """How long work waits for processor, memory and disk (PSI), and how much memory is available."""

    every: Duration = Duration(15)
    memory_stalled: Ratio = 0.10
    """The share of a minute in which all work may wait for memory, 0 to 1; more is a problem."""
    memory_available: Ratio = 0.05
    """The share of the memory that has to be available, 0 to 1; less is a problem."""


class Observers(Section, frozen=True, kw_only=True):
    """Looks at the host that the exporter runs on."""

    services: ServicesObserver = ServicesObserver()
    """State, restarts, memory and health of the catalogue's services, and failed units."""
    drift: DriftObserver = DriftObserver()
    """Whether each service of the catalogue runs as its file says."""
    deployments: DeploymentsObserver = DeploymentsObserver()
    """When each service's unit or image last changed."""
    backups: BackupsObserver = BackupsObserver()
    """Snapshots and backups: age, count, coverage, restore test, space."""
    backup_integrity: BackupIntegrityObserver = BackupIntegrityObserver()
    """Whether what was backed up can be read, by the program that a backup names."""
    logs: LogsObserver = LogsObserver()
    """Error patterns in the journal."""
    pressure: PressureObserver = PressureObserver()
    """How long work waits for processor, memory and disk, and how much memory is available."""
