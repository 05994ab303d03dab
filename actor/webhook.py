"""Intake: receive, validate, persist, then answer 202; nothing here decides or acts."""

from __future__ import annotations

import collections
import logging
import threading
from typing import TYPE_CHECKING, Annotated

import flask
import msgspec

from actor.journal import JournalError, intake
from actor.journal.intake import ReceivedAlert
from homeostat.credentials import authorized
from homeostat.daemon import MOST_BODY_BYTES

if TYPE_CHECKING:
    from actor.service import Service

log = logging.getLogger(__name__)

Answer = tuple[str, int]


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """Alertmanager's webhook, version 4, as far as we read it; what else it holds is kept in the journal."""

    version: str
    status: str
    alerts: tuple[ReceivedAlert, ...]
    truncated_alerts: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


class RequestCounts:
    """Requests by status code, and those without a valid credential: kept in memory, for they must cost no write."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._codes: collections.Counter[int] = collections.Counter(dict.fromkeys((202, 400, 401, 413, 503), 0))

    def add(self, code: int) -> None:
        """Count one answer."""
        with self._lock:
            self._codes[code] += 1

    def read(self) -> dict[int, int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._codes)


def webhook_routes(app: flask.Flask, service: Service) -> None:
    """Add POST `/webhook` and `/`, where Alertmanager delivers."""

    @app.post("/webhook")
    @app.post("/")
    def webhook() -> Answer:
        text, code = _receive(service)
        service.requests.add(code)
        return text, code


def _receive(service: Service) -> Answer:
    if not authorized(flask.request.headers.get("Authorization"), service.intake_tokens) and service.intake_tokens:
        log.warning("a delivery from %s has no valid credential", flask.request.remote_addr)
        return "The webhook needs a bearer token; see security.intake_token_files.\n", 401
    if (flask.request.content_length or 0) > MOST_BODY_BYTES:
        return f"A delivery has at most {MOST_BODY_BYTES} bytes.\n", 413
    body = flask.request.get_data(cache=False)
    try:
        payload = msgspec.json.decode(body, type=Payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"This is no Alertmanager webhook: {error}\n", 400
    if payload.version != "4":
        return f"Webhook version {payload.version!r} is not known; version 4 is.\n", 400
    world = service.world
    try:
        intake.store(world.journal, "webhook", world.clock.now(), (body, payload.truncated_alerts), payload.alerts)
    except JournalError as error:
        log.error("a delivery was not stored: %s", error)  # noqa: TRY400 - the reason is the whole story
        return "The journal cannot be written now; deliver again.\n", 503
    service.bell.set()
    return "Stored.\n", 202
