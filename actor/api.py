"""The API under `/api/v1`, for the CLI and scripts: what is going on, what was decided and why; a GET never acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import msgspec

from actor.journal import JournalError, incidents, ledger
from homeostat.credentials import authorized

if TYPE_CHECKING:
    from actor.model import Incident
    from actor.service import Service

_DAY_SECONDS = 86400
_MOST = 1000

Answer = flask.Response | tuple[flask.Response, int]


def api_routes(app: flask.Flask, service: Service) -> None:
    """Add `/api/v1/status`, `/decisions`, `/incidents/ID` and POST `/breakers/reset`; all need the operator's token."""
    api = flask.Blueprint("api", __name__, url_prefix="/api/v1")

    @api.before_request
    def only_the_operator() -> Answer | None:
        header = flask.request.headers.get("Authorization")
        if service.operator_tokens and not authorized(header, service.operator_tokens):
            return _json({"error": "the operator's bearer token is needed; see security.operator_token_file"}), 401
        return None

    @api.errorhandler(JournalError)
    def unanswered(error: JournalError) -> Answer:
        return _json({"error": str(error)}), 503

    @api.get("/status")
    def status() -> Answer:
        return _json(describe_status(service))

    @api.get("/decisions")
    def decisions() -> Answer:
        now = service.world.clock.now()
        seconds = flask.request.args.get("last", default=float(_DAY_SECONDS), type=float)
        subject = flask.request.args.get("subject")
        return _json([_brief(incident) for incident in incidents.recent(service.world.journal, now - seconds, (subject, _MOST))])

    @api.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> Answer:
        found = incidents.find(service.world.journal, incident_id)
        if found is None:
            return _json({"error": "there is no incident of that id"}), 404
        return _json(tell_story(service, found))

    @api.post("/breakers/reset")
    def reset() -> Answer:
        with service.world.journal.transaction() as db:
            ledger.reset_breakers(db)
            incidents.wake_undecided(db, service.world.clock.now())
        service.bell.set()
        return _json({"reset": True})

    app.register_blueprint(api)


def describe_status(service: Service) -> dict[str, Any]:
    """Return the mode, the level, what holds everything back, and how many incidents are where."""
    world = service.world
    now = world.clock.now()
    counted = world.journal.rows("SELECT state, count(*) AS n FROM incidents WHERE state IS NOT NULL GROUP BY state")
    return {
        "host": world.config.host,
        "mode": world.config.autonomy.mode,
        "level": world.config.autonomy.level,
        "ready": world.ready.is_set(),
        "stopped": world.stop.reason(),
        "silences_known": world.silences is not None,
        "open_breakers": [msgspec.to_builtins(breaker) for breaker in ledger.breakers(world.journal) if (breaker.open_until or 0) > now],
        "incidents": {row["state"]: row["n"] for row in counted},
        "playbooks": sorted(world.playbooks),
    }


def tell_story(service: Service, incident: Incident) -> dict[str, Any]:
    """Return an incident with every gate's verdicts, its proposal and its phases."""
    journal = service.world.journal
    return {
        **_brief(incident),
        "verdicts": incidents.verdicts_of(journal, incident.id),
        "proposal": incidents.proposal_of(journal, incident.id),
        "phases": incidents.phases_of(journal, incident.id),
    }


def _brief(incident: Incident) -> dict[str, Any]:
    brief: dict[str, Any] = msgspec.to_builtins(incident)
    return brief


def _json(value: Any) -> flask.Response:
    return flask.Response(msgspec.json.encode(value), mimetype="application/json")
