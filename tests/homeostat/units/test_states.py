"""How services are is what their managers tell of now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.config.catalogue import Service
from homeostat.units import states
from homeostat.units.asking import Told
from homeostat.units.places import Unreachable

if TYPE_CHECKING:
    import pytest

WEB = {"web": Service(manager="systemd", unit="web.service")}


def told(name: str, health: str, *, running: bool) -> Told:
    return Told(id=name, name=name, image="box", image_id="1", unit="web.service", health=health, running=running)


def test_a_container_that_has_ended_lends_its_unit_no_health(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states.asking, "manager", lambda _: {"NFailedUnits": "0"})
    monkeypatch.setattr(states.asking, "shown", lambda *_: {"web.service": {"ActiveState": "active"}})
    monkeypatch.setattr(states.asking, "containers", lambda *_: [told("old", "unhealthy", running=False)])
    assert states.look(WEB).services["web"].health == ""
    monkeypatch.setattr(states.asking, "containers", lambda *_: [told("old", "unhealthy", running=False), told("new", "healthy", running=True)])
    assert states.look(WEB).services["web"].health == "healthy"


def test_a_service_of_which_the_journal_does_not_answer_how_it_ended_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> str:
        raise Unreachable("the journal does not answer")

    monkeypatch.setattr(states.asking, "manager", lambda _: {"NFailedUnits": "0"})
    monkeypatch.setattr(states.asking, "shown", lambda *_: {"web.service": {"ActiveState": "failed"}})
    monkeypatch.setattr(states.asking, "containers", lambda *_: [])
    monkeypatch.setattr(states.asking, "ended", silent)
    seen = states.look(WEB)
    assert (seen.services, seen.unseen) == ({}, {"web": "the journal does not answer"})
