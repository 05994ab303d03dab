"""What can be asked: the built-in kinds of questions beside the owner's own."""

from __future__ import annotations

import functools
import pathlib
import re
from typing import TYPE_CHECKING

import msgspec
import yaml

from homeostat.config.questions import Question
from homeostat.questions.hearing import Heard, hear
from homeostat.questions.names import Names
from homeostat.questions.orders import Ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AN_ORDER = "an order"
BUILT_IN = pathlib.Path(__file__).with_name("patterns.yml")
_SLOT = re.compile(r"\{(\w+)\}")
# Names that no question is made of, one of each kind: what an example is tried with.
_STAND_INS = {"service": "jellyfin", "filesystem": "/srv/media", "target": "immich", "host": "nas7"}
NOBODY = Names({name: frozenset({kind, *({"target"} if kind != "host" else ())}) for kind, name in _STAND_INS.items()}, {}, {})


@functools.cache
def built_in() -> dict[str, Question]:
    """Return the built-in kinds by name.

    The strict reader, which knows the line of every fault, takes twenty times as long; a test reads them with it.
    """
    written = yaml.load(BUILT_IN.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return msgspec.convert(written, dict[str, Question], dec_hook=lambda kind, text: kind.parse(text))


def known_questions(own: Mapping[str, Question]) -> dict[str, Question]:
    """Return the owner's kinds and the built-in ones by name, the owner's first; one of a built-in's name takes its place."""
    return {**own, **{name: question for name, question in built_in().items() if name not in own}}


def spoken(example: str, names: Mapping[str, str] | None = None) -> str:
    """Return an example with names in its places: these by kind, else stand-ins."""
    return _SLOT.sub(lambda place: {**_STAND_INS, **(names or {})}[place[1]], example)


def misunderstood(questions: Mapping[str, Question], names: Iterable[str]) -> Iterator[tuple[str, int, str | None]]:
    """Yield each example of these kinds that is not taken for its own: the kind, which of its examples it is, and what it is taken for: AN_ORDER, or None for nothing."""
    for name in sorted(names):
        for number, example in enumerate(questions[name].examples):
            heard = hear(spoken(example), questions, NOBODY)
            taken = heard.name if isinstance(heard, Heard) else AN_ORDER if isinstance(heard, Ordered) else None
            if taken != name:
                yield name, number, taken
