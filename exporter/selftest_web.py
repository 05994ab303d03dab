"""POST `/api/v1/selftest` begins a synthetic problem, POST `/api/v1/selftest/end` takes it back; for whoever may reload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.service import Service


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose selftest it is."""

    host: str


def selftest_routes(app: flask.Flask, service: Service) -> None:
    """Add both addresses to `app`."""

    @app.post("/api/v1/selftest")
    def begin() -> tuple[dict[str, Any], int]:
        return _answer(service, service.begin_selftest)

    @app.post("/api/v1/selftest/end")
    def end() -> tuple[dict[str, Any], int]:
        return _answer(service, service.end_selftest)


def _answer(service: Service, deed: Callable[[str], str | None]) -> tuple[dict[str, Any], int]:
    if not service.may_reload(flask.request.headers.get("Authorization")):
        return {"error": "the operator's token is needed, as bearer; see security.operator_token_files"}, 401
    # On loopback no token is asked for: what somebody else's page has a browser send there names its origin, or is no JSON.
    if not flask.request.is_json or "Origin" in flask.request.headers:
        return {"error": "the body must be JSON, by its Content-Type too, and not a browser's"}, 400
    try:
        about = msgspec.json.decode(flask.request.get_data(cache=False), type=About)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return {"error": f"the body does not fit: {error}"}, 400
    try:
        refusal = deed(about.host)
    except ValueError as error:
        return {"error": str(error)}, 400
    return ({"error": refusal}, 409) if refusal is not None else ({"host": about.host}, 200)
