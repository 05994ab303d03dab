"""An examination tells of every check, whatever one of them does."""

from __future__ import annotations

import pathlib
import threading
import time
from typing import TYPE_CHECKING

import pytest

from homeostat.alertmanager import AlertmanagerError
from homeostat.config import Config
from homeostat.daemon_client import DaemonError
from homeostat.doctor.examination import CHECKS, counted, examine
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned
from homeostat.doors import open_doors
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterable

SUBJECT = Subject(open_doors(Config(host="h1")), pathlib.Path("homeostat.yml"))


def checking(*findings: Finding) -> Check:
    return Check(order=1, ask=lambda subject: findings)


def raising(error: Exception) -> Check:
    def ask(subject: Subject) -> Iterable[Finding]:
        yield passed("so far")
        raise error

    return Check(order=1, ask=ask)


def test_a_check_is_as_bad_as_the_worst_that_it_found() -> None:
    examined = examine(SUBJECT, {"a": checking(passed("x"), failed("y", "do"), warned("z", "do")), "b": checking(passed("x"), warned("z", "do")), "c": checking(passed("x"))})
    assert [(checked.name, checked.result) for checked in examined] == [("a", "failed"), ("b", "warned"), ("c", "passed")]
    assert counted(examined) == {"passed": 1, "warned": 1, "failed": 1}


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (PrometheusError("no answer"), "see what the check prometheus says"),
        (AlertmanagerError("no answer"), "see what the check alertmanager says"),
        (DaemonError("no answer"), "see what the check actor says"),
    ],
)
def test_a_door_that_does_not_open_is_told_by_the_check_that_is_about_it(error: Exception, fix: str) -> None:
    (checked, other) = examine(SUBJECT, {"a": raising(error), "b": checking(passed("x"))})
    assert checked.findings == (failed("no answer", fix),)
    assert other.result == "passed"


@pytest.mark.parametrize("check", [raising(RuntimeError("oh")), checking()], ids=["it breaks", "it finds nothing"])
def test_a_check_that_breaks_has_failed_and_hides_no_other(check: Check) -> None:
    (broken, other) = examine(SUBJECT, {"a": check, "b": checking(passed("x"))})
    assert broken.result == "failed"
    assert broken.findings[0].seen.startswith("the check itself broke: ")
    assert other.result == "passed"


def test_a_check_that_hangs_has_failed_in_time() -> None:
    over = threading.Event()

    def hang(subject: Subject) -> tuple[Finding, ...]:
        over.wait(30)
        return (passed("x"),)

    began = time.monotonic()
    (hanging, other) = examine(SUBJECT, {"a": Check(1, hang), "b": checking(passed("x"))}, within_seconds=0.3)
    assert time.monotonic() - began < 15
    over.set()
    assert hanging.findings[0].seen == "no answer within 0.3 s"
    assert other.result == "passed"


def test_a_check_that_hangs_for_ever_is_not_asked_again_beside_itself() -> None:
    over, asked = threading.Event(), threading.Semaphore(0)

    def hang(subject: Subject) -> tuple[Finding, ...]:
        asked.release()
        over.wait(30)
        return (passed("x"),)

    seen = [examine(SUBJECT, {"for ever": Check(1, hang)}, within_seconds=0.2)[0].findings[0].seen for _ in range(3)]
    over.set()
    assert seen == ["no answer within 0.2 s", *["it still waits for an answer since an earlier time"] * 2]
    assert asked.acquire(blocking=False)
    assert not asked.acquire(blocking=False)
    time.sleep(0.1)
    assert examine(SUBJECT, {"for ever": Check(1, hang)})[0].result == "passed"


def test_the_checks_go_along_the_chain_and_each_place_is_taken_once() -> None:
    orders = [check.order for check in CHECKS.values()]
    assert orders == sorted(set(orders))


