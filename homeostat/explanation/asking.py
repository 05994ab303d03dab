"""Asks every door at once and waits for none longer than a few seconds: an explanation tells what it could learn."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import TYPE_CHECKING, Any

from homeostat.alertmanager import AlertmanagerError
from homeostat.daemon_client import DaemonError
from homeostat.explanation.parts import Silent
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 5.0
# In the actor each holds a thread of its web server, which Alertmanager's deliveries need too: of many at once, few wait long.
_PATIENT_AT_ONCE = 2
_IMPATIENT_SECONDS = 0.5
_patient = threading.BoundedSemaphore(_PATIENT_AT_ONCE)


def ask(questions: dict[str, Callable[[], Any]], patience_seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """Return what each question was answered with, or Silent, as `ask_patiently`; where many ask at once, few are as patient as they would be."""
    is_patient = _patient.acquire(blocking=False)
    try:
        return ask_patiently(questions, patience_seconds if is_patient else min(patience_seconds, _IMPATIENT_SECONDS))
    finally:
        if is_patient:
            _patient.release()


def ask_patiently(questions: dict[str, Callable[[], Any]], seconds: float) -> dict[str, Any]:
    """Return what each question was answered with in so many seconds, or Silent; all are asked at the same time.

    A door that hangs is left to its own timeout, in a thread that keeps no process from ending.
    """
    asked = {name: _begin(name, question) for name, question in questions.items()}
    done, _ = concurrent.futures.wait(asked.values(), seconds)
    late = Silent(f"no answer within {seconds:g} s")
    return {name: future.result() if future in done else late for name, future in asked.items()}


def _begin(name: str, question: Callable[[], Any]) -> concurrent.futures.Future[Any]:
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def answer() -> None:
        try:
            future.set_result(question())
        except (PrometheusError, AlertmanagerError, DaemonError) as error:
            future.set_result(Silent(str(error)))
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is read
            future.set_exception(error)

    threading.Thread(target=answer, name=f"asking {name}", daemon=True).start()
    return future
