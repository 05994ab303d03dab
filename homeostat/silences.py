"""What active silences do to Homeostat: which pause it, which mute people or everybody, and which were meant for it and miss it."""

from __future__ import annotations

import dataclasses
import difflib
import re
from typing import TYPE_CHECKING, Literal

from homeostat.alertmanager import Matcher
from homeostat.clock import rfc3339, unix_time
from homeostat.words import DECISION_ALERTS, DECISIONS, EXECUTING, EXECUTING_ALERTS, POSTED_ALERTS, RISKS, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.alertmanager import Silence
    from homeostat.config import Config

Reach = Literal["all", "some", "none"]
Values = dict[str, tuple[str, ...]]

_PROBLEMS = ("HomeostatProblem", "HomeostatUndecided")
_WATCHDOG = "HomeostatWatchdog"
_OURS = (*DECISION_ALERTS, *_PROBLEMS, *POSTED_ALERTS, _WATCHDOG)
_LABELS = ("alertname", "host", "problem", "target", "resource", "action", "risk", "decision", "severity")
# Elsewhere nothing is executed: the gate `known` refuses it.
_ONLY_NAMED = ("target", "action")
# Stands for every value that the configuration does not name: it is no name of anything.
_UNNAMED = "another"
# Two letters of a name of twenty may be wrong, and one of four.
_LONG, _CLOSE_LONG, _CLOSE_SHORT, _CLOSE_LIKELY = 12, 0.88, 0.75, 0.6
_ALTERNATIVES = re.compile(r"[\w./-]+(\|[\w./-]+)*")


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """The names that a silence can be meant for: this host, what may be acted on, and the actions where they are known."""

    host: str
    targets: tuple[str, ...]
    actions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A silence that concerns us, and what it does.

    `executing`: how much of this host's executing decisions it mutes; `narrowed`: to what, in words, when not all of them.
    `unheard`: the alerts for people that it mutes too. `everybody`: it fits alerts of any name, because no condition names one.
    `doubts`: what in it was surely meant otherwise, each with what would be right.
    """

    silence: Silence
    executing: Reach
    narrowed: str
    unheard: tuple[str, ...]
    everybody: bool
    doubts: tuple[str, ...]

    @property
    def scope(self) -> str:
        """What it pauses, in a few words; nothing is empty."""
        return {"all": "everything", "some": self.narrowed, "none": ""}[self.executing]

    @property
    def by_whom(self) -> str:
        """Who made it, until when, and why."""
        author, comment = self.silence.created_by.strip() or "nobody who gave a name", self.silence.comment.strip() or "no reason was given"
        return f"by {author} until {ended_at(self.silence)}: {comment}"

    def warnings(self) -> list[str]:
        """Say what about it is surely not meant, or reaches further than a pause; each says what to do."""
        told = []
        if self.everybody:
            told.append(
                f"silence {self.silence.id} mutes alerts of every name, people's and other programs' too: {_spelled(self.silence)} also fits"
                " an alert without that label. Name what is to be silent (homeostat pause does), and end this one:"
                f" amtool silence expire {self.silence.id}"
            )
        elif self.unheard:
            told.append(f"silence {self.silence.id} ({_spelled(self.silence)}) also keeps people from hearing of {', '.join(self.unheard)}")
        return told + [f"silence {self.silence.id} ({_spelled(self.silence)}): {doubt}" for doubt in self.doubts]


def known_names(config: Config, actions: Iterable[str] = ()) -> Known:
    """Return the names that a silence can be meant for; the actor knows its `actions`."""
    return Known(config.host, (*config.services, *config.filesystems), tuple(actions))


def pause_matchers(host: str, target: str | None = None, action: str | None = None) -> list[Matcher]:
    """Return the matchers of a pause: the executing decisions of this host, narrowed to a target or an action."""
    matchers = [Matcher("alertname", "|".join(EXECUTING_ALERTS), is_regex=True), Matcher("host", host)]
    narrowing = (("target", target), ("action", action))
    return matchers + [Matcher(name, value) for name, value in narrowing if value is not None]


def is_pause(matchers: Iterable[Matcher], host: str) -> bool:
    """Say whether these are the matchers of a pause of `host`, so that nothing but its executing decisions can be muted: more only narrow it."""
    return bool(host.strip()) and set(pause_matchers(host)) <= set(matchers)


def pauses(silences: Iterable[Silence], host: str) -> list[Silence]:
    """Return the silences that `homeostat pause` made for this host, or that say the same."""
    return [silence for silence in silences if is_pause(silence.matchers, host)]


def judge(silences: Iterable[Silence], known: Known) -> list[Judged]:
    """Return the silences that concern this host's Homeostat, the furthest reaching first."""
    judged = [_judge(silence, known) for silence in silences]
    concern_us = [one for one in judged if one.executing != "none" or one.everybody or one.doubts or _WATCHDOG in one.unheard]
    return sorted(concern_us, key=lambda one: (not one.everybody, ("all", "some", "none").index(one.executing), one.silence.ends_at))


