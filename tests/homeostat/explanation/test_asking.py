"""Every door is asked at once, and none is waited for longer than a few seconds."""

from __future__ import annotations

import threading
import time

import pytest

from homeostat.alertmanager import AlertmanagerError
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent


def test_a_door_that_hangs_is_silent_and_the_others_are_heard() -> None:
    never = threading.Event()
    began = time.monotonic()
    answers = ask({"hangs": never.wait, "answers": lambda: 7}, 0.2)
    assert answers == {"hangs": Silent("no answer within 0.2 s"), "answers": 7}
    assert time.monotonic() - began < 15
    never.set()


def test_of_many_who_ask_what_hangs_few_wait_long_and_what_answers_is_heard_by_all() -> None:
    never, heard = threading.Event(), list[tuple[float, object]]()

    def one() -> None:
        began = time.monotonic()
        answer = ask({"hangs": never.wait, "answers": lambda: 7}, 3.0)["answers"]
        heard.append((time.monotonic() - began, answer))

    askers = [threading.Thread(target=one) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    never.set()
    assert {answer for _, answer in heard} == {7}
    assert sum(seconds > 2 for seconds, _ in heard) == 2


def test_a_door_that_fails_is_silent_with_its_reason() -> None:
    def fails() -> None:
        raise AlertmanagerError("it is down")

    assert ask({"fails": fails}) == {"fails": Silent("it is down")}


def test_a_fault_of_our_own_is_no_silence() -> None:
    with pytest.raises(ZeroDivisionError):
        ask({"broken": lambda: 1 // 0})
