"""The running exporter: cycles in the background, the last result at hand, and a configuration that can be reloaded."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
import threading
from typing import TYPE_CHECKING

import exporter.observers
import exporter.targets
from exporter import correlating, scores
from exporter.collector import Page, State, render, served
from exporter.correlating import PROBLEM, Correlations
from exporter.cycle import Result, World, run
from exporter.door import through
from exporter.load import Loads, refresh
from exporter.model import Target
from exporter.observation import Observer
from exporter.observing import Observing
from exporter.scorekeeper import Scorekeeper
from exporter.selftest import Selftests
from homeostat.config import Config, ConfigError, load
from homeostat.config.advice import log_advice
from homeostat.credentials import CredentialError, authorized, read_token, read_tokens
from homeostat.discovery import discover
from homeostat.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.observation import Sight
    from homeostat.clock import Clock

log = logging.getLogger(__name__)

_LAST_CYCLE_SECONDS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Setup:
    """A configuration that was accepted: the world it makes, who may reload it over HTTP, who may read the metrics (anyone, without tokens), and when it was read (Unix seconds)."""

    world: World
    loopback: bool
    operator_tokens: tuple[str, ...]
    metrics_tokens: tuple[str, ...]
    read_at: float

    def remembering(self, old: Setup) -> Setup:
        """Return this setup with the scores of `old`, and the series that it has in memory if they came from the same Prometheus."""
        world = dataclasses.replace(self.world, scorekeeper=old.world.scorekeeper)
        if world.config.prometheus == old.world.config.prometheus:
            world = dataclasses.replace(world, memory=old.world.memory)
        return dataclasses.replace(self, world=world)


def set_up(config_file: pathlib.Path, clock: Clock, *, loopback: bool) -> Setup:
    """Read `config_file` and the secrets that are needed; on loopback anyone may reload, so the operator's is not.

    Raises:
        ConfigError: the file is not acceptable.
        CredentialError: a secret is not.

    """
    config = load(config_file, Config)
    bearer_file = config.prometheus.bearer_token_file
    prometheus = Prometheus(config.prometheus, read_token(bearer_file) if bearer_file else None)
    directory = config.exporter.state_directory
    scorekeeper = Scorekeeper(pathlib.Path(directory)) if directory else None
    world = World(config, prometheus, clock, discover(exporter.targets, "TARGET", Target), scorekeeper=scorekeeper)
    operator = () if loopback else read_tokens(config.security.operator_token_files)
    return Setup(world, loopback, operator, read_tokens(config.security.metrics_token_files), clock.now())


class Service:
    """Runs a cycle after the other in a thread of its own until closed, and reads the traffic in another: it may take long."""

    def __init__(self, config_file: pathlib.Path, setup: Setup) -> None:
        """Start from `setup`, which `config_file` gave."""
        self._config_file = config_file
        self._setup = setup
        self._reloaded = True
        self._page = Page(Result(), ())
        self._loads = Loads()
        self._scores = scores.Scores()
        self._correlations: Correlations = {}
        self._selftests = Selftests()
        self._observers = through(discover(exporter.observers, "OBSERVER", Observer))
        self._observing = Observing(self._observers, lambda: self._setup.world.config, setup.world.clock)
        self._closing = threading.Event()
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cycle", daemon=True)
        self._traffic = threading.Thread(target=self._follow_traffic, name="traffic", daemon=True)

    @property
    def clock(self) -> Clock:
        """The clock that the exporter lives by."""
        return self._setup.world.clock

    def state(self) -> State:
        """Return what there is to serve now."""
        setup = self._setup
        seen = self._observing.looks()
        return State(self._page, setup.world.config.host, self._reloaded, setup.read_at, self._loads, self._scores, seen, self._observers, self._correlations)

    def seen(self) -> tuple[World, Mapping[str, Sight]]:
        """Return the world in force, and what of the observers' last looks still holds."""
        now = self.clock.monotonic()
        return self._setup.world, {name: look.sight for name, look in self._observing.looks().items() if look.believed(now)}

    def unready(self) -> str | None:
        """Say why nothing can be served yet; None once a cycle has succeeded."""
        result = self._page.result
        if result.successes:
            return None
        if result.unread:
            return f"no cycle has succeeded yet; not read, see the log: {', '.join(result.unread)}"
        return f"no cycle has succeeded yet; is Prometheus at {self._setup.world.prometheus.url} up?"

    def may_reload(self, authorization: str | None) -> bool:
        """Say whether a request may reload: any on loopback, elsewhere with the operator's token."""
        return self._setup.loopback or authorized(authorization, self._setup.operator_tokens)

    def may_scrape(self, authorization: str | None) -> bool:
        """Say whether a request may read the metrics: any where no token is named, else one that bears it."""
        tokens = self._setup.metrics_tokens
        return not tokens or authorized(authorization, tokens)

    def reload(self) -> str | None:
        """Read the configuration again; on a fault keep the old one and return the fault in one line."""
        try:
            setup = set_up(self._config_file, self.clock, loopback=self._setup.loopback)
            self._stay(setup.world.config)
        except (ConfigError, CredentialError) as error:
            self._reloaded = False
            log.error("configuration not reloaded, the old one stays: %s", error)  # noqa: TRY400 - the line says it all
            return str(error)
        self._setup = setup.remembering(self._setup)
        self._reloaded = True
        log_advice(setup.world.config, self.clock.now())
        self._due.set()
        return None

    def begin_selftest(self, host: str) -> str | None:
        """Let a synthetic problem of `host` go the way of all others, beginning with a cycle now; say in words why not, where it may not.

        Raises:
            ValueError: this exporter does not watch that host.

        """
        hosts = {*self._page.result.successes, self._setup.world.config.host}
        refusal = self._selftests.begin(host, hosts, self._setup.world.config.exporter.cycle, self.clock.monotonic())
        if refusal is None:
            self._due.set()
        return refusal

    def end_selftest(self, host: str) -> None:
        """Take back the synthetic problem of `host`, if there is one."""
        self._selftests.end(host, self.clock.monotonic())
        self._due.set()

    def _stay(self, config: Config) -> None:
        """Raise ConfigError where the kept forecasts would have to move."""
        if config.exporter.state_directory != self._setup.world.config.exporter.state_directory:
            fault = "the kept forecasts are where they were; this needs a restart"
            raise ConfigError(str(self._config_file), 0, "exporter.state_directory", fault)

    def start(self) -> None:
        """Begin with the first cycle."""
        self._observing.start()
        self._thread.start()
        self._traffic.start()

    def close(self) -> None:
        """End after the cycle under way, or without it when Prometheus keeps it waiting."""
        self._closing.set()
        self._due.set()
        self._thread.join(_LAST_CYCLE_SECONDS)
        self._observing.close()

    def _run(self) -> None:
        scorekeeper = self._setup.world.scorekeeper
        if scorekeeper is None:
            self._cycle_until_closed()
            return
        scorekeeper.open(self.clock.now())
        try:
            self._cycle_until_closed()
        finally:
            scorekeeper.close()

    def _cycle_until_closed(self) -> None:
        while not self._closing.is_set():
            began_at = self.clock.monotonic()
            self._due.clear()
            try:
                world = dataclasses.replace(self._setup.world, selftest=self._selftests.current(began_at), looks=self._observing.looks())
                self._page = self._rendered(run(world, self._page.result))
                self._scores = self._scored(world, self._page.result)
                self._correlations = self._correlated()
            except Exception:
                log.exception("cycle failed by a fault of the exporter's own")
                self._scores = scores.Scores()
                self._page = dataclasses.replace(self._page, result=self._page.result.with_errors("cycle", 1))
            self._due.wait(max(0.0, self._setup.world.config.exporter.cycle - (self.clock.monotonic() - began_at)))

    def _follow_traffic(self) -> None:
        while not self._closing.is_set():
            world = self._setup.world
            try:
                self._loads = refresh(world.prometheus, world.config, self._loads, self.clock.now())
            except Exception:
                log.exception("traffic not read by a fault of the exporter's own")
            self._closing.wait(world.config.exporter.cycle)

    def _scored(self, world: World, result: Result) -> scores.Scores:
        """Score what Prometheus knows after a cycle; one that it did not answer leaves nothing to score, and who only looks leaves that to who forecasts."""
        scored = result.prometheus_up and world.config.exporter.forecast
        return scores.refresh(world.prometheus, world.config, result.successes) if scored else scores.Scores()

    def _correlated(self) -> Correlations:
        """Look for a deployment behind every service of this host that got slower."""
        world, sights = self.seen()
        keys = [entry.prediction.reading.key for entry in served(self._page.result, self.clock.monotonic()) if entry.asserted]
        degraded = {key.target for key in keys if (key.problem, key.host) == (PROBLEM, world.config.host)} & world.config.names
        return correlating.refresh((world.config, world.prometheus, self.clock.now()), sights, degraded, self._correlations)

    def _rendered(self, result: Result) -> Page:
        began_at = self.clock.monotonic()
        page = render(result)
        stages = {**result.stage_seconds, "expose": self.clock.monotonic() - began_at}
        return dataclasses.replace(page, result=dataclasses.replace(result, stage_seconds=stages))
