"""`python -m forecasting`: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from forecasting.__main__ import LINES, answers

NOW = 1_700_000_000


def request(identity: str, **changes: Any) -> dict[str, Any]:
    ages = 300 * np.arange(2015, -1, -1)
    asked = {
        "id": identity, "ts": (NOW - ages).tolist(), "values": (90 - ages / 86400).tolist(),
        "threshold": 93.0, "direction": "up", "horizon": 7 * 86400, "now": NOW,
    }  # fmt: skip
    return {**asked, **changes}


def run(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "forecasting"], input=text, text=True, capture_output=True, check=False)


def test_a_line_in_is_a_line_out_in_the_same_order() -> None:
    asked = [request("a"), request("b", direction="down"), request("c", threshold=None, direction=None)]
    done = run("".join(json.dumps(line) + "\n" for line in asked))
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in found] == ["a", "b", "c"]
    assert found[0]["prob"] > 0.9
    assert found[0]["lo"] <= found[0]["ttc"] <= (found[0]["hi"] or math.inf)
    assert found[0]["ttc"] == pytest.approx(3 * 86400, rel=0.3)
    assert found[1]["prob"] == 1.0  # 90 is past a lower limit of 93
    assert found[2]["prob"] == 0.0
    assert found[2]["ttc"] is None
    assert found[2]["leak"]
    assert found[2]["slope_per_h"] == pytest.approx(1 / 24, rel=0.2)


def test_more_lines_than_one_chunk_are_all_answered() -> None:
    lines = [json.dumps(request(str(number), ts=[NOW], values=[1.0])) for number in range(LINES + 3)]
    done = run("\n".join(lines))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in found] == [str(number) for number in range(LINES + 3)]
    assert {line["reason"] for line in found} == {"not_enough_data"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2 is no request"),
        (json.dumps({"ts": [1]}), "missing required field"),
        (json.dumps(request("x", ts=[1.0])), "1 times but 2016 values"),
        (json.dumps(request("x", direction="left")), "direction"),
    ],
)
def test_a_line_that_is_no_request_is_named_without_a_traceback(line: str, told: str) -> None:
    done = run(json.dumps(request("a")) + "\n" + line + "\n")
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stderr.startswith("error: line 2")
    assert "Traceback" not in done.stderr


def test_a_value_that_is_null_is_a_gap() -> None:
    asked = request("a")
    values = [None if place % 7 == 0 else value for place, value in enumerate(asked["values"])]
    whole, holed = answers([asked, {**asked, "values": values}])
    assert holed["reason"] is None
    assert holed["prob"] == pytest.approx(whole["prob"], abs=0.1)


def test_a_series_that_ended_hours_ago_has_a_reason() -> None:
    assert answers([request("a", now=NOW + 7 * 3600)])[0]["reason"] == "stale"
