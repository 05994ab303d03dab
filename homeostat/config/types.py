"""What `homeostat.yml` may say, with its defaults: the one truth that check-config, both daemons and the CLI read."""

from __future__ import annotations

import pathlib
import socket
from typing import Annotated

import msgspec

from homeostat.config.autonomy import Autonomy
from homeostat.config.backups import Backup, placed
from homeostat.config.catalogue import CleanupRule, Filesystem, Group, Service, related
from homeostat.config.health import Health
from homeostat.config.limits import Limits
from homeostat.config.notifications import Notifications
from homeostat.config.observers import Observers
from homeostat.config.questions import Question
from homeostat.config.section import DAY, HOUR, MINUTE, Positive, Ratio, Section, address, exact_path, lasting
from homeostat.config.targets import Targets, Traffic
from homeostat.config.units import Duration, Size
from homeostat.time_intervals import TimeInterval


class Prometheus(Section, frozen=True, kw_only=True):
    """Where the series are read."""

    url: str = "http://127.0.0.1:9090"
    """Prometheus' address, or that of Thanos, Mimir or VictoriaMetrics, which answer the same API."""
    timeout: Duration = Duration(10)
    """How long one answer is waited for."""
    evaluation_interval: Duration = Duration(MINUTE)
    """How often Prometheus evaluates the rules, as in its own configuration: what it has not confirmed for two of these is no longer believed."""
    bearer_token_file: str | None = None
    """The file that holds the token sent along, as in /etc/homeostat/prometheus.token; without one none is sent."""

    def __post_init__(self) -> None:
        """Refuse what is no address, to wait for nothing, and rules that are never evaluated."""
        address("url", self.url)
        lasting("timeout", self.timeout)
        lasting("evaluation_interval", self.evaluation_interval)


class Alertmanager(Section, frozen=True, kw_only=True):
    """Where decisions come from, silences live and announcements go."""

    url: str = "http://127.0.0.1:9093"
    """Alertmanager's address."""
    timeout: Duration = Duration(5)
    """How long one answer is waited for."""
    bearer_token_file: str | None = None
    """The file that holds the token sent along; without one none is sent."""
    config_file: str | None = None
    """Where Alertmanager's own configuration lies: what `homeostat generate alertmanager` merges into."""
    time_intervals: tuple[str, ...] = ()
    """Names of `time_intervals` in that file that are maintenance windows, as if they stood in `windows`."""

    def __post_init__(self) -> None:
        """Refuse what is no address, to wait for nothing, a file that lies nowhere, and names without a file."""
        address("url", self.url)
        lasting("timeout", self.timeout)
        if self.config_file is not None:
            exact_path("config_file", self.config_file)
        elif self.time_intervals:
            raise ValueError("time_intervals needs config_file, in which Alertmanager has them")


class Links(Section, frozen=True, kw_only=True):
    """Base addresses that alerts link to."""

    console: str = "http://127.0.0.1:9922"
    """The actor's pages, as a person's browser reaches them."""
    dashboard: str = "http://127.0.0.1:3000/d/homeostat-autonomous-operations"
    """Grafana's dashboard "Autonomous Operations"."""
    runbooks: str = "http://127.0.0.1:9922/runbooks"
    """Where the runbook pages lie; the actor serves them itself."""

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        for name in self.__struct_fields__:
            address(name, getattr(self, name))


class Assertion(Section, frozen=True, kw_only=True):
    """When a problem is asserted (SPEC 3.4)."""

    probability: Ratio = 0.5
    """How likely the limit has to be crossed within the target's action_horizon, 0 to 1."""
    usage_floor: Ratio = 0.7
    """How far towards the limit it has to be by now (1 is at the limit), unless the limit may be crossed within the horizon at the 95 % bound."""
    cycles: Positive = 2
    """For how many of the exporter's cycles all of that has to last."""
    critical: Duration = Duration(24 * HOUR)
    """A problem whose limit is nearer than this is critical."""
    warning: Duration = Duration(7 * DAY)
    """One whose limit is nearer than this is a warning; the rest is info."""


