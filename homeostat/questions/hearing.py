"""Which kind of question a text is: by its words, a slip of one letter allowed; pure, and always with the same result."""

from __future__ import annotations

import collections
import dataclasses
import re
from typing import TYPE_CHECKING

from homeostat.config.questions import NAMES
from homeostat.questions.orders import Ordered, ordered
from homeostat.questions.spans import told_at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from homeostat.config.questions import Question
    from homeostat.questions.names import Mention, Names

MOST_LETTERS = 500
# A slip is looked for in words from so many letters on: of shorter ones, another letter makes another word.
_LEAST_SLIP = 5
_LEAST_PLURAL = 4
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\b\d+(?:[-:./]\d+)*\b")
_COUNT = re.compile(r"\b(?:top|first|last|biggest|largest)\s+(\d{1,3})\b(?!\s*(?:min|hour|day|week|month|year|[mhdwy]\b))", re.IGNORECASE)
_USUAL_COUNT = 10
_COURTESY = frozenset(["please", "could", "would", "can", "may", "might", "you", "tell", "show", "me", "us", "list", "give", "know", "want", "like", "need", "hey", "hi", "hello", "thanks", "thank", "homeostat", "the", "a", "an", "my", "our", "this", "that", "these", "those", "of", "on", "in", "at", "to", "for", "with", "by", "from", "and", "or", "just", "right", "now", "currently", "really", "actually", "i", "we", "it", "its", "s", "t", "didn", "isn", "doesn", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "has", "have", "had", "will", "any", "some", "all", "there", "here", "there"])

# Words that any question may be put with: nothing is lost where they say nothing.
_ASKING = frozenset(["what", "whats", "which", "how", "who", "when", "anything", "everything", "whether", "service", "container", "soon"])


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """What a question was taken for: its kind, the words that told it, the names in it, and how many are asked for.

    `unknown` are words and numbers that say nothing here, `beside` are known names after the first of their kind.
    """

    name: str
    because: tuple[str, ...]
    names: Mapping[str, str]
    count: int = _USUAL_COUNT
    unknown: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Unheard:
    """No kind fits. With `kinds` of names the words fit `nearest`, which needs such a name; `unknown` are words that nobody knows."""

    unknown: tuple[str, ...]
    nearest: str | None = None
    kinds: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Fit:
    """A kind that a text may be: at which words, how much these tell, how many lists it has, and which kinds of name would do where only one is missing."""

    name: str
    places: frozenset[int]
    weight: float
    lists: int
    kinds: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class _Text:
    """A question's words in lower case, and which of them known names are made of, by kind."""

    words: tuple[str, ...]
    mentions: tuple[tuple[Mention, frozenset[int]], ...]
    # Of each word, what it may stand for: itself, or its singular, or where it is known to nobody, what it is a slip of.
    meanings: tuple[frozenset[str], ...]
    unknown: tuple[str, ...]
    # Which words tell a time.
    timed: frozenset[int]

    def places(self, entry: str) -> frozenset[int] | None:
        """Return at which words an entry of a list is met, None where it is not."""
        if entry[:1] == "{":
            return next((places for mention, places in self.mentions if entry[1:-1] in mention.kinds), None)
        wanted = entry.split()
        for start in range(len(self.words) - len(wanted) + 1):
            if all(word in self.meanings[start + place] for place, word in enumerate(wanted)):
                return frozenset(range(start, start + len(wanted)))
        return None


def hear(text: str, questions: Mapping[str, Question], names: Names) -> Heard | Unheard | Ordered:
    """Return the kind of question for which the text's words speak the most; of equals the one that asks for more, then the first.

    What is an order is no question of any kind. A word, or some in a row, that only one kind has speaks for it in full, one that four have for each of them by a quarter.

    Raises:
        ValueError: the text is too long.

    """
    if len(text) > MOST_LETTERS:
        raise ValueError(f"a question has at most {MOST_LETTERS} letters; this one has {len(text)}")
    read = _read(text, _vocabulary(questions.values()), names)
    if (order := ordered(read.words, _by_kind(read))) is not None:
        return order
    fits = _fits(read, questions)
    best = max((fit for fit in fits if not fit.kinds), key=lambda fit: (fit.weight, fit.lists), default=None)
    wanting = max((fit for fit in fits if fit.kinds), key=lambda fit: fit.weight, default=None)
    if best is None or (wanting is not None and wanting.weight >= best.weight and any(names.near(word, wanting.kinds) for word in read.unknown)):
        # Who misspells a name still asks of it: no vaguer question is answered in its place.
        return Unheard(read.unknown, wanting.name, wanting.kinds) if wanting is not None else Unheard(read.unknown)
    question = questions[best.name]
    because = tuple(read.words[place] for place in sorted(best.places))
    named = _named(read, question)
    beside = tuple(dict.fromkeys(mention.name for mention, _ in read.mentions if mention.name not in named.values()))
    return Heard(best.name, because, named, _count(text), _left_out(text, read, best, questions), beside)


def one_letter_apart(word: str, other: str) -> bool:
    """Say whether two words differ by one letter more, less or another, or by two that changed places."""
    start = _shared(word, other)
    rest, others = word[start:], other[start:]
    end = _shared(rest[::-1], others[::-1])
    rest, others = rest[: len(rest) - end], others[: len(others) - end]
    return max(len(rest), len(others)) <= 1 or (len(rest) == 2 and rest == others[::-1])


def _shared(word: str, other: str) -> int:
    """Return with how many letters both begin."""
    return next((place for place, (one, another) in enumerate(zip(word, other, strict=False)) if one != another), min(len(word), len(other)))


