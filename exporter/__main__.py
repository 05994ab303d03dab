"""`homeostat-exporter`: reads Prometheus, forecasts in the background, and serves what it found."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import click

from exporter.asked_web import asked_routes
from exporter.investigation_web import investigation_routes
from exporter.observations_web import observation_routes
from exporter.selftest_web import selftest_routes
from exporter.service import Service, set_up
from exporter.web import make_app
from homeostat import __version__, logs
from homeostat.clock import SystemClock
from homeostat.config import ConfigError
from homeostat.config.advice import log_advice
from homeostat.credentials import CredentialError
from homeostat.daemon import Health, Server, die, flags, health_routes, is_loopback, wait_for_signals
from homeostat.heap import share_heap

if TYPE_CHECKING:
    import pathlib

    from homeostat.clock import Clock

log = logging.getLogger(__name__)

DEFAULT_PORT = 9921


@click.command()
@flags(DEFAULT_PORT)
def main(config_file: pathlib.Path, check_only: bool, listen_address: str, log_level: str, log_format: str) -> None:
    """Forecast what will run out, from the series that Prometheus has, and expose it as metrics."""
    share_heap()
    logs.configure(log_level, log_format)
    clock = SystemClock()
    try:
        setup = set_up(config_file, clock, loopback=is_loopback(listen_address))
        if check_only:
            click.echo(f"{config_file} is valid.")
            return
        log_advice(setup.world.config, clock.now())
        service = Service(config_file, setup)
        server = _server(service, listen_address, clock)
    except (ConfigError, CredentialError, OSError, ValueError) as error:
        die(str(error))
    server.start()
    service.start()
    log.info("homeostat-exporter %s listens on %s", __version__, listen_address)
    wait_for_signals(threading.Event(), service.reload)
    service.close()
    server.close()
    log.info("homeostat-exporter ended")


def _server(service: Service, listen_address: str, clock: Clock) -> Server:
    """Bind the exporter's pages; raises ValueError for a malformed address and OSError for one that is taken."""
    app = make_app(service.state, clock, service.may_scrape)
    observation_routes(app, service.state, clock)
    selftest_routes(app, service)
    investigation_routes(app, service)
    asked_routes(app, service)
    health_routes(app, Health(service.unready, service.reload, service.may_reload))
    return Server(app, listen_address)


if __name__ == "__main__":
    main()
