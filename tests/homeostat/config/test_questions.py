"""A question of the owner's is data, and what is wrong in it is told with its line and path."""

from __future__ import annotations

import pytest

from homeostat.config import Config, ConfigError, loads

GOOD = """\
questions:
  cats:
    examples: ["how many cats has {host}"]
    words: [[cat], ["{host}"]]
    answers:
      - title: Cats
        rows: [room]
        columns:
          cats: {promql: "cats{host=$host}"}
        says: ["{cats} in {room}"]
"""


def test_a_question_is_read() -> None:
    assert loads(GOOD, Config, "homeostat.yml").questions["cats"].words == (("cat",), ("{host}",))


@pytest.mark.parametrize(
    ("change", "to", "told"),
    [
        ("words: [[cat]", "wrods: [[cat]", ":4: questions.cats.wrods: unknown key; did you mean 'words'?"),
        ("examples:", "examples: []\n    also:", "examples must hold at least one"),
        ("[[cat], ", "[[], ", "words must hold at least one list, and none that is empty"),
        ('"{host}"]]', '"{hots}"]]', "{hots} names nothing; write one of {target}, {service}, {filesystem}, {host}"),
        ("$host", "$hots", ":9: questions.cats.answers[0].columns.cats: promql: $hots is nothing; write one of $target"),
        ("$host", "'$host'", "promql: $host stands in quotes, and brings its own"),
        ("$host", "$service", "$service needs a list of words that is just {service}"),
        ("{cats} in", "{dogs} in", "says has no {dogs} to fill in; there are {cats}"),
        ("{cats} in", "{cats.__class__} in", "says has no {cats.__class__} to fill in"),
        ("{cats} in", "{cats!r} in", "says has no {cats} to fill in"),
        ("{cats} in", "{cats in", "a brace by itself is written twice"),
        ("        rows: [room]", "        rows: [room]\n        order: size", "order 'size' is no heading; there are room, cats"),
        ("        rows: [room]", "        journal: decisions", "columns have promql, or field where journal is asked"),
        ("        rows: [room]", "        asks: {last: $seconds}", "asks, where and at belong to journal"),
        ('{promql: "cats{host=$host}"}', '{promql: "cats", field: id}', "a column has either promql or field"),
        ('{promql: "cats{host=$host}"}', '{promql: "cats", unit: dozens}', "questions.cats.answers[0].columns.cats.unit: "),
        ("    answers:", "    tells: why\n    answers:", "a question has either answers or tells"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: str, to: str, told: str) -> None:
    assert change in GOOD
    with pytest.raises(ConfigError) as fault:
        loads(GOOD.replace(change, to), Config, "homeostat.yml")
    assert told in str(fault.value)
    assert str(fault.value).startswith("homeostat.yml:")