def ended_at(silence: Silence) -> str:
    """Return when a silence ends, to the second; as it is told when that is no time."""
    try:
        return rfc3339(unix_time(silence.ends_at))
    except (ValueError, OverflowError):
        return silence.ends_at


def _judge(silence: Silence, known: Known) -> Judged:
    reaches = {name: _reach(silence, _labels_of(name, known), _ONLY_NAMED if known.actions else _ONLY_NAMED[:1]) for name in EXECUTING_ALERTS}
    muted = tuple(name for name, reach in reaches.items() if reach != "none")
    executing: Reach = "none" if not muted else "all" if set(reaches.values()) == {"all"} else "some"
    return Judged(
        silence=silence,
        executing=executing,
        narrowed=_narrowed(silence, known, muted) if executing == "some" else "",
        unheard=tuple(name for name in (*_PROBLEMS, *POSTED_ALERTS, _WATCHDOG) if _reach(silence, _labels_of(name, known)) != "none"),
        everybody=_reach(silence, {"alertname": (_UNNAMED,)}, ("alertname",)) == "all",
        doubts=tuple(_doubts(silence, known, muted=bool(muted))),
    )


def _reach(silence: Silence, values: Values, only_named: tuple[str, ...] = ()) -> Reach:
    """Say how much of the alerts whose labels have these values is muted; a label without values is absent."""
    shares = {_share([matcher for matcher in silence.matchers if matcher.name == name], values.get(name, ("",)), name in only_named) for name in _names(silence)}
    return "none" if "none" in shares else "some" if "some" in shares else "all"


def _share(matchers: list[Matcher], values: tuple[str, ...], only_named: bool) -> Reach:
    fitting = [value for value in values if all(matcher.matches({matcher.name: value}) for matcher in matchers)]
    # What a condition keeps out of a label that may have any value is there, though we do not know its name.
    keeps_out = _UNNAMED in values and not only_named and any(not matcher.is_equal and matcher.value for matcher in matchers)
    if len(fitting) == len(values):
        return "some" if keeps_out else "all"
    if only_named:
        return "some" if set(fitting) - {_UNNAMED} else "none"
    # A name that we do not know may be somebody's problem.
    may_fit_others = _UNNAMED in values and not all(matcher.matches({}) for matcher in matchers)
    return "some" if fitting or may_fit_others else "none"


def _names(silence: Silence) -> set[str]:
    return {matcher.name for matcher in silence.matchers}


def _labels_of(alertname: str, known: Known) -> Values:
    """Return the values that the labels of one of our alerts may have on this host."""
    if alertname == _WATCHDOG:
        return {"alertname": (alertname,), "severity": ("none",)}
    labels: Values = {
        "alertname": (alertname,),
        "host": (known.host,),
        "problem": (_UNNAMED,),
        "target": (*known.targets, _UNNAMED),
        "resource": (_UNNAMED,),
        "severity": SEVERITIES,
    }
    if alertname in EXECUTING_ALERTS:
        decision = EXECUTING[EXECUTING_ALERTS.index(alertname)]
        labels |= {"decision": (decision,), "risk": RISKS[:1] if decision == "auto-execute" else RISKS[:2], "action": (*known.actions, _UNNAMED)}
    return labels


def _narrowed(silence: Silence, known: Known, muted: tuple[str, ...]) -> str:
    """Say in words to what a silence that mutes some executing decisions is narrowed."""
    told = list(muted) if len(muted) < len(EXECUTING_ALERTS) else []
    whole = [_labels_of(name, known) for name in muted]
    for matcher in silence.matchers:
        values = {value for labels in whole for value in labels.get(matcher.name, ("",))}
        keeps_out = _UNNAMED in values and not matcher.is_equal and matcher.value
        if matcher.name != "alertname" and (keeps_out or not all(matcher.matches({matcher.name: value}) for value in values)):
            told.append(f"{matcher.name} {matcher.value}" if matcher.is_equal and not matcher.is_regex else str(matcher))
    return ", ".join(told)


