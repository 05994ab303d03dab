"""`homeostat-actor`: hears decision alerts on port 9922 and acts on them under every gate."""

from __future__ import annotations

import logging
import os
import pathlib
import threading
from typing import TYPE_CHECKING

import click
import flask
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from actor import contradictions
from actor.api import api_routes
from actor.browsers import refuse_foreign
from actor.console.frame import add_console
from actor.deeds import Hands
from actor.doctor import Doctor
from actor.executor.client import remote_hands
from actor.journal import Journal, JournalError, incidents
from actor.loop import Loop
from actor.metrics import Collector
from actor.playbook import load_playbooks
from actor.ranking import unfit
from actor.service import Service, credentials
from actor.webhook import with_intake
from actor.world import StopSwitch, World
from homeostat import daemon, logs
from homeostat.alertmanager import Alertmanager
from homeostat.clock import SystemClock
from homeostat.config import Config, ConfigError, Raw, in_force, load
from homeostat.config.advice import log_advice
from homeostat.config.ownership import rules_of, see_that_only_root_writes
from homeostat.credentials import CredentialError, authorized, read_token
from homeostat.prometheus import Prometheus

if TYPE_CHECKING:
    from actor.playbook import Playbook

log = logging.getLogger(__name__)

DEFAULT_PORT = 9922
_INSTALLED_RUNBOOKS = pathlib.Path(__file__).parent / "runbooks"
# A wheel carries the pages beside the code; a checkout has them in docs/.
RUNBOOKS = _INSTALLED_RUNBOOKS if _INSTALLED_RUNBOOKS.is_dir() else pathlib.Path(__file__).parents[1] / "docs" / "runbooks"


@click.command()
@daemon.flags(DEFAULT_PORT)
def main(config_file: pathlib.Path, check_only: bool, listen_address: str, log_level: str, log_format: str) -> None:
    """Hear decision alerts, ask every gate, act under protection, verify, keep or roll back, learn."""
    logs.configure(log_level, log_format)
    try:
        config, playbooks = read_configuration(config_file)
        tokens, doors = credentials(config, listen_address), _doors(config)
        if check_only:
            return
        service = Service(_world(config, playbooks, doors), *tokens)
        log_advice(config, service.world.clock.now())
        _run(service, config_file, listen_address)
    except (ConfigError, CredentialError, JournalError, OSError, ValueError) as error:
        daemon.die(str(error))


def read_configuration(config_file: pathlib.Path) -> tuple[Config, dict[str, Playbook]]:
    """Read the configuration and the playbooks, and see that they fit each other.

    Raises:
        ConfigError: one of them does not fit, and the message has path and line; or root would act on what others may write.

    """
    config = load(config_file, Config)
    playbooks = load_playbooks(config.actor.playbook_directory)
    if os.geteuid() == 0:
        see_that_only_root_writes(rules_of(config_file, config))
    named: list[tuple[str, str | int, str]] = [("actions", name, name) for name in config.autonomy.actions]
    named += [("require_approval_for", place, name) for place, name in enumerate(config.autonomy.require_approval_for)]
    for key, place, name in named:
        if name not in playbooks:
            raise load(config_file, Raw).at("autonomy", key, place).fault(f"no playbook has the name {name!r}; known: {', '.join(playbooks)}")
    contradiction = next(contradictions.with_configuration(config, playbooks), None)
    if contradiction is not None:
        raise load(config_file, Raw).at(*contradiction.place).fault(contradiction.message)
    misfit = unfit(config, playbooks)
    if misfit is not None:
        problem, told = misfit
        raise load(config_file, Raw).at("autonomy", "preferences", problem).fault(told)
    return config, playbooks


def _world(config: Config, playbooks: dict[str, Playbook], doors: tuple[Prometheus, Alertmanager]) -> World:
    clock = SystemClock()
    journal = Journal(pathlib.Path(config.actor.state_directory), config.actor.ballast)
    return World(
        config=config,
        playbooks=playbooks,
        journal=journal,
        clock=clock,
        prometheus=doors[0],
        alertmanager=doors[1],
        stop=StopSwitch(*config.actor.stop_directories),
        hands=remote_hands(config.actor, clock, journal.ballast.give_up) if config.actor.executor_directory is not None else Hands(),
    )


