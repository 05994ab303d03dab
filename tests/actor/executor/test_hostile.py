"""Root believes no word of the process that hears the network: every name in an intent is an exact member, or nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.executor.intents import WIRES
from homeostat import shell
from tests.hostile import BY_KIND

if TYPE_CHECKING:
    from tests.actor.executor.conftest import Pair


@pytest.mark.parametrize("field", ["deed", "action", "target", "incident_id"])
@pytest.mark.parametrize("kind", BY_KIND)
def test_no_hostile_name_starts_or_touches_anything(pair: Pair, monkeypatch: pytest.MonkeyPatch, kind: str, field: str) -> None:
    started: list[object] = []
    monkeypatch.setattr(shell.subprocess, "Popen", started.append)
    before = {str(path) for path in pair.actor.host.folder.rglob("*") if path.parent.name not in {"intents", "answers", "state"}}
    for hostile in BY_KIND[kind]:
        harmless = field == "incident_id" and hostile.isascii() and all(letter.islower() or letter.isdigit() or letter == "-" for letter in hostile)
        if harmless and len(hostile) <= 32:
            continue
        for deed in ("plan", "perform", "undo") if field != "deed" else (hostile,):
            arguments = [{}] * len(WIRES[deed].takes) if deed in WIRES else []
            answer = pair.ask(deed, *arguments, **({field: hostile} if field != "deed" else {}))
            assert answer.said == "failed", (deed, hostile)
    assert started == []
    assert {str(path) for path in pair.actor.host.folder.rglob("*") if path.parent.name not in {"intents", "answers", "state"}} == before
