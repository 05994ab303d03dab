"""Asks several things at once and waits only so long: one that hangs is told, and holds up nothing else."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from homeostat.clock import Clock

Answered = TypeVar("Answered")


class LateError(Exception):
    """No answer came in time."""


def ask_all(questions: Mapping[str, Callable[[], Answered]], seconds: float, at_once: int, clock: Clock) -> dict[str, Answered | Exception]:
    """Ask each question by its name, `at_once` at most at one time, and return after `seconds` at the latest.

    What a question raised is its answer, and LateError is that of one that has not come. Who still waits then is a daemon
    thread, which a process that ends does not wait for: so a question must leave nothing half done.
    """
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in questions:
        waiting.put(name)
    answers: queue.SimpleQueue[tuple[str, Answered | Exception]] = queue.SimpleQueue()
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put((name, questions[name]()))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this question's answer
                answers.put((name, error))

    for number in range(min(at_once, len(questions))):
        threading.Thread(target=work, name=f"question-{number}", daemon=True).start()
    late = LateError(f"no answer within {seconds:g} s")
    ends, told = clock.monotonic() + seconds, dict[str, "Answered | Exception"](dict.fromkeys(questions, late))
    for _ in questions:
        try:
            name, answer = answers.get(timeout=max(0.0, ends - clock.monotonic()))
        except queue.Empty:
            break
        told[name] = answer
    over.set()
    return told
