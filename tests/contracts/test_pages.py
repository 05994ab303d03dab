"""The pages for users name what there is, neither more nor less."""

from __future__ import annotations

import pathlib
import re

from actor.playbook import PROTECTIONS
from actor.situation import GATES

DOCS = pathlib.Path(__file__).parents[2] / "docs"


def first_column(page: str) -> list[str]:
    """Return what stands as code in the first cell of each row of a page's tables, in order."""
    return re.findall(r"^\| `([\w-]+)`", DOCS.joinpath(page).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_of_gates_names_each_in_the_order_in_which_it_is_asked() -> None:
    assert first_column("gates.md") == list(GATES)


def test_the_page_of_undo_names_every_protection() -> None:
    assert set(first_column("undo.md")) == set(PROTECTIONS)
