"""GET `/report`: what the journal tells of a period and of now, which `homeostat report` makes its report of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import flask
import msgspec

from actor.answers import Refused, Routes, answered
from actor.briefing import record_of
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from actor.service import Service

_MOST_SECONDS = 366 * DAY
_Moment = Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when until when a report is, in Unix seconds."""

    since: _Moment
    until: _Moment


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/report")
    def report() -> flask.Response:
        try:
            asked = msgspec.convert(flask.request.args.to_dict(), Asked, strict=False)
        except msgspec.ValidationError as error:
            raise Refused(f"{error}; a report is asked for by since and until, in Unix seconds", 400) from None
        if not 0 < asked.until - asked.since <= _MOST_SECONDS:
            raise Refused("until must be later than since, by at most 366 days", 400)
        return answered(record_of(service.world, (asked.since, asked.until)))


ROUTES = Routes(add=_add)
