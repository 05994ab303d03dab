"""The kill switch, and mode shadow, which records what would have been done."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    mode = situation.config.autonomy.mode
    if situation.stop_reason is not None:
        return Verdict("refuse", f"stopped: {situation.stop_reason}", {"mode": mode})
    if mode == "shadow":
        return Verdict("shadow", "mode is shadow: decided and recorded, not acted", {"mode": mode})
    return Verdict("allow", "no stop", {"mode": mode})


GATE = Gate(order=40, ask=_ask)
