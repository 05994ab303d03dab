"""Whether a text has the form of PromQL, told without any Prometheus: what is wrong with it and where. Which metrics and functions there are it knows not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)|(?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    |(?P<number>0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<name>[a-zA-Z_:][\w:]*)|(?P<sign>==|!=|>=|<=|=~|!~|[-+*/%^<>=(){}\[\],:@])""",
    re.VERBOSE,
)
_COLON = re.compile("(?P<sign>:)")
_OPERATORS = {"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"}
_MATCHES = {"=", "!=", "=~", "!~"}
_GROUPS = {"by", "without"}
_JOINS = {"on", "ignoring"}
_SIDES = {"group_left", "group_right"}
# What else is a word of the language may be a metric, too.
_WORDS = {"bool", *_JOINS, *_SIDES}


class _WrongError(Exception):
    """What is wrong, and at which letter."""


def fault(text: str) -> str | None:
    """Say what is wrong with the form of a query, and at which letter (from 1); None where nothing is."""
    try:
        _Reader(text).whole()
    except _WrongError as error:
        return str(error)
    except RecursionError:
        return "it is nested too deeply"
    return None


class _Reader:
    """Reads a query from left to right."""

    def __init__(self, text: str) -> None:
        """Take it apart. Raises _WrongError."""
        self._tokens: list[tuple[str, str, int]] = []
        place, ranged = 0, False
        while place < len(text):
            # Within a range a colon parts its step, elsewhere it is a letter of names.
            match = (ranged and _COLON.match(text, place)) or _TOKEN.match(text, place)
            if match is None:
                what = "a quotation mark is open at" if text[place] in "\"'`" else f"{text[place : place + 10]!r} is nothing that PromQL knows, at"
                raise _WrongError(f"{what} letter {place + 1}")
            if match.lastgroup != "space":
                self._tokens.append((match.lastgroup or "", match[0], place + 1))
            ranged = match[0] == "[" or (ranged and match[0] != "]")
            place = match.end()
        self._tokens.append(("end", "", len(text) + 1))
        self._at = 0

    def whole(self) -> None:
        """Read all of it. Raises _WrongError."""
        self._expression()
        if self._kind != "end":
            raise self._wrong("an operator or the end")

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _word(self) -> str:
        kind, text, _ = self._tokens[self._at]
        return text.lower() if kind == "name" else text if kind == "sign" else ""

    def _wrong(self, wanted: str) -> _WrongError:
        kind, text, place = self._tokens[self._at]
        return _WrongError(f"{wanted} has to stand at letter {place}, {'where it ends' if kind == 'end' else f'not {text!r}'}")

    def _met(self, *words: str) -> bool:
        """Go on where one of these words stands."""
        if self._word not in words:
            return False
        self._at += 1
        return True

    def _need(self, word: str) -> None:
        if not self._met(word):
            raise self._wrong(repr(word))

    def _need_kind(self, wanted: str, *kinds: str) -> None:
        if self._kind not in kinds:
            raise self._wrong(wanted)
        self._at += 1

    def _expression(self) -> None:
        self._operand()
        while self._met(*_OPERATORS):
            self._met("bool")
            if self._met(*_JOINS):
                self._labels()
            if self._met(*_SIDES) and self._word == "(":
                self._labels()
            self._operand()

    def _operand(self) -> None:
        while self._met("-", "+"):
            pass
        self._plain()
        while self._met("[", "offset", "@"):
            self._after(self._tokens[self._at - 1][1].lower())

    def _after(self, word: str) -> None:
        if word == "[":
            self._need_kind("a duration, as 5m,", "duration", "number")
            if self._met(":") and self._word != "]":
                self._need_kind("a duration, as 1m,", "duration", "number")
            self._need("]")
            return
        self._met("-") or self._met("+")
        if word == "offset":
            self._need_kind("a duration, as 1d,", "duration", "number")
        elif self._met("start", "end"):
            self._need("(")
            self._need(")")
        else:
            self._need_kind("a time", "number", "duration")

    def _plain(self) -> None:
        if self._met("("):
            self._expression()
            self._need(")")
        elif self._met("{"):
            self._listed("}", self._matcher)
        elif self._kind in {"number", "duration", "string"}:
            self._at += 1
        elif self._kind == "name" and self._word not in _WORDS:
            self._at += 1
            self._named()
        else:
            raise self._wrong("a metric, a number or a function")

    def _named(self) -> None:
        """Read what follows a name: labels of a metric, or what a function or an aggregation is of."""
        if self._met("{"):
            self._listed("}", self._matcher)
            return
        grouped = self._met(*_GROUPS)
        if grouped:
            self._labels()
        if grouped and self._word != "(":
            raise self._wrong("'('")
        if self._met("("):
            self._listed(")", self._expression)
            if not grouped and self._met(*_GROUPS):
                self._labels()

    def _labels(self) -> None:
        self._need("(")
        self._listed(")", lambda: self._need_kind("a label", "name", "string"))

    def _matcher(self) -> None:
        self._need_kind("a label", "name", "string")
        if self._tokens[self._at - 1][0] == "string" and self._word in {",", "}"}:
            return
        if not self._met(*_MATCHES):
            raise self._wrong("one of = != =~ !~")
        self._need_kind("a text in quotes", "string")

    def _listed(self, end: str, read: Callable[[], None]) -> None:
        """Read entries with commas between them, and the sign at their end."""
        while not self._met(end):
            read()
            if self._word != end:
                self._need(",")