def _doubts(silence: Silence, known: Known, *, muted: bool) -> Iterator[str]:
    """Yield what in a silence was surely meant for us and misses us."""
    hosts = [matcher for matcher in silence.matchers if matcher.name == "host"]
    if not all(matcher.matches({"host": known.host}) or _is_nearly(matcher, known.host) for matcher in hosts):
        return
    alertnames = [matcher for matcher in silence.matchers if matcher.name == "alertname"]
    misspelled = [doubt for matcher in alertnames for doubt in _doubted_alertname(matcher)]
    yield from misspelled
    names_a_decision = any(matcher.is_equal and matcher.matches({"alertname": name}) for matcher in alertnames for name in DECISION_ALERTS)
    if names_a_decision or misspelled or (hosts and not alertnames):
        for matcher in silence.matchers:
            if matcher.is_equal and matcher.name != "alertname":
                yield from _doubted(matcher, known, certain=names_a_decision and not muted)


def _doubted_alertname(matcher: Matcher) -> Iterator[str]:
    if not matcher.is_equal or any(matcher.value == name for name in _OURS):
        return
    pattern = Matcher("alertname", matcher.value, is_regex=True)
    if not matcher.is_regex and set(matcher.value) & set("*+|?") and any(pattern.matches({"alertname": name}) for name in _OURS):
        yield f"no alert is called {matcher.value}, and = takes no pattern; did you mean {pattern}?"
        return
    for word in _words_of(matcher):
        meant = None if word in _OURS else _close(word, _OURS)
        if meant is not None:
            yield f"no alert of Homeostat is called {word}; did you mean {meant}?"


def _doubted(matcher: Matcher, known: Known, *, certain: bool) -> Iterator[str]:
    """Yield why a condition fits no decision of ours; only what is `certain` to be meant for us is told without a likely other name."""
    if matcher.name not in _LABELS:
        yield from _doubted_label(matcher, known, certain=certain)
        return
    names = {**_labels_of(EXECUTING_ALERTS[-1], known), "decision": DECISIONS, "risk": RISKS}[matcher.name]
    names = tuple(name for name in names if name != _UNNAMED)
    for word in _words_of(matcher):
        if word in names or not names:
            continue
        meant = _close(word, names, likely=certain) if matcher.name != "host" else known.host if _plain(word) == _plain(known.host) else None
        if meant is not None:
            yield f"there is no {matcher.name} {word}; did you mean {meant}?"
        elif certain and matcher.name != "host":
            yield f"nothing is executed at {matcher.name} {word}; known: {', '.join(names)}"


def _doubted_label(matcher: Matcher, known: Known, *, certain: bool) -> Iterator[str]:
    named = "target" if matcher.value in known.targets else "action" if matcher.value in known.actions else None
    meant = named or _close(matcher.name, _LABELS, likely=certain)
    if meant is not None:
        yield f"no decision has a label {matcher.name}; did you mean {meant}?"
    elif certain and not matcher.matches({}):
        yield f"no decision has a label {matcher.name}, unless your Prometheus adds it (external_labels); they have {', '.join(_LABELS)}"


def _is_nearly(matcher: Matcher, host: str) -> bool:
    """Say whether a condition names this host in another spelling: with its port, its domain, or in other letters."""
    return matcher.is_equal and any(_plain(word) == _plain(host) for word in _words_of(matcher))


def _plain(host: str) -> str:
    return host.lower().partition(":")[0].partition(".")[0]


def _words_of(matcher: Matcher) -> list[str]:
    """Return the names that a condition spells out; a true pattern spells none."""
    if not matcher.is_regex:
        return [matcher.value]
    inner = matcher.value.removeprefix("^").removesuffix("$").removeprefix("(").removesuffix(")")
    return inner.split("|") if _ALTERNATIVES.fullmatch(inner) else []


def _close(word: str, names: Iterable[str], *, likely: bool = False) -> str | None:
    """Return the name that was meant, if one is close; where it is `likely` that one of them was, it may be less close."""
    lowered = {name.lower(): name for name in names}
    cutoff = _CLOSE_LIKELY if likely else _CLOSE_LONG if len(word) > _LONG else _CLOSE_SHORT
    found = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[found[0]] if found else None


def _spelled(silence: Silence) -> str:
    return " ".join(str(matcher) for matcher in silence.matchers)
