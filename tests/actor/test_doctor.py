"""The doctor in the actor: when it comes, and what it leaves to be scraped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from actor import doctor
from actor.doctor import Doctor, rest_seconds
from actor.service import Examined
from homeostat.doctor.model import Checked, failed, passed, warned
from tests.actor.web import pages_of
from tests.support import HOST, Actor

if TYPE_CHECKING:
    import pathlib

    import pytest

WELL = Checked("actor", (passed("it answers"),))
HALF = Checked("rules", (passed("loaded"), warned("old", "renew it")))
ILL = Checked("route", (warned("quiet", "wake it"), failed("there is none", "make one")))


def test_it_comes_hourly_and_sooner_where_something_failed() -> None:
    assert rest_seconds(Examined((WELL, HALF), 0.0)) == 3600
    assert rest_seconds(Examined((WELL, HALF, ILL), 0.0)) == 600


def test_what_it_found_is_counted_and_every_check_says_whether_it_failed(actor: Actor) -> None:
    pages = pages_of(actor)
    assert "homeostat_doctor" not in pages.client.get("/metrics").text
    pages.service.examined = Examined((WELL, HALF, ILL), 1_700_000_123.0)
    text = pages.client.get("/metrics").text
    for result in ("passed", "warned", "failed"):
        assert f'homeostat_doctor_checks{{host="{HOST}",result="{result}"}} 1.0' in text
    for check, value in (("actor", 0.0), ("rules", 0.0), ("route", 1.0)):
        assert f'homeostat_doctor_check_failed{{check="{check}",host="{HOST}"}} {value}' in text
    assert f'homeostat_doctor_last_run_timestamp_seconds{{host="{HOST}"}} 1.700000123e+09' in text


def test_an_error_of_its_own_does_not_end_it(actor: Actor, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(doctor, "_AFTER_TROUBLE_SECONDS", 0.01)
    looked = threading.Semaphore(0)

    class Clumsy(Doctor):
        def look(self) -> Examined:
            looked.release()
            raise RuntimeError("it fell")

    Clumsy(pages_of(actor).service, tmp_path / "homeostat.yml", "http://127.0.0.1:9").start()
    assert all(looked.acquire(timeout=5) for _ in range(3))
    actor.world.ending.set()
    time.sleep(0.05)
    while looked.acquire(blocking=False):
        pass
    time.sleep(0.05)
    assert not looked.acquire(blocking=False)
