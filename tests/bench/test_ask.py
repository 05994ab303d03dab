"""docs/ask.md tells what docs/bench/ask.json holds."""

from __future__ import annotations

import json

from bench import ask as bench


def test_the_pages_table_is_that_of_the_measurements() -> None:
    page = bench.PAGE.read_text(encoding="utf-8").split("<!-- table ask -->\n")[1].split("<!-- end -->")[0]
    assert page == bench.table(json.loads(bench.DATA.read_text(encoding="utf-8"))), "make it anew with python -m bench.ask"


def test_the_answer_itself_takes_a_tenth_of_the_target() -> None:
    found = json.loads(bench.DATA.read_text(encoding="utf-8"))
    taken = sorted(used for every in found["within"].values() for _, used in every)
    assert taken[len(taken) // 2] < bench.TARGET_SECONDS / 10
