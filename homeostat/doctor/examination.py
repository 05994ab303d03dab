"""The examination: every check is asked, all at once, and one that breaks or hangs has failed and hides no other."""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING

from homeostat import struct_types
from homeostat.alertmanager import AlertmanagerError
from homeostat.daemon_client import DaemonError
from homeostat.discovery import discover
from homeostat.doctor import checks
from homeostat.doctor.model import RESULTS, Check, Checked, Finding, failed
from homeostat.in_time import LateError, ask_all
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homeostat.doctor.model import Result, Subject

log = logging.getLogger(__name__)

CHECKS = dict(sorted(discover(checks, "CHECK", Check).items(), key=lambda item: item[1].order))
WITHIN_SECONDS = 8.0
# Which check says what to do about a door that does not open.
_DOORS = {PrometheusError: "prometheus", AlertmanagerError: "alertmanager", DaemonError: "actor"}


def examine(subject: Subject, checks: Mapping[str, Check] = CHECKS, within_seconds: float = WITHIN_SECONDS) -> list[Checked]:
    """Ask every check and return what each found, in their order, after `within_seconds` at the latest."""
    struct_types.read_all()
    # What hangs, as on a file system that does not answer, may hang for ever: it is not asked again beside itself.
    hanging = {thread.name for thread in threading.enumerate()}
    questions = {name: functools.partial(_ask, name, check, subject) for name, check in checks.items() if _thread(name) not in hanging}
    answers = ask_all(questions, within_seconds, len(questions), subject.doors.clock)
    told = {name: answers.get(name, LateError("it still waits for an answer since an earlier time")) for name in checks}
    return [Checked(name, _unanswered(name, answer) if isinstance(answer, Exception) else answer) for name, answer in told.items()]


def counted(examined: Iterable[Checked]) -> dict[Result, int]:
    """Count the checks by their result."""
    results = [checked.result for checked in examined]
    return {result: results.count(result) for result in RESULTS}


def _thread(name: str) -> str:
    return f"check {name}"


def _ask(name: str, check: Check, subject: Subject) -> tuple[Finding, ...]:
    threading.current_thread().name = _thread(name)
    found = tuple(check.ask(subject))
    if not found:
        raise ValueError("it found nothing at all")
    return found


def _unanswered(name: str, error: Exception) -> tuple[Finding, ...]:
    door = next((door for kind, door in _DOORS.items() if isinstance(error, kind)), None)
    if door is not None:
        return (failed(str(error), f"see what the check {door} says"),)
    if isinstance(error, LateError):
        return (failed(str(error), "see which other check names a part that does not answer; is the host overloaded?"),)
    log.error("the check %s broke", name, exc_info=error)
    return (failed(f"the check itself broke: {type(error).__name__}: {error}", "this is a fault of Homeostat: report it with this line"),)
