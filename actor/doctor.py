"""The doctor in the actor: about once an hour every link of the chain is looked at, and what was found is served as metrics."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from actor.service import Examined
from homeostat.config.section import HOUR, MINUTE
from homeostat.daemon_client import DaemonClient
from homeostat.doctor.examination import counted, examine
from homeostat.doctor.model import Subject
from homeostat.doors import Doors

if TYPE_CHECKING:
    import pathlib

    from actor.service import Service

log = logging.getLogger(__name__)

# By then Prometheus has scraped, the exporter has gone round, and the actor knows what can be protected.
_FIRST_SECONDS = 2 * MINUTE
_EVERY_SECONDS = HOUR
# What is mended is not to look broken for an hour.
_AFTER_TROUBLE_SECONDS = 10 * MINUTE


class Doctor:
    """Examines in a thread of its own, which nothing waits for: it only looks, and leaves nothing half done."""

    def __init__(self, service: Service, config_file: pathlib.Path, url: str) -> None:
        """Examine the chain of `service`, whose configuration is `config_file` and whose pages are at `url` from this host."""
        self._service = service
        self._config_file = config_file
        self._url = url

    def start(self) -> None:
        """Begin, after a while."""
        threading.Thread(target=self._run, name="doctor", daemon=True).start()

    def _run(self) -> None:
        wait_seconds = float(_FIRST_SECONDS)
        while not self._service.world.ending.wait(wait_seconds):
            wait_seconds = _AFTER_TROUBLE_SECONDS
            try:
                wait_seconds = rest_seconds(self.look())
            except Exception:
                log.exception("the doctor met an error and comes again")

    def look(self) -> Examined:
        """Examine once, and leave what was found to be served."""
        world = self._service.world
        token = next(iter(self._service.operator_tokens), None)
        # The actor asks itself at its own address: links.console may lead there by way of the whole world.
        doors = Doors(world.config, world.prometheus, world.alertmanager, DaemonClient(self._url, token), DaemonClient(world.config.exporter.url, None), world.clock)
        found = Examined(tuple(examine(Subject(doors, self._config_file))), world.clock.now())
        for checked in found.checks:
            for finding in checked.findings:
                if finding.result == "failed":
                    log.warning("the doctor's check %s failed: %s; to mend it: %s", checked.name, finding.seen, finding.fix)
        self._service.examined = found
        return found


def rest_seconds(found: Examined) -> float:
    """Return after how long it is looked at again."""
    return _AFTER_TROUBLE_SECONDS if counted(found.checks)["failed"] else _EVERY_SECONDS