class Exporter(Section, frozen=True, kw_only=True):
    """The exporter's address for the CLI, its cycle, window, horizons and targets (SPEC 3)."""

    url: str = "http://127.0.0.1:9921"
    """The exporter's address, as the CLI and the console reach it."""
    forecast: bool = True
    """Whether anything is forecast here; false where another exporter does that and this one only looks at its own host."""
    cycle: Duration = Duration(MINUTE)
    """How often everything is forecast anew."""
    scrape_interval: Duration = Duration(15)
    """How often Prometheus scrapes, as in its own configuration: a sample older than two of these is stale."""
    window: Duration = Duration(7 * DAY)
    """How much of the past is read, as in 7d or 30d."""
    step: Duration = Duration(5 * MINUTE)
    """How far apart the samples are that are read."""
    minimum_samples: Positive = 20
    """How many samples a series needs to be forecast at all."""
    most_series: Positive = 20_000
    """How many series one query may yield: one that yields more is refused, so that memory stays bounded."""
    horizons: tuple[Duration, ...] = tuple(Duration(seconds) for seconds in (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY))
    """For which times ahead the probability of crossing the limit is published."""
    hosts: dict[str, str] = {}
    """Names for hosts whose `instance` does not say them: instance, with or without its port, to name."""
    targets: Targets = Targets()
    """What is watched; docs/targets.md explains each."""
    observers: Observers = Observers()
    """What is seen of the host that the exporter runs on; docs/observers.md explains each."""
    traffic: tuple[Traffic, ...] = ()
    """How busy services are, by a query of each: for their quiet hours."""
    assertion: Assertion = Assertion()
    """When a forecast is a problem."""
    health: Health = Health()
    """How many points of 100 each thing that is wrong takes from a host's health score."""
    state_directory: str | None = "/var/lib/homeostat-exporter"
    """Where forecasts are kept until it is known how they came out; null for not at all, and then they are not scored."""

    def __post_init__(self) -> None:
        """Refuse what is no address, times that no cycle can be made of, and a state that lies nowhere."""
        address("url", self.url)
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
    """What makes an action undoable: how long it is kept, and how much room it may take."""

    retention: Duration = Duration(7 * DAY)
    """How long a snapshot, a copy or what was moved aside is kept, and with it the undo."""
    keep_free: Ratio = 0.10
    """The share of a file system (or thin pool) that these must leave free, 0 to 1; where less is free the oldest go first."""
    preimage_most: Size = Size(256 * 1024**2)
    """The most that is copied before one action; what would be larger cannot be protected by a copy."""
    deployment_good_after: Duration = Duration(10 * MINUTE)
    """How long a service must have run as declared, and be healthy, before that is kept as a good deployment of it."""
    deployments_kept: int = 3
    """How many good deployments of each service are kept, what runs among them."""
    deployment_retention: Duration = Duration(30 * DAY)
    """How long a good deployment is kept after it was seen last; the last one of a service always is."""

    def __post_init__(self) -> None:
        """Refuse to keep nothing."""
        lasting("retention", self.retention)
        if self.deployments_kept < 1:
            raise ValueError(f"deployments_kept {self.deployments_kept} would keep nothing to roll back to; write 1 or more")


class Security(Section, frozen=True, kw_only=True):
    """Credentials, one a file; of each kind two may be valid during a rotation, and the CLI sends the operator's first."""

    intake_token_files: tuple[str, ...] = ()
    """What Alertmanager sends with its webhook."""
    operator_token_files: tuple[str, ...] = ()
    """What a person's commands and the console need: approve, veto, undo, reload."""
    metrics_token_files: tuple[str, ...] = ()
    """What Prometheus sends to read /metrics; without one anybody who reaches it may read it."""

    def __post_init__(self) -> None:
        """Refuse more tokens than a rotation needs: who forgets one lets its holder in for ever."""
        for name in self.__struct_fields__:
            if len(getattr(self, name)) > 2:
                raise ValueError(f"{name} names {len(getattr(self, name))} files; a rotation needs two, the new one first, then the old")


class Retention(Section, frozen=True, kw_only=True):
    """How long the journal keeps what is over."""

    deliveries: Duration = Duration(30 * DAY)
    """How long what Alertmanager delivered is kept, with its alerts."""
    incidents: Duration = Duration(400 * DAY)
    """How long incidents are kept, with their whole story."""

    def __post_init__(self) -> None:
        """Refuse to keep nothing, and alerts whose incident is gone."""
        lasting("deliveries", self.deliveries)
        if self.incidents < self.deliveries:
            raise ValueError(f"incidents {self.incidents} must be kept at least as long as deliveries {self.deliveries}, which tell of them")


class Reports(Section, frozen=True, kw_only=True):
    """Where the daily and the weekly report are written, as Markdown, HTML and JSON."""

    directory: str | None = None
    """The folder, as in /srv/reports; null for `reports` in the state directory. The actor's user must be able to write there."""
    keep: Annotated[int, msgspec.Meta(ge=0)] = 60
    """How many of each kind are kept, the newest; 0 writes none."""

    def __post_init__(self) -> None:
        """Refuse a folder that lies nowhere."""
        if self.directory is not None:
            exact_path("directory", self.directory)


