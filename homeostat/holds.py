"""What holds back all that is executed, or some of it: the stop, open breakers and silences, each with who, why and until when."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Literal

from homeostat.clock import rfc3339, unix_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homeostat.silences import Judged

_STOP = re.compile(r"by (?P<author>.+?) at (?P<at>[0-9TZ:+-]+): (?P<reason>.*)", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class Hold:
    """One thing that holds back what is executed; `until` (Unix seconds) is None where only a person's word ends it."""

    by: Literal["stop", "breaker", "silence"]
    scope: str
    author: str
    reason: str
    until: float | None

    @property
    def ends(self) -> str:
        """When it ends, in words."""
        return rfc3339(self.until) if self.until is not None else "homeostat resume"


def stop_words(written: str) -> tuple[str, str | None, str]:
    """Return who pulled the kill switch, when (as it is written there) and why; whatever else it says is the reason."""
    found = _STOP.fullmatch(written.strip())
    return (found["author"], found["at"], found["reason"]) if found is not None else ("not known", None, written.strip())


def stop_hold(written: str) -> Hold:
    """Return the hold of the kill switch."""
    author, at, reason = stop_words(written)
    return Hold("stop", "everything", author, reason if at is None else f"{reason} (since {at})", None)


def breaker_hold(breaker: Mapping[str, Any]) -> Hold:
    """Return the hold of a breaker that is not closed, as the actor's `/status` tells it."""
    scope = "everything" if breaker["scope"] == "global" else breaker["scope"]
    reason = f"{breaker['failures']} failures in a row"
    if breaker["standing"] == "half-open":
        reason += f"; incident {breaker['probe']} is its probe" if breaker["probe"] else "; half-open: the next run is its probe"
    return Hold("breaker", scope, "homeostat", reason, breaker["open_until"])


def silence_holds(judged: Iterable[Judged]) -> list[Hold]:
    """Return the holds of the silences that mute anything that is executed."""
    return [
        Hold("silence", one.scope, one.silence.created_by.strip() or "not known", one.silence.comment.strip() or "not given", _end(one))
        for one in judged
        if one.executing != "none"
    ]


def _end(judged: Judged) -> float | None:
    try:
        return unix_time(judged.silence.ends_at)
    except (ValueError, OverflowError):
        return None
