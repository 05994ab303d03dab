"""Alertmanager's route tree as a value: who gets an alert with these labels, and which route takes it away from whom."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from homeostat.alertmanager import Matcher
from homeostat.time_intervals import TimeInterval, active

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MATCHER = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!=|!~|=)\s*(.*?)\s*", re.DOTALL)
# Since 0.27 a name may be quoted, and then be anything.
_QUOTED_NAME = re.compile(r'\s*"((?:[^"\\]|\\.)+)"\s*(=~|!=|!~|=)\s*(.*?)\s*', re.DOTALL)
_TRUE = {"y", "yes", "true", "on"}


class RoutingError(Exception):
    """A configuration of Alertmanager's that cannot be read; the message says why in one line."""


class Loader(yaml.SafeLoader):
    """YAML as Alertmanager reads it into text: `on`, `0x10` and `12:30` stay what was written; `<<` merges."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own shape
        "<": [("tag:yaml.org,2002:merge", re.compile("<<$"))],
        **{first: [("tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)$"))] for first in ("~", "n", "N", "")},
    }


@dataclasses.dataclass(frozen=True)
class Route:
    """One node of the tree; `continues` lets its younger siblings have the alert too."""

    receiver: str
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Say whether every matcher holds."""
        return _fit(self.matchers, labels)

    def takers(self, labels: Mapping[str, str], to_the_end: bool = False) -> tuple[Route, ...]:
        """Return the routes that notify of an alert, in the tree's order; `to_the_end` as if every route said `continue`."""
        if not self.fits(labels):
            return ()
        found: list[Route] = []
        for route in self.routes:
            taking = route.takers(labels, to_the_end)
            found += taking
            if taking and not (route.continues or to_the_end):
                break
        return tuple(found) or (self,)

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self.matchers))}}} -> {self.receiver}"