def _vocabulary(questions: Collection[Question]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that tell one question from another, and those that examples and courtesy are made of."""
    entries = [entry for question in questions for entry in (*question.also, *question.without, *(each for group in question.words for each in group))]
    spoken = {word for question in questions for example in question.examples for word in _WORD.findall(re.sub(r"\{\w+\}", " ", example.lower()))}
    return frozenset(word for entry in entries for word in entry.split() if word[:1] != "{"), frozenset(spoken | _COURTESY)


def _read(text: str, vocabulary: tuple[frozenset[str], frozenset[str]], names: Names) -> _Text:
    keys, spoken = vocabulary
    found = [(match.group().lower(), match.span()) for match in _WORD.finditer(text)]
    mentions = tuple(
        (mention, frozenset(place for place, (_, (start, end)) in enumerate(found) if start < mention.end and mention.start < end)) for mention in names.found_in(text)
    )
    named = frozenset[int]().union(*(places for _, places in mentions))
    timed = frozenset(place for start, end in told_at(text) for place, (_, (first, last)) in enumerate(found) if start <= first and last <= end)
    plain = [_plain(word, keys) for word, _ in found]
    # A word that is known is no slip of another, and a name is no word.
    strange = [place for place, (word, _) in enumerate(found) if place not in named | timed and not plain[place] & keys and word not in spoken and not word.isdigit()]
    slips = {place: _slips(found[place][0], keys) for place in strange}
    meanings = tuple(meant | slips.get(place, frozenset()) for place, meant in enumerate(plain))
    return _Text(tuple(word for word, _ in found), mentions, meanings, tuple(found[place][0] for place in strange if not slips[place]), timed)


def _plain(word: str, keys: frozenset[str]) -> frozenset[str]:
    """Return a word, and the singular or plural of it that is a key; a UPS is no plural."""
    numbers = {word.removesuffix("s"), word.removesuffix("es"), f"{word}s"} if len(word) >= _LEAST_PLURAL else set[str]()
    return frozenset({word} | (numbers & keys))


def _slips(word: str, keys: frozenset[str]) -> frozenset[str]:
    return frozenset(key for key in keys if len(key) >= _LEAST_SLIP and one_letter_apart(word, key) and not _another(word, key))


def _another(word: str, key: str) -> bool:
    """Say whether two short words of the same length differ by a letter: smart is no slip of start, as satrt is."""
    return len(word) == len(key) == _LEAST_SLIP and sorted(word) != sorted(key)


def _entries(question: Question) -> list[str]:
    return [*question.also, *(each for group in question.words for each in group)]


def _weights(questions: Collection[Question]) -> dict[str, float]:
    """Return how much each entry tells: the fewer kinds have it, the more."""
    counted = collections.Counter(entry for question in questions for entry in set(_entries(question)))
    return {entry: 1 / count for entry, count in counted.items()}


def _fits(read: _Text, questions: Mapping[str, Question]) -> list[_Fit]:
    weights = _weights(questions.values())
    fits = []
    for name, question in questions.items():
        places = {entry: met for entry in _entries(question) if (met := read.places(entry)) is not None}
        empty = [group for group in question.words if not any(entry in places for entry in group)]
        if any(read.places(entry) is not None for entry in question.without) or not all(entry[:1] == "{" for group in empty for entry in group):
            continue
        told: dict[int, float] = {}
        for entry, met in places.items():
            told |= {place: max(told.get(place, 0.0), weights[entry]) for place in met}
        kinds = tuple(entry[1:-1] for group in empty for entry in group)
        fits.append(_Fit(name, frozenset(told), round(sum(told.values()), 6), len(question.words), kinds))
    return fits


def _by_kind(read: _Text) -> dict[str, str]:
    return {kind: mention.name for mention, _ in reversed(read.mentions) for kind in NAMES if kind in mention.kinds}


def _named(read: _Text, question: Question) -> dict[str, str]:
    """Return the names that a question is about, by kind: the first of each. A service with a host's name is the host only where one is wanted."""
    named: dict[str, str] = {}
    wanted = {entry[1:-1] for group in question.words for entry in group if entry[:1] == "{"}
    for mention, _ in read.mentions:
        for kind in NAMES:
            if kind in mention.kinds and not (kind == "host" and mention.kinds & {"service", "filesystem"} and "host" not in wanted):
                named.setdefault(kind, mention.name)
    return named


def _left_out(text: str, read: _Text, best: _Fit, questions: Mapping[str, Question]) -> tuple[str, ...]:
    """Return what said nothing: words that nobody knows, those that tell other kinds, and numbers."""
    telling = {entry for question in questions.values() for group in question.words for entry in group}
    idle = {word for place, word in enumerate(read.words) if place not in best.places | read.timed and (word in read.unknown or read.meanings[place] & telling)}
    named = {read.words[place] for _, places in read.mentions for place in places}
    return (*(word for word in dict.fromkeys(read.words) if word in idle - named - _COURTESY - _ASKING), *_unmeant(text, read.mentions))


def _unmeant(text: str, mentions: Collection[tuple[Mention, frozenset[int]]]) -> tuple[str, ...]:
    """Return the numbers that are neither a time, nor how many, nor in a name: those of a date, for one."""
    meant = [*told_at(text), *(match.span() for match in _COUNT.finditer(text))] + [(mention.start, mention.end) for mention, _ in mentions]
    return tuple(match[0] for match in _NUMBER.finditer(text) if not any(start <= match.start() < end for start, end in meant))


def _count(text: str) -> int:
    match = _COUNT.search(text)
    return max(1, int(match[1])) if match else _USUAL_COUNT
