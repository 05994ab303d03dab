"""A question in free words answered: what it is, whom it names, every query at once, and the tables with their sentences."""

from __future__ import annotations

import dataclasses
import functools
import string
from typing import TYPE_CHECKING, Any, cast

from homeostat.clock import rfc3339
from homeostat.config.questions import NAMES, PLACE
from homeostat.config.units import Duration
from homeostat.explanation.asking import ask as ask_all
from homeostat.explanation.parts import Silent, listed
from homeostat.hosts import host_of
from homeostat.prometheus import PrometheusError
from homeostat.questions import telling
from homeostat.questions.filling import filled, parameters
from homeostat.questions.hearing import Heard, Unheard, hear
from homeostat.questions.model import Heading, NotUnderstood, Part, Reply, cut_short
from homeostat.questions.names import QUERY, known_names
from homeostat.questions.orders import Ordered, answer_to
from homeostat.questions.patterns import known_questions, spoken
from homeostat.questions.spans import span_of
from homeostat.questions.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from homeostat.config.questions import Answer, Question
    from homeostat.doors import Doors
    from homeostat.prometheus import Sample
    from homeostat.questions.names import Names
    from homeostat.questions.spans import Span

Row = dict[str, Any]
_MOST_EXAMPLES = 40
_MOST_NAMED = 5
# The kinds of name that stand in a matcher of another label's name.
_ASKED_AS = {"of_mountpoint": "filesystem", "of_instance": "host"}


@dataclasses.dataclass(frozen=True, slots=True)
class Asking:
    """What all parts of an answer share: the doors, what was heard, the names that are known, and the time that is meant."""

    doors: Doors
    heard: Heard
    names: Names
    span: Span


def answer(doors: Doors, text: str) -> Reply:
    """Answer a question in free words from Prometheus and the journal; what does not answer is told in the part that it is missed in.

    Raises:
        NotUnderstood: it is no known kind of question, or names nobody known; an order is none, and is told with what would do it.
        ValueError: it is too long.

    """
    questions = known_questions(doors.config.questions)
    names, remarks = _names(doors)
    heard = hear(text, questions, names)
    if isinstance(heard, Unheard):
        raise NotUnderstood(_why_not(heard, names), can_be_asked(questions, names))
    if isinstance(heard, Ordered):
        span = span_of(text, Duration(0), doors.clock.now())
        raise NotUnderstood(answer_to(heard, doors.config.services, span if span.window else None), ())
    question = questions[heard.name]
    asking = Asking(doors, heard, names, span_of(text, question.window, doors.clock.now()))
    parts = tuple(_parts(asking, question)) if question.tells is None else _told(asking, telling.TELLERS[question.tells])
    remarks += tuple(_remarks(asking, question))
    return Reply(text, heard.name, heard.because, {**heard.names, **_meant(asking.span)}, remarks, parts)


def _meant(span: Span) -> dict[str, str]:
    return {"window": str(span.window), "from": rfc3339(span.start), "to": "now" if span.end is None else rfc3339(span.end)}


def _told(asking: Asking, tell: Callable[[Doors, str], tuple[Part, ...]]) -> tuple[Part, ...]:
    """Tell of the target that is named, else of this host; what another host's actor does only that one knows."""
    names, here = asking.heard.names, asking.doors.config.host
    if "target" not in names and names.get("host", here) != here:
        return (Part(names["host"], (f"Only the actor of {names['host']} knows that: ask there, as here is {here}.",)),)
    return tell(asking.doors, names.get("target") or here)


def can_be_asked(questions: Mapping[str, Question], names: Names) -> tuple[str, ...]:
    """Return an example of each kind of question, with names of this host in it; without a name for it, none."""
    known = {kind: names.of_kind(kind) for kind in NAMES}
    fitting = {kind: found[0] for kind, found in known.items() if found}
    examples = (next((each for each in question.examples if all(fitting.get(kind) for kind in NAMES if f"{{{kind}}}" in each)), None) for question in questions.values())
    return tuple(spoken(example, fitting) for example in examples if example is not None)[:_MOST_EXAMPLES]


def _names(doors: Doors) -> tuple[Names, tuple[str, ...]]:
    told = ask_all({"names": functools.partial(doors.prometheus.query, QUERY)})["names"]
    if isinstance(told, Silent):
        return known_names(doors.config, ()), (f"Only names of the configuration are known: {told.reason}",)
    return known_names(doors.config, told), ()


