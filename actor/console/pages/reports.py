"""`/reports`: the daily and weekly reports that were written, each as it was then."""

from __future__ import annotations

import datetime
import logging
from typing import TYPE_CHECKING

import flask
import msgspec

from actor.answers import Refused
from actor.console.page import Page, show
from homeostat.reports import folder
from homeostat.reports.page import body
from homeostat.reports.telling import tell

if TYPE_CHECKING:
    from actor.service import Service

log = logging.getLogger(__name__)

_TYPES = {"md": "text/markdown; charset=utf-8", "html": "text/html; charset=utf-8", "json": "application/json"}


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/reports")
    def reports() -> flask.Response:
        actor, when = service.world.config.actor, service.world.config.notifications
        try:
            names = folder.names(actor.reports_directory)
        except OSError as error:
            raise Refused(f"the folder of reports {actor.reports_directory} cannot be read: {error.strerror}", 503) from None
        return show(
            "reports",
            found=[(name, *_said(name)) for name in names],
            kept=actor.reports.keep,
            directory=actor.reports_directory,
            daily_at=when.daily_at,
            location=when.location,
        )

    @console.get("/reports/<name>")
    def report(name: str) -> flask.Response:
        try:
            found = folder.load(service.world.config.actor.reports_directory, name)
        except OSError:
            raise Refused("there is no report of that name; it may have made room for newer ones", 404) from None
        except msgspec.DecodeError as error:
            log.warning("the report %s is not of this version's shape: %s", name, error)
            return show("report", name=name, told=None)
        return show("report", name=name, told=body(tell(found)))

    @console.get("/reports/<name>.<any(md, html, json):extension>")
    def report_file(name: str, extension: str) -> flask.Response:
        try:
            content = folder.read(service.world.config.actor.reports_directory, name, extension)
        except OSError:
            raise Refused("there is no such file of a report", 404) from None
        # It is saved, not shown: its own style would not pass, and nothing of it may act here.
        headers = {"Content-Disposition": f'attachment; filename="{name}.{extension}"', "Content-Security-Policy": "sandbox; default-src 'none'"}
        return flask.Response(content, headers=headers, content_type=_TYPES[extension])


def _said(name: str) -> tuple[str, str]:
    """Return the day and the kind that a report's name says."""
    day, _, kind = name.rpartition("-")
    try:
        return f"{datetime.date.fromisoformat(day):%A, %-d %B %Y}", kind
    except ValueError:
        return day, kind


PAGE = Page(add=_add, title="Reports", order=45)
