"""`/ask`: a question in free words, answered as `homeostat ask` answers it, with what was asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask

from actor.console.asking import doors_of
from actor.console.page import Page, show
from homeostat.questions.answering import answer
from homeostat.questions.hearing import MOST_LETTERS
from homeostat.questions.model import NotUnderstood
from homeostat.questions.writing import written

if TYPE_CHECKING:
    from actor.service import Service


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/ask")
    def ask() -> flask.Response:
        question = flask.request.args.get("question", "")[:MOST_LETTERS]
        try:
            told: dict[str, Any] = {"reply": answer(doors_of(service), question)}
        except NotUnderstood as error:
            told = {"why_not": str(error) if question.strip() else "", "examples": error.can_be_asked}
        return show("ask", question=question, most_letters=MOST_LETTERS, written=written, **told)


PAGE = Page(add=_add, title="Ask", order=17)