def _why_not(unheard: Unheard, names: Names) -> str:
    if unheard.nearest is None:
        return "That is no question that is known here."
    for word in unheard.unknown:
        if near := names.near(word, unheard.kinds):
            return f"{word!r} is no name that is known here; did you mean {' or '.join(near)}?"
    known = [name for kind in unheard.kinds for name in names.of_kind(kind)][:_MOST_NAMED]
    return f"That sounds like {unheard.nearest}, and names no {' and no '.join(unheard.kinds)} that is known here{f', as {listed(known)}' if known else ''}."


def _remarks(asking: Asking, question: Question) -> Iterator[str]:
    heard, host = asking.heard, asking.doors.config.host
    left_out = list[str]()
    for word in heard.unknown:
        if near := asking.names.near(word, NAMES):
            yield f"{word!r} is no name that is known here; did you mean {' or '.join(near)}?"
        else:
            left_out.append(word)
    if left_out := [*left_out, *_unasked(heard, question)]:
        yield f"Left out, as this kind of question makes nothing of it: {', '.join(left_out)}."
    if asking.span.said and not any(_of_a_time(each) for each in question.answers):
        yield f"Left out, as this kind of question is of now: {asking.span.said}."
    if any(each.journal for each in question.answers) and heard.names.get("host", host) != host:
        yield f"The journal that was asked is that of {host}, not of {heard.names['host']}."


def _unasked(heard: Heard, question: Question) -> list[str]:
    """Return the names that were said and that no query of this kind asks for, but those that told the kind itself."""
    asked = {_ASKED_AS.get(place, place.removeprefix("of_")) for each in question.answers for text in _texts(each) for place in PLACE.findall(text)}
    about = {heard.names[kind] for kind in (NAMES if question.tells else asked) if kind in heard.names}
    said = dict.fromkeys((*heard.names.values(), *heard.beside))
    return [name for name in said if name not in about and name.lower() not in heard.because]


def _texts(each: Answer) -> Iterator[str]:
    yield from each.asks.values()
    yield from (column.promql for column in each.columns.values() if column.promql)


def _of_a_time(each: Answer) -> bool:
    """Say whether it tells of the time that is meant; others are of now."""
    return any(place in {"window", "seconds"} for text in _texts(each) for place in PLACE.findall(text))


def _parts(asking: Asking, question: Question) -> Iterator[Part]:
    """Yield a part for each answer; one of which nobody serves the metrics is left out where others have something to tell."""
    told = ask_all({key: call for number, each in enumerate(question.answers) for key, call in _calls(asking, number, each)})
    made = [_part(asking, each, {heading: told[f"{number} {heading}"] for heading in _asked_once(each)}) for number, each in enumerate(question.answers)]
    bare = [each for each, part in zip(question.answers, made, strict=True) if not part.rows and not part.silent and each.needs]
    missing = _missing(asking.doors, bare)
    kept = [part for each, part in zip(question.answers, made, strict=True) if each.title not in missing]
    if any(part.rows or part.silent for part in kept):
        yield from kept
    else:
        yield from (dataclasses.replace(part, lines=(missing[part.title],) if part.title in missing else part.lines) for part in made)


def _asked_once(each: Answer) -> Iterable[str]:
    return ("",) if each.journal is not None else each.columns


def _calls(asking: Asking, number: int, each: Answer) -> Iterator[tuple[str, Callable[[], Any]]]:
    if each.journal is not None:
        yield f"{number} ", functools.partial(asking.doors.actor.get, each.journal, **parameters(each.asks, asking.heard, asking.span))
        return
    # Of a time that is over Prometheus is asked as of its end.
    as_of = {"at": asking.span.end} if asking.span.end is not None and _of_a_time(each) else {}
    for heading, column in each.columns.items():
        yield f"{number} {heading}", functools.partial(asking.doors.prometheus.query, filled(column.promql or "", asking.heard, asking.names, asking.span), **as_of)


def _missing(doors: Doors, bare: Sequence[Answer]) -> dict[str, str]:
    """Return of each answer without rows, whose metrics nobody serves, who would bring them, by its title."""
    wanted = {metric for each in bare for metric in each.needs}
    if not wanted:
        return {}
    try:
        there = {sample.labels["__name__"] for sample in doors.prometheus.query(f'count by (__name__) ({{__name__=~"{"|".join(sorted(wanted))}"}})')}
    except PrometheusError:
        return {}
    return {each.title: f"Prometheus has no {listed(each.needs)}: {listed(dict.fromkeys(each.needs.values()))} would bring it." for each in bare if not there & each.needs.keys()}


