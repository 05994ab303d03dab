"""The configuration with every door that it opens: Prometheus, Alertmanager, both daemons, and the clock."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from homeostat.addresses import leads_to_loopback
from homeostat.alertmanager import Alertmanager
from homeostat.clock import SystemClock
from homeostat.credentials import read_token
from homeostat.daemon_client import DaemonClient
from homeostat.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.clock import Clock
    from homeostat.config import Config


@dataclasses.dataclass(frozen=True)
class Doors:
    """The configuration and the doors to Prometheus, Alertmanager, the actor and the exporter."""

    config: Config
    prometheus: Prometheus
    alertmanager: Alertmanager
    actor: DaemonClient
    exporter: DaemonClient
    clock: Clock


def open_doors(config: Config, read: Callable[[str], str | None] = read_token) -> Doors:
    """Open every door with the token that the configuration names for it, as `read` reads it. Raises CredentialError when a token cannot be had."""

    def token(path: str | None) -> str | None:
        return read(path) if path else None

    operator = token(next(iter(config.security.operator_token_files), None))
    return Doors(
        config,
        Prometheus(config.prometheus, token(config.prometheus.bearer_token_file)),
        Alertmanager(config.alertmanager, token(config.alertmanager.bearer_token_file)),
        DaemonClient(config.actor_url, operator),
        exporter_door(config, operator),
        SystemClock(),
    )


def exporter_door(config: Config, operator: str | None) -> DaemonClient:
    """Open the door to the exporter: on loopback it asks for no token, and who does not need the operator's must not hear it."""
    return DaemonClient(config.exporter.url, None if leads_to_loopback(config.exporter.url) else operator)