class Actor(Section, frozen=True, kw_only=True):
    """The actor's own place and pace."""

    url: str | None = None
    """Where Alertmanager, Prometheus and the CLI reach the actor, when `links.console` is a way for people only, as through a proxy with a login of its own."""
    state_directory: str = "/var/lib/homeostat"
    """Where the journal lies; the actor's user owns it."""
    executor_directory: str | None = None
    """Where `homeostat-executor`, which does root's deeds, keeps what only root may change, as in /var/lib/homeostat-executor; null where the actor acts itself."""
    playbook_directory: str | None = None
    """A folder of your own playbooks, *.yml, beside those that come along."""
    reconcile: Duration = Duration(MINUTE)
    """How often Alertmanager is asked for what a webhook never told."""
    ballast: Size = Size(8 * 1024**2)
    """Room on the disk that is given up when it is full, so that the journal can still be written."""
    retention: Retention = Retention()
    """How long what is over is kept."""
    reports: Reports = Reports()
    """Where the daily and the weekly report are written."""

    def __post_init__(self) -> None:
        """Refuse to reconcile without a pause, and a state that lies nowhere."""
        if self.url is not None:
            address("url", self.url)
        lasting("reconcile", self.reconcile)
        exact_path("state_directory", self.state_directory)
        if self.executor_directory is not None:
            exact_path("executor_directory", self.executor_directory)
            if pathlib.PurePosixPath(self.executor_directory).is_relative_to(self.state_directory):
                raise ValueError("executor_directory must not lie below state_directory, whose owner could change it")

    @property
    def reports_directory(self) -> str:
        """Where reports are written."""
        return self.reports.directory or f"{self.state_directory}/reports"

    @property
    def root_directory(self) -> str:
        """Where lies what only root may change: the stop, and what an undo needs."""
        return self.executor_directory or self.state_directory

    @property
    def stop_directories(self) -> tuple[str, ...]:
        """Where a stop may lie: root's own, which root alone lifts, and the actor's, which its console pulls and lifts."""
        return tuple(dict.fromkeys((self.root_directory, self.state_directory)))


MOST_NAME_BYTES = 100


class Config(Section, frozen=True, kw_only=True):
    """The whole of `homeostat.yml`."""

    host: str = msgspec.field(default_factory=socket.gethostname)
    """This host's name, as in the `instance` label without its port; without one, what the system says."""
    prometheus: Prometheus = Prometheus()
    """Where the series are read."""
    alertmanager: Alertmanager = Alertmanager()
    """Where decisions come from, silences live and announcements go."""
    links: Links = Links()
    """Addresses that alerts and messages link to."""
    notifications: Notifications = Notifications()
    """Who hears of what."""
    exporter: Exporter = Exporter()
    """What is watched, and how it is forecast."""
    autonomy: Autonomy = Autonomy()
    """How much may be done without asking."""
    windows: tuple[TimeInterval, ...] = ()
    """When actions may run: Alertmanager's own `time_intervals`; none at all means at any time."""
    services: dict[str, Service] = {}
    """The services that may be acted on, each by its name: the word that alerts and metrics use for it."""
    groups: dict[str, Group] = {}
    """Services that share one job, by the group's name."""
    filesystems: dict[str, Filesystem] = {}
    """The file systems that may be cleaned, each by its mount point, or by a name with the path given."""
    cleanup: dict[str, CleanupRule] = {}
    """Which files a cleanup may delete, each rule by a name of yours."""
    backups: dict[str, Backup] = {}
    """Folders of snapshots, each by a name of yours: they are watched, and rotated where they may be."""
    limits: Limits = Limits()
    """How much may happen, how often and where, whatever the confidence."""
    protections: Protections = Protections()
    """What makes an action undoable."""
    security: Security = Security()
    """Credentials, one a file, readable by nobody else; of each kind two may be valid during a rotation, the new one first."""
    actor: Actor = Actor()
    """The actor's own place and pace."""
    questions: dict[str, Question] = {}
    """Questions of your own for `homeostat ask`, each kind by a name of yours, beside those that come along; docs/ask.md says how they are written."""

    @property
    def names(self) -> set[str]:
        """Every target that is named here: what may be looked into."""
        targets = self.exporter.targets
        return {*self.services, *self.filesystems, *targets.latency.services, *targets.certificates.names, *self.backups, self.host}

    @property
    def actor_url(self) -> str:
        """Where programs reach this host's actor."""
        return self.actor.url or self.links.console

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
        placed(self.backups, self.filesystems)
        here = [member for group in self.groups.values() for member in group.elsewhere if member.startswith(f"{self.host}/")]
        if here:
            raise ValueError(f"groups: elsewhere {here[0]!r} is on this host; name the group in services instead")
