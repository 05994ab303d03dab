"""Many questions at once, none of which holds up the others."""

from __future__ import annotations

import threading
import time

from homeostat.clock import SystemClock
from homeostat.in_time import LateError, ask_all

CLOCK = SystemClock()


def fail() -> int:
    raise ValueError("no")


def test_each_answer_comes_under_its_name_and_in_the_order_of_the_questions() -> None:
    assert ask_all({"b": lambda: 2, "a": lambda: 1}, 5, 4, CLOCK) == {"b": 2, "a": 1}
    assert list(ask_all({"b": lambda: 2, "a": lambda: 1}, 5, 4, CLOCK)) == ["b", "a"]
    assert ask_all({}, 5, 4, CLOCK) == {}


def test_what_a_question_raises_is_its_answer() -> None:
    told = ask_all({"a": fail, "b": lambda: 2}, 5, 1, CLOCK)
    assert isinstance(told["a"], ValueError)
    assert told["b"] == 2


def test_who_hangs_is_late_and_the_others_have_answered() -> None:
    over = threading.Event()
    began = time.monotonic()
    told = ask_all({"hangs": lambda: int(over.wait(30)), "answers": lambda: 1}, 0.3, 2, CLOCK)
    assert time.monotonic() - began < 15
    over.set()
    assert isinstance(told["hangs"], LateError)
    assert str(told["hangs"]) == "no answer within 0.3 s"
    assert told["answers"] == 1


def test_no_more_are_asked_at_once_than_may_be_and_none_when_it_is_over() -> None:
    running, most, asked = 0, 0, 0
    lock = threading.Lock()

    def count() -> int:
        nonlocal running, most, asked
        with lock:
            running, asked = running + 1, asked + 1
            most = max(most, running)
        time.sleep(0.1)
        with lock:
            running -= 1
        return 1

    told = ask_all({str(number): count for number in range(20)}, 0.35, 3, CLOCK)
    time.sleep(0.3)
    assert most == 3
    assert asked < 20
    assert 0 < sum(answer == 1 for answer in told.values()) < 20
