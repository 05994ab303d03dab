"""Where the journal may soon be unable to record, only what makes room may start."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    shortage, playbook = situation.shortage, situation.playbook
    if playbook is None:
        return Verdict("refuse", "whether an unknown playbook makes room is not known", {})
    seen = {"action_class": playbook.file.action_class, "shortage": shortage}
    if shortage is None:
        return Verdict("allow", "the journal has room", seen)
    if playbook.file.action_class != "cleanup":
        return Verdict("refuse", f"only a cleanup may start while the journal is short of room: {shortage}", seen)
    return Verdict("allow", f"the journal is short of room, and this is a cleanup: {shortage}", seen)


GATE = Gate(order=175, ask=_ask)
