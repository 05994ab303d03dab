"""What `homeostat.yml` may say, with its defaults: the one truth that check-config, both daemons and the CLI read."""

from __future__ import annotations

import pathlib
import socket

import msgspec

from homeostat.config.autonomy import Autonomy
from homeostat.config.catalogue import CleanupRule, Filesystem, Group, Service, related
from homeostat.config.limits import Limits
from homeostat.config.notifications import Notifications
from homeostat.config.section import DAY, HOUR, MINUTE, Positive, Ratio, Section, exact_path, lasting
from homeostat.config.targets import Targets, Traffic
from homeostat.config.units import Duration, Size
from homeostat.time_intervals import TimeInterval


class Prometheus(Section, frozen=True, kw_only=True):
    """Where the series are read."""

    url: str = "http://127.0.0.1:9090"
    timeout: Duration = Duration(10)
    evaluation_interval: Duration = Duration(MINUTE)
    bearer_token_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse to wait for nothing, and rules that are never evaluated."""
        lasting("timeout", self.timeout)
        lasting("evaluation_interval", self.evaluation_interval)


class Alertmanager(Section, frozen=True, kw_only=True):
    """Where decisions come from, silences live and announcements go."""

    url: str = "http://127.0.0.1:9093"
    timeout: Duration = Duration(5)
    bearer_token_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse to wait for nothing."""
        lasting("timeout", self.timeout)


class Links(Section, frozen=True, kw_only=True):
    """Base addresses that alerts link to."""

    console: str = "http://127.0.0.1:9922"
    dashboard: str = "http://127.0.0.1:3000/d/homeostat-autonomous-operations"
    runbooks: str = "http://127.0.0.1:9922/runbooks"


class Assertion(Section, frozen=True, kw_only=True):
    """When a problem is asserted (SPEC 3.4)."""

    probability: Ratio = 0.5
    usage_floor: Ratio = 0.7
    cycles: Positive = 2
    critical: Duration = Duration(24 * HOUR)
    warning: Duration = Duration(7 * DAY)


class Exporter(Section, frozen=True, kw_only=True):
    """The exporter's address for the CLI, its cycle, window, horizons and targets (SPEC 3)."""

    url: str = "http://127.0.0.1:9921"
    cycle: Duration = Duration(MINUTE)
    scrape_interval: Duration = Duration(15)
    window: Duration = Duration(7 * DAY)
    step: Duration = Duration(5 * MINUTE)
    minimum_samples: Positive = 20
    most_series: Positive = 20_000
    horizons: tuple[Duration, ...] = tuple(Duration(seconds) for seconds in (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY))
    hosts: dict[str, str] = {}
    targets: Targets = Targets()
    traffic: tuple[Traffic, ...] = ()
    assertion: Assertion = Assertion()
    state_directory: str | None = "/var/lib/homeostat-exporter"

    def __post_init__(self) -> None:
        """Refuse times that no cycle can be made of, and a state that lies nowhere; without one, forecasts are not scored."""
        if self.state_directory is not None:
            exact_path("state_directory", self.state_directory)
        if min(self.cycle, self.scrape_interval, self.step, *self.horizons) <= 0 or not self.horizons:
            raise ValueError("cycle, scrape_interval, step and every one of at least one horizon must be more than 0s")
        self._each_once()
        unheard = [entry.alert for entry in self.targets.alert if entry.confidence < self.assertion.probability]
        if unheard:
            raise ValueError(f"alert {unheard[0]!r} would never be a problem: its confidence is below assertion.probability {self.assertion.probability}")
        if self.window < self.step * self.minimum_samples:
            raise ValueError(f"window {self.window} holds fewer than minimum_samples {self.minimum_samples} at step {self.step}")

    def _each_once(self) -> None:
        """Refuse what would be two series of one name. Raises ValueError."""
        if len(set(self.horizons)) < len(self.horizons):
            raise ValueError("every horizon stands once in horizons; 24h and 1d are the same")
        services = [(entry.host, entry.service) for entry in self.traffic]
        if len(set(services)) < len(services):
            raise ValueError("every service of a host has one entry in traffic")