def _part(asking: Asking, each: Answer, told: Mapping[str, Any]) -> Part:
    asked, when = tuple(_asked(asking, each)), asking.span.in_words() if _of_a_time(each) else ""
    silent = next((said for said in told.values() if isinstance(said, Silent)), None)
    if silent is not None:
        return Part(each.title, (f"No answer: {silent.reason}",), asked=asked, silent=True, when=when)
    rows = _entries(asking, each, told[""]) if each.journal is not None else _joined(asking, each, told)
    rows = _sorted(rows, each)
    shown = rows[: each.most]
    headings = tuple(Heading("host" if label == "instance" and "host" not in each.rows else label) for label in each.rows)
    headings += tuple(Heading(name, "text" if column.label else column.unit) for name, column in each.columns.items())
    cells = tuple(tuple(row.get(name) for name in (*each.rows, *each.columns)) for row in shown)
    lines = (*_sentences(asking, each, rows), *(cut_short(told[""]) if each.journal is not None else ()))
    return Part(each.title, lines, headings, cells, asked, len(rows) - len(shown), when=when)


def _asked(asking: Asking, each: Answer) -> Iterator[str]:
    if each.journal is not None:
        said = "&".join(f"{name}={value}" for name, value in parameters(each.asks, asking.heard, asking.span).items())
        yield f"GET /api/v1/{each.journal}{'?' if said else ''}{said} of the actor"
    as_of = f", as of {rfc3339(asking.span.end)}" if asking.span.end is not None and _of_a_time(each) else ""
    yield from dict.fromkeys(f"{filled(column.promql, asking.heard, asking.names, asking.span)}{as_of}" for column in each.columns.values() if column.promql)


def _joined(asking: Asking, each: Answer, told: Mapping[str, list[Sample]]) -> list[Row]:
    """Return a row for each series of the first column, with what the others say of the same labels."""
    rows: dict[tuple[str, ...], Row] = {}
    for number, (heading, column) in enumerate(each.columns.items()):
        for sample in told[heading]:
            key = tuple(sample.labels.get(label, "") for label in each.rows)
            if number == 0:
                rows.setdefault(key, {label: _name(asking, label, sample) for label in each.rows})
            if key in rows:
                rows[key][heading] = sample.labels.get(column.label, "") if column.label else sample.value
    return list(rows.values())


def _name(asking: Asking, label: str, sample: Sample) -> str:
    return host_of(sample.labels, asking.doors.config) if label == "instance" and sample.labels.get("instance") in _hosted(asking.names) else sample.labels.get(label, "")


def _hosted(names: Names) -> set[str]:
    return {instance for instances in names.instances.values() for instance in instances}


def _entries(asking: Asking, each: Answer, told: Any) -> list[Row]:
    entries = [{**entry, "became": entry.get("outcome") or entry.get("state")} for entry in cast("list[Row]", told)]
    kept = [entry for entry in entries if all(_field(entry, name) in words for name, words in each.where.items()) and (each.at is None or asking.span.holds(_field(entry, each.at)))]
    return [{heading: _field(entry, column.field or "") for heading, column in each.columns.items()} for entry in kept]


def _field(entry: Row, path: str) -> Any:
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _sorted(rows: list[Row], each: Answer) -> list[Row]:
    """Sort by a heading, numbers before texts before nothing."""
    if each.order is None:
        return rows
    heading, falling = each.order.removeprefix("-"), each.order.startswith("-")
    known = [row for row in rows if row.get(heading) not in {None, ""} and row[heading] == row[heading]]
    known.sort(key=lambda row: (isinstance(row[heading], str), row[heading]), reverse=falling)
    return known + [row for row in rows if row not in known]


def _sentences(asking: Asking, each: Answer, rows: Sequence[Row]) -> tuple[str, ...]:
    """Fill the sentences with the first row; of what is not known nothing is said."""
    said = {name: asking.heard.names.get(name, "") for name in NAMES} | {"window": str(asking.span.window)}
    if not rows:
        return (each.none.format_map(said),)
    units = {name: column.unit for name, column in each.columns.items()}
    first = {name: written(rows[0].get(name), units.get(name, "text")) for name in (*each.rows, *each.columns)}
    known = {name: text for name, text in {**said, **first, "rows": str(len(rows))}.items() if text}
    return tuple(sentence.format_map(known) for sentence in each.says if _filled_by(sentence) <= known.keys())


def _filled_by(sentence: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None}
