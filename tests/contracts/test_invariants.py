"""Each invariant of docs/invariants.md names tests that exist, of the kinds that it says."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "invariants.md"
INVARIANTS = 34
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| ([CPFS ]+) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[int, tuple[str, str]]:
    """Return each invariant's kinds and the cell that names its tests, by number."""
    return {int(number): (kinds, tests) for number, _, kinds, tests in _ROW.findall(PAGE.read_text(encoding="utf-8"))}


def defined(path: str) -> set[str]:
    tree = ast.parse(ROOT.joinpath(path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_invariant_has_its_row_in_order() -> None:
    assert list(rows()) == list(range(1, INVARIANTS + 1))


@pytest.mark.parametrize("number", range(1, INVARIANTS + 1))
def test_the_tests_that_an_invariant_names_exist(number: int) -> None:
    kinds, tests = rows()[number]
    named = _TEST.findall(tests)
    assert len(named) >= 1, f"invariant {number} names no test"
    assert kinds.split(), f"invariant {number} says not how it is shown"
    for path, name in named:
        assert ROOT.joinpath(path).is_file(), f"invariant {number}: there is no {path}"
        assert name in defined(path), f"invariant {number}: {path} has no {name}"
