"""How the API speaks: JSON, a refusal in words, and bodies that are read strictly."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import flask
import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actor.service import Service

Body = TypeVar("Body")

_PATIENCE_SECONDS = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Routes:
    """A capability of the API: `add` puts its addresses on the blueprint; a GET never acts."""

    add: Callable[[flask.Blueprint, Service], None]


class Refused(Exception):  # noqa: N818 - a past tense like every outcome
    """A request is not met; the message says why, the code what kind of no it is."""

    def __init__(self, reason: str, code: int = 409) -> None:
        """Refuse for `reason` with an HTTP status code."""
        super().__init__(reason)
        self.code = code


@contextlib.contextmanager
def among_few(service: Service) -> Iterator[None]:
    """Have every gate asked within, which may last as long as Prometheus, Alertmanager and the host take. Raises Refused while several do."""
    if not service.asking.acquire(timeout=_PATIENCE_SECONDS):
        raise Refused("nothing was done: several wait for Prometheus, Alertmanager or the host already; say it again in a moment", 503)
    try:
        yield
    finally:
        service.asking.release()


def answered(value: Any, code: int = 200) -> flask.Response:
    """Return `value` as JSON."""
    return flask.Response(msgspec.json.encode(value), status=code, mimetype="application/json")


def body_of(kind: type[Body]) -> Body:
    """Return the request's body, read strictly.

    Raises:
        Refused: it is no JSON of that kind.

    """
    try:
        return msgspec.json.decode(flask.request.get_data(cache=False), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"the request's body does not fit: {error}", 400) from None
