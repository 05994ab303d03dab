"""Types that are read before threads start do no harm when many threads use them at once."""

from __future__ import annotations

import subprocess
import sys
import time

import msgspec

from homeostat import struct_types

# What takes effect here is a race: so often, and with threads that change so fast, that it is lost every time without the line.
_RACE = """
import sys, threading
import msgspec
from homeostat import struct_types

sys.setswitchinterval(1e-6)
value = {"each": [{"name": "a", "numbers": [1]}], "by_name": {"b": {"name": "b", "numbers": []}}}
for _ in range(300):
    class Inner(msgspec.Struct):
        name: str
        numbers: list[int]

    class Outer(msgspec.Struct):
        each: tuple[Inner, ...]
        by_name: dict[str, Inner]

    struct_types.read_all()
    barrier = threading.Barrier(4)
    def use():
        barrier.wait()
        msgspec.convert(value, Outer)
    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del Inner, Outer
print("done")
"""


def test_threads_may_use_a_type_at_once_for_the_first_time() -> None:
    done = subprocess.run([sys.executable, "-c", _RACE], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_a_type_that_cannot_be_read_is_left_alone() -> None:
    class Written(msgspec.Struct):
        anything: complex | bytes | set[object]
        nobody: Nowhere  # type: ignore[name-defined]  # noqa: F821

    struct_types.read_all()
    assert Written


def test_it_takes_no_time_that_a_start_would_notice() -> None:
    struct_types.read_all()
    began = time.process_time()
    struct_types.read_all()
    assert time.process_time() - began < 1
