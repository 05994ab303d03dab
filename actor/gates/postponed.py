"""Not before the time to which a person moved it."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339


def _ask(situation: Situation) -> Verdict:
    moved = [word for word in situation.words if word.word == "deferred" and word.until is not None]
    if not moved:
        return Verdict("allow", "nobody moved it", {})
    last = moved[-1]
    assert last.until is not None
    seen = {"author": last.author, "said_at": last.said_at, "until": last.until}
    if last.until > situation.now:
        reason = f": {last.reason}" if last.reason else ""
        return Verdict("defer", f"{last.author} moved it to {rfc3339(last.until)}{reason}", seen, last.until)
    return Verdict("allow", "the time to which it was moved has come", seen)


GATE = Gate(order=78, ask=_ask)
