"""Patterns that lines of a log are searched for: a regular expression that no line can keep busy."""

from __future__ import annotations

import re

from homeostat.config.section import Positive, Section
from homeostat.words import Severity

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d*)(?P<comma>,)?(?P<most>\d*)\}|.", re.DOTALL)
_MOST_WAYS = 10_000
_HARMLESS_SPAN = 8


class LogPattern(Section, frozen=True, kw_only=True):
    """What to search for in every line that a program logs."""

    match: str
    """A regular expression, without regard to case, whose repetitions are all bounded, as in 'lost {1,3}contact'."""
    severity: Severity = "warning"
    """How urgent many of these are."""
    enough: Positive | None = None
    """How many in an hour are an error burst; without it, what `exporter.observers.logs.enough` says."""

    def __post_init__(self) -> None:
        """Refuse what cannot be searched for, or not in bounded time."""
        bounded(self.match)


def bounded(pattern: str) -> re.Pattern[str]:
    """Compile a regular expression of which no line can take long.

    Raises:
        ValueError: it is none, it finds everything, or it repeats without bound, or groups, or in too many ways.

    """
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    if compiled.search("") is not None:
        raise ValueError(f"{pattern!r} would find every line")
    if _ways(pattern) > _MOST_WAYS:
        raise ValueError(f"{pattern!r} repeats in too many ways to be searched for in every line; write narrower bounds")
    return compiled


def _ways(pattern: str) -> int:
    """Return in how many ways a pattern may be tried from one place of a line: what follows one another multiplies. Raises ValueError."""
    # Of each group that is open, and of the whole: the most that one of its alternatives has, and what the present one has so far.
    most, present, before = [1], [1], ""
    for token in _TOKEN.finditer(pattern):
        text = token.group()
        if text == "(":
            most.append(1)
            present.append(1)
        elif text in {"|", ")"}:
            most[-1], present[-1] = max(most[-1], present[-1]), 1
        if text == ")":
            present.pop()
            present[-1] *= most.pop()
        present[-1] *= _repeats(pattern, token, before)
        before = text
    return max(most[0], present[0])


def _repeats(pattern: str, token: re.Match[str], before: str) -> int:
    """Return how many numbers of repetitions of what stands `before` it a token allows, 1 where they are few. Raises ValueError."""
    text = token.group()
    if text in {"*", "+"}:
        raise ValueError(f"{pattern!r} repeats without bound at {text!r}; write how often at most, as in {{0,80}}")
    if token["least"] is None or not (token["least"] or token["most"]):
        return 1
    if token["comma"] and not token["most"]:
        raise ValueError(f"{pattern!r} repeats without bound at {text!r}; write how often at most, as in {{0,80}}")
    if before == ")":
        raise ValueError(f"{pattern!r} repeats a group at {text!r}; only single characters and classes may be repeated")
    span = int(token["most"]) - int(token["least"] or 0) + 1 if token["comma"] else 1
    return span if span > _HARMLESS_SPAN else 1
