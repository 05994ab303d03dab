"""What stands around every page of the console: who may look, forms that nobody else can send, strict headers, the menu."""

from __future__ import annotations

import hashlib
import logging
import pathlib
import secrets
from typing import TYPE_CHECKING, Any

import flask
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFError, CSRFProtect

from actor.answers import Refused
from actor.console import pages, rendering
from actor.console.login import ANYBODY, add_login
from actor.console.page import Page, see_other, show
from actor.console.visits import Visits
from actor.journal import JournalError
from homeostat.discovery import discover
from homeostat.pictures import STYLE_SHEET

if TYPE_CHECKING:
    from actor.service import Service

log = logging.getLogger(__name__)

PAGES = discover(pages, "PAGE", Page)
_STYLE = pathlib.Path(__file__).with_name("console.css")
_OPEN = {"console.login", "console.enter", "console.style"}
# No script runs here, whoever wrote it; nobody may frame a page to have its buttons pressed.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def add_console(app: flask.Flask, service: Service) -> None:
    """Add every page in `pages`; with operator tokens, all but the login need one of them."""
    app.jinja_options = {**app.jinja_options, "finalize": rendering.shown, "trim_blocks": True, "lstrip_blocks": True}
    visits = Visits(service.world.clock)
    _settle_cookie(app, service)
    console = flask.Blueprint("console", __name__, template_folder="templates")
    _add_guard(console, service, visits)
    _add_refusals(app, console, service)
    _add_looks(app, console, service)
    add_login(console, service, visits)
    for page in PAGES.values():
        page.add(console, service)
    app.register_blueprint(console)
    # Whatever is posted to us needs a form of ours, but for what a browser does not send by itself: it bears a token.
    csrf = CSRFProtect(app)
    csrf.exempt(app.blueprints["api"])
    csrf.exempt(app.view_functions["reload"])

    @app.after_request
    def strict(response: flask.Response) -> flask.Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _settle_cookie(app: flask.Flask, service: Service) -> None:
    # A secret of this process alone: made of the operator's token, every cookie would let its holder guess at that token at home.
    app.secret_key = secrets.token_bytes(32)
    app.session_interface = _Cookie(service)
    # Lax, not Strict: who comes by the link of a notification is logged in. That is a GET, which never acts.
    # A browser keeps one of a name for all ports: two hosts' consoles through two tunnels would log each other out.
    host = hashlib.sha256(service.world.config.host.encode()).hexdigest()[:12]
    app.config.update(SESSION_COOKIE_NAME=f"homeostat_{host}", SESSION_COOKIE_SAMESITE="Lax", WTF_CSRF_TIME_LIMIT=None)


class _Cookie(SecureCookieSessionInterface):
    """A cookie that only travels encrypted where the console's own address is https, as the configuration says at this moment."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def get_cookie_secure(self, app: flask.Flask) -> bool:
        del app
        return self._service.world.config.links.console.lower().startswith("https:")


def _add_guard(console: flask.Blueprint, service: Service, visits: Visits) -> None:
    @console.before_request
    def only_visitors() -> flask.Response | None:
        flask.g.visit = None
        tokens = service.operator_tokens
        if flask.request.endpoint in _OPEN:
            return None
        flask.g.visit = visits.of(flask.session.get("visit", ""), tokens)
        if flask.g.visit is None and not tokens:
            flask.session["visit"] = visits.begin(ANYBODY, None)
            flask.g.visit = visits.of(flask.session["visit"], tokens)
        return None if flask.g.visit is not None else _to_the_login()


def _to_the_login() -> flask.Response:
    """Ask who it is, and then go on to what was asked for; a form is not sent again by itself."""
    if flask.request.method == "GET":
        return see_other("login", next=flask.request.full_path.rstrip("?"))
    return see_other("login", next=flask.request.referrer, lost=1)


def _add_refusals(app: flask.Flask, console: flask.Blueprint, service: Service) -> None:
    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> flask.Response:
        log.warning("a form from %s for %s is not one of ours: %s", flask.request.remote_addr, flask.request.path, error.description)
        if flask.request.blueprint != console.name:
            return flask.Response(f"{error.description}\n", 400, mimetype="text/plain")
        # A restart ends every visit and with it every form that is still open somewhere.
        if service.operator_tokens and "visit" not in flask.session:
            return _to_the_login()
        return _trouble("This form is stale or forged, so nothing was done. Open the page anew and say it again.", 400)

    @console.errorhandler(Refused)
    def refused(refusal: Refused) -> flask.Response:
        return _trouble(str(refusal), refusal.code)

    @console.errorhandler(JournalError)
    def unwritten(error: JournalError) -> flask.Response:
        log.error("%s", error)
        return _trouble(f"Nothing was done, for the journal cannot be read or written now: {error}", 503)


def _trouble(why: str, code: int) -> flask.Response:
    return show("trouble", code, why=why)


def _add_looks(app: flask.Flask, console: flask.Blueprint, service: Service) -> None:
    sheet = _STYLE.read_bytes() + STYLE_SHEET.encode()
    version = hashlib.sha256(sheet).hexdigest()[:12]
    menu = [(name, page.title) for name, page in sorted(PAGES.items(), key=lambda named: named[1].order) if page.title]

    @console.get("/console.css")
    def style() -> flask.Response:
        return flask.Response(sheet, mimetype="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"})

    @console.context_processor
    def frame() -> dict[str, Any]:
        visit = flask.g.get("visit")
        return {
            "host": service.world.config.host,
            "menu": menu if visit is not None else [],
            "visit": visit,
            "message": visit.hear() if visit is not None else None,
            "asks": bool(service.operator_tokens),
            "style_version": version,
        }

    filters = {"tone": rendering.tone, "length_of_time": rendering.length, "pairs": rendering.pairs, "spelled": rendering.spelled}
    app.jinja_env.filters.update(filters)
    app.jinja_env.filters["moment"] = lambda timestamp: rendering.moment(timestamp, service.world.clock.now())