@dataclasses.dataclass(frozen=True)
class InhibitRule:
    """Which alerts mute which, where the labels in `equal` are the same."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def mutes(self, labels: Mapping[str, str], by: Mapping[str, str]) -> bool:
        """Say whether an alert is muted while the other one fires."""
        if not (_fit(self.source, by) and _fit(self.target, labels) and all(by.get(name, "") == labels.get(name, "") for name in self.equal)):
            return False
        # Two alerts that fit both sides never mute each other.
        return not (_fit(self.source, labels) and _fit(self.target, by))

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self.source))}}} mutes {{{', '.join(map(str, self.target))}}}"


@dataclasses.dataclass(frozen=True)
class Routing:
    """The tree, the addresses of every receiver's webhooks, the time intervals by their names, and what mutes what."""

    root: Route
    webhooks: dict[str, tuple[str, ...]]
    time_intervals: dict[str, tuple[TimeInterval, ...]]
    inhibit_rules: tuple[InhibitRule, ...] = ()

    def takers(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """Return the routes that notify of an alert with these labels."""
        return self.root.takers(labels)

    def receivers(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the receivers that an alert with these labels goes to, as `amtool config routes test` does."""
        return tuple(route.receiver for route in self.takers(labels))

    def shadow(self, labels: Mapping[str, str], receiver: str) -> Route | None:
        """Return the route that takes an alert before the one that would give it to `receiver`; None where nothing is in its way.

        None also says nothing of a receiver that no route would give this alert to: `receivers` shows that.
        """
        takers = self.takers(labels)
        if receiver in {route.receiver for route in takers}:
            return None
        later = {route.receiver for route in self.root.takers(labels, to_the_end=True)}
        return takers[0] if receiver in later else None

    def silent(self, route: Route, timestamp: float) -> bool:
        """Say whether the time intervals of a route keep it quiet at a moment (Unix seconds)."""
        muted = any(active(self.time_intervals[name], timestamp) for name in route.mute_time_intervals)
        awake = any(active(self.time_intervals[name], timestamp) for name in route.active_time_intervals)
        return muted or (bool(route.active_time_intervals) and not awake)


_Values = dict[str, str | None] | None


class _WrittenRoute(msgspec.Struct):
    receiver: str | None = None
    match: _Values = None
    match_re: _Values = None
    matchers: list[str] | None = None
    continues: str | None = msgspec.field(default=None, name="continue")
    routes: list[_WrittenRoute] | None = None
    mute_time_intervals: list[str] | None = None
    active_time_intervals: list[str] | None = None


class _WrittenInhibition(msgspec.Struct):
    source_match: _Values = None
    source_match_re: _Values = None
    source_matchers: list[str] | None = None
    target_match: _Values = None
    target_match_re: _Values = None
    target_matchers: list[str] | None = None
    equal: list[str] | None = None


class _WrittenWebhook(msgspec.Struct):
    url: str | None = None


class _WrittenReceiver(msgspec.Struct):
    name: str
    webhook_configs: list[_WrittenWebhook] | None = None


class _WrittenIntervals(msgspec.Struct):
    name: str
    time_intervals: list[dict[str, Any]] | None = None


class _Written(msgspec.Struct):
    route: _WrittenRoute
    receivers: list[_WrittenReceiver] | None = None
    time_intervals: list[_WrittenIntervals] | None = None
    mute_time_intervals: list[_WrittenIntervals] | None = None
    inhibit_rules: list[_WrittenInhibition] | None = None


def yaml_fault(error: yaml.YAMLError) -> str:
    """Tell in one line where something is no YAML, and why."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return f"line {mark.line + 1 if mark else 1}: no valid YAML: {problem}"


def parse_routes(text: str) -> Routing:
    """Read an Alertmanager's configuration, from its file or as its API tells it; keys that say nothing of routes may be anything.

    Raises:
        RoutingError: it is no YAML, or Alertmanager would not accept its routes.

    """
    try:
        written = msgspec.convert(yaml.load(text, Loader), _Written)  # noqa: S506 - a SafeLoader
        routing = Routing(
            _route(written.route, None),
            {receiver.name: tuple(hook.url or "" for hook in receiver.webhook_configs or ()) for receiver in written.receivers or ()},
            dict(_named(interval) for interval in (*(written.time_intervals or ()), *(written.mute_time_intervals or ()))),
            tuple(map(_inhibition, written.inhibit_rules or ())),
        )
    except yaml.YAMLError as error:
        raise RoutingError(yaml_fault(error)) from None
    except RecursionError:
        raise RoutingError("no valid configuration: nested too deeply") from None
    except (msgspec.ValidationError, ValueError) as error:
        raise RoutingError(f"no configuration of Alertmanager's: {error}") from None
    for route in _all(routing.root):
        if route.receiver not in routing.webhooks:
            raise RoutingError(f"the route {route} names a receiver that is not there; there are: {', '.join(routing.webhooks) or 'none'}")
        unknown = {*route.mute_time_intervals, *route.active_time_intervals} - set(routing.time_intervals)
        if unknown:
            raise RoutingError(f"the route {route} names the time interval {min(unknown)!r}, which is not there")
    return routing


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read matchers as a route spells them: `severity="critical"`, `a=b, c=~"d|e"`, with or without braces.

    Raises:
        ValueError: one of them is none.

    """
    inner = text.removeprefix("{").removesuffix("}")
    tokens = re.findall(r'(?:"(?:[^"\\]|\\.)*"|\\.|[^,"\\]|["\\])+', inner, re.DOTALL)
    return tuple(_matcher(token) for token in tokens if token.strip())


def _matcher(token: str) -> Matcher:
    found = _MATCHER.fullmatch(token)
    quoted = None if found else _QUOTED_NAME.fullmatch(token)
    parts = found or quoted
    if parts is None:
        raise ValueError(f'{token.strip()!r} is no matcher; write it like severity="critical"')
    name = parts[1] if found else _unescaped(parts[1])
    return Matcher(name, _value(parts[3], token), is_regex=parts[2].endswith("~"), is_equal=parts[2].startswith("="))


def _value(written: str, token: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', written, re.DOTALL)
    if quoted is None and re.search(r'(?<!\\)(?:\\\\)*"', written):
        raise ValueError(f"{token.strip()!r} has a quote too many or too few")
    return _unescaped(quoted[1] if quoted else written)


def _unescaped(written: str) -> str:
    """Take the three escapes that Alertmanager knows; any other backslash is one."""
    return re.sub(r'\\(["\\n])', lambda found: "\n" if found[1] == "n" else found[1], written)


def _route(written: _WrittenRoute, parent: Route | None) -> Route:
    receiver = written.receiver or (parent.receiver if parent else "")
    route = Route(
        receiver,
        _matchers(written.match, written.match_re, written.matchers),
        (written.continues or "").lower() in _TRUE,
        mute_time_intervals=tuple(written.mute_time_intervals or ()),
        active_time_intervals=tuple(written.active_time_intervals or ()),
    )
    return dataclasses.replace(route, routes=tuple(_route(child, route) for child in written.routes or ()))


def _inhibition(written: _WrittenInhibition) -> InhibitRule:
    source = _matchers(written.source_match, written.source_match_re, written.source_matchers)
    return InhibitRule(source, _matchers(written.target_match, written.target_match_re, written.target_matchers), tuple(written.equal or ()))


def _matchers(exact: _Values, patterns: _Values, lines: list[str] | None) -> tuple[Matcher, ...]:
    return (
        *(Matcher(name, value or "") for name, value in (exact or {}).items()),
        *(Matcher(name, value or "", is_regex=True) for name, value in (patterns or {}).items()),
        *(matcher for line in lines or () for matcher in parse_matchers(line)),
    )


def _fit(matchers: tuple[Matcher, ...], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)


def _named(written: _WrittenIntervals) -> tuple[str, tuple[TimeInterval, ...]]:
    given = [{key: value for key, value in interval.items() if value is not None} for interval in written.time_intervals or ()]
    return written.name, msgspec.convert(given, tuple[TimeInterval, ...])


def _all(route: Route) -> Iterator[Route]:
    yield route
    for child in route.routes:
        yield from _all(child)
