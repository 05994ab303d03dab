"""What was promised to be undoable must be: the declared protection can be given now."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    if situation.playbook is None:
        return Verdict("refuse", "the protection of an unknown playbook is not known", {})
    declared = " or ".join(situation.playbook.file.protection_words)
    if situation.unprotectable is not None:
        return Verdict("refuse", f"protection {declared} cannot be given: {situation.unprotectable}", {"protection": declared})
    return Verdict("allow", f"protection {declared} can be given, or doing without is declared", {"protection": declared})


GATE = Gate(order=170, ask=_ask)