def _doors(config: Config) -> tuple[Prometheus, Alertmanager]:
    return (
        Prometheus(config.prometheus, _token(config.prometheus.bearer_token_file)),
        Alertmanager(config.alertmanager, _token(config.alertmanager.bearer_token_file)),
    )


def _token(path: str | None) -> str | None:
    return read_token(path) if path else None


def _run(service: Service, config_file: pathlib.Path, listen_address: str) -> None:
    world, loop = service.world, Loop(service)
    collector = Collector(service, loop)
    collector.reloaded = (True, world.clock.now())

    def reload() -> str | None:
        try:
            take_over(service, config_file, listen_address)
        except (ConfigError, CredentialError, JournalError) as error:
            log.error("the configuration was not taken over: %s", error)  # noqa: TRY400 - a user's error
            collector.reloaded = (False, collector.reloaded[1])
            return str(error)
        collector.reloaded = (True, world.clock.now())
        return None

    server = daemon.Server(make_app(service, collector, reload), listen_address)
    loop.start()
    server.start()
    Doctor(service, config_file, server.url).start()
    log.info("listening on %s, mode %s, level %s", listen_address, world.config.autonomy.mode, in_force(world.config.autonomy, world.clock.now()).level)
    stop = threading.Event()
    daemon.wait_for_signals(stop, reload)
    world.ending.set()
    service.bell.set()
    server.close()
    loop.close()
    world.journal.close()


def take_over(service: Service, config_file: pathlib.Path, listen_address: str) -> None:
    """Put the configuration into force as it is written now, with the tokens and addresses that it names.

    Raises:
        ConfigError: it does not fit, or it changes what only a restart can change.
        CredentialError: it lacks a token that it must name.
        JournalError: it cannot be noted that everything is to be looked at again.

    """
    world = service.world
    config, playbooks = read_configuration(config_file)
    tokens = credentials(config, listen_address)
    for name in ("state_directory", "executor_directory"):
        if getattr(config.actor, name) != getattr(world.config.actor, name):
            raise ConfigError(str(config_file), 0, f"actor.{name}", "the journal and the stop are where they were; this needs a restart")
    prometheus, alertmanager = _doors(config)
    with world.admission:
        with world.journal.transaction() as db:
            incidents.wake_undecided(db, world.clock.now())
        world.config, world.playbooks, world.prometheus, world.alertmanager = config, playbooks, prometheus, alertmanager
        service.intake_tokens, service.operator_tokens, service.metrics_tokens = tokens
    service.reconfigured.set()
    log_advice(config, world.clock.now())


def make_app(service: Service, collector: Collector, reload: object) -> flask.Flask:
    """Build the actor's pages: intake, API, console, metrics, health."""
    app = flask.Flask("homeostat-actor", static_folder=None, template_folder=None)
    registry = CollectorRegistry()
    registry.register(collector)
    daemon.health_routes(
        app,
        daemon.Health(
            unready=lambda: None if service.world.ready.is_set() else "not yet reconciled",
            reload=reload,  # type: ignore[arg-type]
            may_reload=lambda header: not service.operator_tokens or authorized(header, service.operator_tokens),
        ),
    )
    app.wsgi_app = with_intake(app.wsgi_app, service)  # type: ignore[assignment, method-assign]
    refuse_foreign(app, service)
    api_routes(app, service)
    add_console(app, service)

    @app.get("/runbooks/<name>")
    def runbook(name: str) -> flask.Response:
        return flask.send_from_directory(RUNBOOKS, name, mimetype="text/plain")

    @app.get("/metrics")
    def metrics() -> flask.Response:
        if service.metrics_tokens and not authorized(flask.request.headers.get("Authorization"), service.metrics_tokens):
            return flask.Response("Metrics need their token, as bearer or basic; see security.metrics_token_files.\n", 401)
        return flask.Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return app


if __name__ == "__main__":
    main()
