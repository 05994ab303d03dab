"""The page about questions names each kind, with an example that is taken for it, and a question of one's own that is accepted."""

from __future__ import annotations

import pathlib
import re

from homeostat.config import Config, loads
from homeostat.config.units import Duration
from homeostat.questions.hearing import Heard, Unheard, hear
from homeostat.questions.orders import Ordered, answer_to
from homeostat.questions.patterns import NOBODY, built_in, known_questions, misunderstood
from homeostat.questions.spans import span_of

PAGE = (pathlib.Path(__file__).parents[2] / "docs/ask.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", PAGE, re.MULTILINE)


def test_every_kind_has_its_row_in_the_order_in_which_it_is_told() -> None:
    assert [name for name, _ in ROWS] == list(built_in())


def test_every_example_is_taken_for_its_kind() -> None:
    heard = {example: hear(example, built_in(), NOBODY) for _, example in ROWS}
    assert {example: found.name if isinstance(found, Heard) else None for example, found in heard.items()} == {example: name for name, example in ROWS}


def test_every_command_of_the_page_is_understood() -> None:
    asked = re.findall(r"homeostat ask (?:--json )?\"?([a-z][^\"\n`]*\w)", PAGE.replace("/srv", "/srv/media"))
    assert len(asked) >= 4
    assert [text for text in asked if isinstance(hear(text, built_in(), NOBODY), Unheard)] == []


def test_every_order_of_the_page_is_answered_as_it_says() -> None:
    orders = re.findall(r"^\$ homeostat ask (.+)\n(`homeostat ask` only.+)$", PAGE, re.MULTILINE)
    assert len(orders) >= 3
    for text, line in orders:
        order = hear(text, built_in(), NOBODY)
        assert isinstance(order, Ordered)
        assert answer_to(order, {}, span_of(text, Duration(7200), 0.0)) == line


def test_the_question_of_one_s_own_is_accepted_and_told_from_ours() -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    own = loads(written, Config, "docs/ask.md").questions
    assert list(misunderstood(known_questions(own), known_questions(own))) == []
