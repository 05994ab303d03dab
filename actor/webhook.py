"""Intake: receive, validate, persist, then answer 202; nothing here decides or acts."""

from __future__ import annotations

import collections
import http
import logging
import threading
from typing import TYPE_CHECKING, Annotated

import msgspec

from actor.journal import JournalError, intake
from actor.journal.intake import ReceivedAlert
from homeostat.credentials import authorized
from homeostat.daemon import MOST_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from actor.service import Service

log = logging.getLogger(__name__)

Answer = tuple[str, int]
_ONLY_INTAKE = {"/webhook", "/webhook/"}
_PATHS = {*_ONLY_INTAKE, "/", ""}
_PHRASES = {code: http.HTTPStatus(code).phrase for code in (202, 400, 401, 413, 503)}


class Payload(msgspec.Struct, frozen=True, rename="camel"):
    """Alertmanager's webhook, version 4, as far as we read it; what else it holds is kept in the journal."""

    version: str
    status: str
    alerts: tuple[ReceivedAlert, ...]
    truncated_alerts: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


_DECODER = msgspec.json.Decoder(Payload)


class RequestCounts:
    """Requests by status code, and those without a valid credential: kept in memory, for they must cost no write."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._codes: collections.Counter[int] = collections.Counter(dict.fromkeys(_PHRASES, 0))

    def add(self, code: int) -> None:
        """Count one answer."""
        with self._lock:
            self._codes[code] += 1

    def read(self) -> dict[int, int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._codes)


def with_intake(pages: WSGIApplication, service: Service) -> WSGIApplication:
    """Put POST `/webhook` and `/`, where Alertmanager delivers, before the other pages: what a framework does would double its cost."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in _PATHS or (environ["REQUEST_METHOD"] != "POST" and environ["PATH_INFO"] not in _ONLY_INTAKE):
            return pages(environ, start_response)
        text, code = _answer(service, environ)
        service.requests.add(code)
        content = text.encode()
        start_response(f"{code} {_PHRASES[code]}", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(content)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    return answer


def _answer(service: Service, environ: WSGIEnvironment) -> Answer:
    try:
        return _receive(service, environ)
    except Exception:
        # Alertmanager gives up on what is neither 2xx nor 5xx, and we would never hear of it again.
        log.exception("a delivery met an error")
        return "The delivery met an error; deliver again.\n", 503


def _receive(service: Service, environ: WSGIEnvironment) -> Answer:
    stranger = _stranger(service, environ)
    if stranger is not None:
        log.warning("a delivery from %s has no valid credential", environ.get("REMOTE_ADDR"))
        return stranger, 401
    if environ["REQUEST_METHOD"] != "POST":
        return "Deliveries are posted.\n", 400
    body = environ["wsgi.input"].read(MOST_BODY_BYTES + 1)
    if len(body) > MOST_BODY_BYTES:
        return f"A delivery has at most {MOST_BODY_BYTES} bytes.\n", 413
    payload = _read(body)
    if isinstance(payload, str):
        return f"This is no Alertmanager webhook of version 4: {payload}\n", 400
    world = service.world
    try:
        intake.store(world.journal, "webhook", world.clock.now(), (body, payload.truncated_alerts), payload.alerts)
    except JournalError as error:
        log.error("a delivery was not stored: %s", error)  # noqa: TRY400 - the reason is the whole story
        return "The journal cannot be written now; deliver again.\n", 503
    if payload.truncated_alerts:
        log.warning("a delivery lacks %d alerts that Alertmanager cut away: it is asked for them now", payload.truncated_alerts)
        service.incomplete.set()
    service.bell.set()
    return "Stored.\n", 202


def _stranger(service: Service, environ: WSGIEnvironment) -> str | None:
    """Say why nothing is taken from whoever posts; without a token a browser is told by saying where its page is from."""
    if service.intake_tokens:
        known = authorized(environ.get("HTTP_AUTHORIZATION"), service.intake_tokens)
        return None if known else "The webhook needs its token, as bearer or basic; see security.intake_token_files.\n"
    return "Without a token the webhook takes nothing from a browser; see security.intake_token_files.\n" if "HTTP_ORIGIN" in environ else None


def _read(body: bytes) -> Payload | str:
    try:
        payload = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error)
    return payload if payload.version == "4" else f"its version is {payload.version!r}"