class Protections(Section, frozen=True, kw_only=True):
    """How long what makes an action undoable is kept, the share of a file system that it must leave free, and how much is copied at most."""

    retention: Duration = Duration(7 * DAY)
    keep_free: Ratio = 0.10
    preimage_most: Size = Size(256 * 1024**2)

    def __post_init__(self) -> None:
        """Refuse to keep nothing."""
        lasting("retention", self.retention)


class Security(Section, frozen=True, kw_only=True):
    """Credentials, one a file; of each kind two may be valid during a rotation, and the CLI sends the operator's first.

    Without `metrics_token_files` anyone who reaches `/metrics` may read it.
    """

    intake_token_files: tuple[str, ...] = ()
    operator_token_files: tuple[str, ...] = ()
    metrics_token_files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse more tokens than a rotation needs: who forgets one lets its holder in for ever."""
        for name in self.__struct_fields__:
            if len(getattr(self, name)) > 2:
                raise ValueError(f"{name} names {len(getattr(self, name))} files; a rotation needs two, the new one first, then the old")


class Retention(Section, frozen=True, kw_only=True):
    """How long the journal keeps what is over: deliveries with their alerts, and incidents with their whole story."""

    deliveries: Duration = Duration(30 * DAY)
    incidents: Duration = Duration(400 * DAY)

    def __post_init__(self) -> None:
        """Refuse to keep nothing, and alerts whose incident is gone."""
        lasting("deliveries", self.deliveries)
        if self.incidents < self.deliveries:
            raise ValueError(f"incidents {self.incidents} must be kept at least as long as deliveries {self.deliveries}, which tell of them")


class Actor(Section, frozen=True, kw_only=True):
    """The actor's own place and pace; with an `executor_directory` root's deeds are done by `homeostat-executor`, which owns it."""

    state_directory: str = "/var/lib/homeostat"
    executor_directory: str | None = None
    playbook_directory: str | None = None
    reconcile: Duration = Duration(MINUTE)
    ballast: Size = Size(8 * 1024**2)
    retention: Retention = Retention()

    def __post_init__(self) -> None:
        """Refuse to reconcile without a pause, and a state that lies nowhere."""
        lasting("reconcile", self.reconcile)
        exact_path("state_directory", self.state_directory)
        if self.executor_directory is not None:
            exact_path("executor_directory", self.executor_directory)
            if pathlib.PurePosixPath(self.executor_directory).is_relative_to(self.state_directory):
                raise ValueError("executor_directory must not lie below state_directory, whose owner could change it")

    @property
    def root_directory(self) -> str:
        """Where lies what only root may change: the stop, and what an undo needs."""
        return self.executor_directory or self.state_directory


MOST_NAME_BYTES = 100


class Config(Section, frozen=True, kw_only=True):
    """The whole of `homeostat.yml`; `windows` are the maintenance windows, of which none means any time."""

    host: str = msgspec.field(default_factory=socket.gethostname)
    prometheus: Prometheus = Prometheus()
    alertmanager: Alertmanager = Alertmanager()
    links: Links = Links()
    notifications: Notifications = Notifications()
    exporter: Exporter = Exporter()
    autonomy: Autonomy = Autonomy()
    windows: tuple[TimeInterval, ...] = ()
    services: dict[str, Service] = {}
    groups: dict[str, Group] = {}
    filesystems: dict[str, Filesystem] = {}
    cleanup: dict[str, CleanupRule] = {}
    limits: Limits = Limits()
    protections: Protections = Protections()
    security: Security = Security()
    actor: Actor = Actor()

    def __post_init__(self) -> None:
        """Refuse a host without a name, and a file system whose place is not known: its name is its path unless it gives one."""
        if not self.host.strip():
            raise ValueError("host must be the name of this host, as in the `instance` label without its port")
        for name, filesystem in self.filesystems.items():
            if filesystem.path is None:
                exact_path("filesystems: the name", name)
        for name in self.cleanup:
            # A rule's files wait in a folder of its name.
            if not name or "/" in name or name in {".", ".."} or len(name.encode()) > MOST_NAME_BYTES:
                raise ValueError(f"cleanup: {name!r} must be a plain name of at most {MOST_NAME_BYTES} bytes, without a slash")
        related(self.services, self.groups, self.filesystems)
        here = [member for group in self.groups.values() for member in group.elsewhere if member.startswith(f"{self.host}/")]
        if here:
            raise ValueError(f"groups: elsewhere {here[0]!r} is on this host; name the group in services instead")
