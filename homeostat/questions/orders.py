"""Orders that are typed as questions: told apart, and answered with the command that would do it. Nothing is ever done here."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
import shlex
from typing import TYPE_CHECKING, Literal

import msgspec
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homeostat.config.catalogue import Service
    from homeostat.questions.spans import Span

ORDERS = pathlib.Path(__file__).with_name("orders.yml")
_COURTESY = (
    "please", "kindly", "just", "now", "hey", "hi", "hello", "ok", "okay", "homeostat", "can you", "could you", "would you", "i want you to", "i need you to", "i would like you to", "i d like you to",
    "you should", "you must", "you need to", "you have to", "let s", "lets", "go and", "go ahead and", "try to", "immediately", "quickly",
)  # fmt: skip
_HOW = (
    "how do i",
    "how can i",
    "how could i",
    "how do we",
    "how can we",
    "how to",
    "how would i",
    "how do you",
    "what is the command to",
    "what s the command to",
    "i want to",
    "i need to",
    "can i",
)
# After these a verb is a noun: who asks for the restart history or whether a restart is due gives no order.
_NOUN = {
    "history", "count", "counts", "counter", "time", "times", "status", "state", "list", "reason", "reasons",
    "rate", "log", "logs", "of", "failed", "failing", "errors", "policy", "mode", "ok", "okay", "is", "was",
    "were", "are", "did", "out", "needed", "required", "available", "due", "loop", "loops", "overview", "speed",
    "size", "usage",
}  # fmt: skip
# Where one is wanted: letters and digits mixed, or eight of those that ids are made of.
_ID = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{3,}|[a-f\d]{8}")
_CONTROL = {
    "systemd": "systemctl {verb} {unit}",
    "systemd-user": "systemctl --user --machine={user}@ {verb} {unit}",
    "podman": "podman {verb} {unit}",
}


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of order, as `orders.yml` tells."""

    verbs: tuple[str, ...]
    needs: tuple[Literal["service", "id"], ...] = ()
    command: str = ""
    says: str = "What would do it is"
    how: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Ordered:
    """An order in place of a question: its name, an incident's id where one is said, and the known names by kind."""

    name: str
    incident: str | None
    names: Mapping[str, str]


@functools.cache
def known_orders() -> dict[str, Order]:
    """Return every kind of order by its name."""
    written = yaml.load(ORDERS.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return msgspec.convert(written, dict[str, Order])


def ordered(words: Sequence[str], names: Mapping[str, str]) -> Ordered | None:
    """Return the order that some words in lower case are, None where they are none; `names` are the known ones in them, by kind."""
    start, how = _begin(words)
    verbs = sorted(_verbs(words[start:], how=how), key=lambda pair: -pair[0])
    if not verbs:
        return None
    incident = next((word for word in words[start:] if _ID.fullmatch(word) and word not in names.values()), None)
    said = {*names, *(["id"] if incident else [])}
    name = next(
        (name for length, name in verbs if length == verbs[0][0] and said.issuperset(known_orders()[name].needs)), None
    )
    return Ordered(name, incident, names) if name is not None else None


def answer_to(order: Ordered, services: Mapping[str, Service], span: Span | None) -> str:
    """Say in one line that nothing is done, and what would do it; `span` is the time that was said."""
    known = known_orders()[order.name]
    command = known.command.format_map(_said(order, services, span))
    if not known.command:
        told = known.says
    else:
        told = f"{known.says} `{command}`." if command else "Homeostat has no command for that."
    return f"`homeostat ask` only answers and changes nothing. {told}"


def _begin(words: Sequence[str]) -> tuple[int, bool]:
    """Return at which word it begins after courtesy, and whether it is asked how."""
    start, how = 0, False
    while (length := _length(words[start:], (*_COURTESY, *_HOW))) > 0:
        how = how or " ".join(words[start : start + length]) in _HOW
        start += length
    return start, how


def _length(words: Sequence[str], phrases: Sequence[str]) -> int:
    return max((len(split) for phrase in phrases if list(words[: len(split := phrase.split())]) == split), default=0)


def _verbs(words: Sequence[str], *, how: bool) -> Iterator[tuple[int, str]]:
    """Yield of each order that these words begin as, how many of them its verb is, and its name."""
    for name, order in known_orders().items():
        length = _length(words, order.verbs) if order.how or not how else 0
        if length and not (len(words) > length and words[length] in _NOUN):
            yield length, name


def _said(order: Ordered, services: Mapping[str, Service], span: Span | None) -> dict[str, str]:
    names, service = order.names, services.get(order.names.get("service", ""))
    return {
        "id": order.incident or "ID",
        "any_id": f" {order.incident}" if order.incident else "",
        "of": next(
            (f" --{kind} {shlex.quote(names[kind])}" for kind in ("service", "filesystem") if kind in names), ""
        ),
        "for": f" --for {span.window if span is not None else '2h'}",
        "target": next((shlex.quote(names[kind]) for kind in ("target", "host") if kind in names), "TARGET"),
        **{verb: _of_manager(service, verb) if service is not None else "" for verb in ("start", "stop", "restart")},
    }


def _of_manager(service: Service, verb: str) -> str:
    """Return what has a service's manager do it, nothing where that knows no such command."""
    if service.commands is not None:
        return shlex.join(service.commands.restart) if verb == "restart" else ""
    return _CONTROL[service.manager].format(verb=verb, unit=shlex.quote(service.unit or ""), user=service.user)
