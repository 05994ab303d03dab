"""Who is at the console: kept in memory only, so that a logout, a rotated token and a restart each end a visit for good."""

from __future__ import annotations

import collections
import dataclasses
import hmac
import secrets
import threading
from typing import TYPE_CHECKING

from homeostat.config.section import HOUR

if TYPE_CHECKING:
    from homeostat.clock import Clock

LASTS_SECONDS = 12 * HOUR
_MOST_VISITS = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """What came of a person's word: shown once, on the next page."""

    taken: bool
    text: str


@dataclasses.dataclass
class Visit:
    """A person at the console: the name for the record, the token that let them in (None where none is asked for), and until when."""

    name: str
    token: str | None
    ends_at: float
    message: Message | None = None

    @property
    def author(self) -> str:
        """Who speaks, as user@host is on the command line."""
        return f"{self.name}@console"

    def hear(self) -> Message | None:
        """Return what is to be told, which is then told."""
        message, self.message = self.message, None
        return message


class Visits:
    """All visits by the id that a cookie holds; times are of the clock that never runs backwards."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._lock = threading.Lock()
        self._visits: collections.OrderedDict[str, Visit] = collections.OrderedDict()

    def begin(self, name: str, token: str | None) -> str:
        """Let somebody in and return the visit's id."""
        visit_id = secrets.token_urlsafe(32)
        with self._lock:
            self._visits[visit_id] = Visit(name, token, self._clock.monotonic() + LASTS_SECONDS)
            while len(self._visits) > _MOST_VISITS:
                self._visits.popitem(last=False)
        return visit_id

    def of(self, visit_id: str, tokens: tuple[str, ...]) -> Visit | None:
        """Return the visit of that id, if its time is not over and its token is one of `tokens` still (or none is asked for)."""
        with self._lock:
            visit = self._visits.get(visit_id)
            if visit is None or visit.ends_at <= self._clock.monotonic():
                return None
        if visit.token is None:
            return None if tokens else visit
        return visit if any(hmac.compare_digest(visit.token.encode(), token.encode()) for token in tokens) else None

    def end(self, visit_id: str) -> None:
        """End a visit, whoever still holds its cookie."""
        with self._lock:
            self._visits.pop(visit_id, None)
