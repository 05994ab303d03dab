"""`homeostat ask`: an answer with what was asked for it, and for what nobody understands what can be asked."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.homeostat.cli.conftest import incident
from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town


def test_words_need_no_quotes_and_the_answer_shows_what_was_asked(town: Town) -> None:
    town.decisions = [incident(), incident(id="77", outcome="refused", reason="a silence holds it", closed_at=time.time() - 60)]
    told = town.run("ask", "what", "was", "refused", "at", "web?")
    assert told.exit_code == 0, told.output
    assert re.match(r"What was not done, and why, from \d{4}-\d\d-\d\d \d\d:\d\d [A-Z0-9+-]+ to now\n", told.output)
    assert "  1 actions were not done." in told.output
    assert "service-restart at web, refused: a silence holds it" in told.output
    assert "GET /api/v1/decisions?last=604800&target=web of the actor" in told.output
    assert "Taken as refused, by: what, was, refused." in told.output


def test_as_json_it_has_plain_numbers(town: Town) -> None:
    closed_at = time.time() - 60
    town.decisions = [incident(outcome="refused", closed_at=closed_at)]
    told = json.loads(town.run("ask", "--json", "what was refused").output)
    assert told["name"] == "refused"
    assert told["parts"][0]["rows"][0]["when"] == closed_at
    assert told["parts"][0]["when"].endswith(" to now")
    assert told["parts"][0]["headings"][0] == {"name": "when", "unit": "moment"}


def test_an_unknown_question_fails_and_lists_what_can_be_asked(town: Town) -> None:
    told = town.run("ask", "bake", "me", "a", "cake")
    assert told.exit_code == 1
    assert told.stdout == ""
    assert "That is no question that is known here." in told.stderr
    assert "  is web running?" in told.stderr
    asked = json.loads(town.run("ask", "--json", "bake a cake").output)
    assert asked["error"] == "That is no question that is known here."


def test_an_order_is_answered_with_its_command_in_one_line_and_nothing_is_done(town: Town) -> None:
    told = town.run("ask", "pause", "for", "3h")
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr == "`homeostat ask` only answers and changes nothing. What would do it is `homeostat pause --for 3h --reason WHY`.\n"


def test_without_a_question_it_lists_what_can_be_asked(town: Town) -> None:
    told = town.run("ask")
    assert told.exit_code == 0
    assert "  what should I worry about?" in told.stdout


def test_a_near_name_is_asked_back(town: Town) -> None:
    town.configure(services={"jellyfin": {"manager": "systemd", "unit": "jellyfin.service"}})
    told = town.run("ask", "why is jelly slow?")
    assert told.exit_code == 1
    assert "'jelly' is no name that is known here; did you mean jellyfin?" in told.stderr


def test_a_question_without_end_is_a_usage_error(town: Town) -> None:
    told = town.run("ask", "x" * 600)
    assert told.exit_code == 2
    assert "a question has at most 500 letters" in told.stderr


def test_what_a_label_holds_never_steers_the_terminal(town: Town) -> None:
    town.decisions = [incident(outcome="refused", reason="\x1b[2Jgone\x07", target="a\nb", closed_at=time.time() - 60)]
    told = town.run("ask", "what was refused")
    assert "\x1b" not in told.output
    assert "\x07" not in told.output
    assert "\\x1b[2Jgone" in told.output


def test_why_and_advice_tell_what_they_can(town: Town) -> None:
    town.decisions = [incident(), incident(id="77", outcome="failed", target="web")]
    town.exporter["investigation"] = Reply({"words": ["Seen now: it swaps."], "points": [{"promql": "node_vmstat_pswpin"}], "known": None})
    told = town.run("ask", "why did you restart web?").output
    assert "service-restart was run at web at 2023-11-14T22:13:30Z; it is verified: memory fell." in told
    assert "`homeostat why 0a1b2c3d` shows every term and gate." in told
    advice = town.run("ask", "why is web slow?").output
    assert "No problem is asserted at web, so Homeostat does nothing there by itself." in advice
    assert "Seen now: it swaps." in advice
    assert "At web service-restart against memory_leak succeeded 1 of 2 times in 90 days." in advice
    assert "  node_vmstat_pswpin\n" in advice


@pytest.mark.parametrize("question", ["why did you restart web?", "why is web slow?"])
def test_why_and_advice_of_nobody_are_no_answer(town: Town, question: str) -> None:
    town.configure(prometheus={"url": "http://127.0.0.1:9", "timeout": "1s"}, links={"console": "http://127.0.0.1:9"}, exporter={"url": "http://127.0.0.1:9"})
    told = town.run("ask", question)
    assert told.exit_code == 1
    assert "gave no answer" in told.output


def test_with_nobody_answering_it_fails(town: Town) -> None:
    town.configure(prometheus={"url": "http://127.0.0.1:9", "timeout": "1s"}, links={"console": "http://127.0.0.1:9"})
    told = town.run("ask", "what was refused")
    assert told.exit_code == 1
    assert "Only names of the configuration are known" in told.output


OWN = """\
questions:
  cats:
    examples: ["how many cats has {host}"]
    words: [[cat], ["{host}"]]
    answers: [{title: Cats, rows: [room], columns: {cats: {promql: "cats{host=$host}"}}}]
"""


def test_an_example_that_is_taken_for_another_kind_is_refused_with_its_line(town: Town) -> None:
    town.folder.joinpath("questions.yml").write_text(OWN.replace("how many cats has {host}", "why is the cat so slow at {host}"))
    checked = town.run("check-config", str(town.folder / "questions.yml"))
    assert checked.exit_code == 1
    assert "questions.yml:3: questions.cats.examples[0]: this would be taken for advice: add words to also" in checked.output


def test_a_question_that_takes_anothers_example_over_is_warned_of(town: Town) -> None:
    grabbing = OWN.replace('words: [[cat], ["{host}"]]', "words: [[cpu, cat]]\n    also: [what, uses, the, most, how, many]").replace("{host=$host}", "")
    town.folder.joinpath("questions.yml").write_text(grabbing)
    checked = town.run("check-config", str(town.folder / "questions.yml"))
    assert "warning: questions: 'what uses the most CPU?' is no longer taken for top-cpu but for cats" in checked.output
