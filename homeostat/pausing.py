"""A pause: an Alertmanager silence on what is executed here, as the CLI and the console make and end one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from homeostat.alertmanager import AlertmanagerError
from homeostat.silences import is_pause, judge, known_names, pause_matchers, pauses

if TYPE_CHECKING:
    from collections.abc import Collection

    from homeostat.alertmanager import Alertmanager, Matcher, Silence
    from homeostat.config import Config


class PauseError(Exception):
    """Nothing was paused, or it is not known whether it was; the message says which."""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paused, of everything, and for how long: one service or file system, one action, or both."""

    seconds: float
    reason: str
    service: str | None = None
    filesystem: str | None = None
    action: str | None = None


class Made(NamedTuple):
    """A pause that was made: its silence, and what is to be said of it besides, or nothing."""

    silence: str
    note: str


class Ended(NamedTuple):
    """What ending every pause of this host came to: those that are over, those that are not and why, and the silences of others."""

    over: list[Silence]
    not_over: list[tuple[Silence, str]]
    others: list[Silence]


def see_that_it_fits(pause: Pause, config: Config, actions: Collection[str] | None) -> None:
    """See that what is to be paused is there; without `actions` any action is taken.

    Raises:
        PauseError: it is not, or is no pause; nothing was made.

    """
    if pause.service is not None and pause.filesystem is not None:
        raise PauseError("a pause is of one service or one file system; pause the other by itself")
    for kind, name, known in (
        ("there is no service {} in the configuration", pause.service, config.services),
        ("there is no file system {} in the configuration", pause.filesystem, config.filesystems),
        ("the actor has no action {}", pause.action, actions),
    ):
        if name is not None and known is not None and name not in known:
            raise PauseError(f"{kind.format(repr(name))}; known: {', '.join(known) or 'none'}")
    if not pause.seconds > 0:
        raise PauseError("a pause lasts some time, as 2h; 0s is none")
    if not pause.reason.strip():
        raise PauseError("a pause has a reason; everyone who looks will read it")


def make_pause(alertmanager: Alertmanager, config: Config, pause: Pause, said: tuple[str, float]) -> Made:
    """Make a pause that fits, said by an author at a time (Unix seconds), and read it back: what it mutes is what Alertmanager understood.

    Raises:
        AlertmanagerError: nothing was made.
        PauseError: Alertmanager understood something else, or does not tell what.

    """
    author, now = said
    matchers = pause_matchers(config.host, pause.service if pause.service is not None else pause.filesystem, pause.action)
    if not is_pause(matchers, config.host):
        raise PauseError("this would mute more than what is executed on this host; nothing was made")
    made = alertmanager.silence(matchers, (now, now + pause.seconds), author, pause.reason)
    return Made(made, _read_back(alertmanager, config, made, (matchers, pause.action)))


def _read_back(alertmanager: Alertmanager, config: Config, made: str, meant: tuple[list[Matcher], str | None]) -> str:
    matchers, action = meant
    try:
        silence = alertmanager.silence_of(made)
    except AlertmanagerError as error:
        raise PauseError(f"silence {made} was made, but whether it is what was meant cannot be seen: {error}; see: homeostat status") from None
    found = judge([silence], known_names(config, () if action is None else (action,)))
    pauses_us = is_pause(silence.matchers, config.host) and set(silence.matchers) == set(matchers)
    if not pauses_us or not found or found[0].executing == "none":
        alertmanager.expire(made)
        told = " ".join(str(matcher) for matcher in silence.matchers)
        raise PauseError(f"Alertmanager understood something else: {told}; silence {made} was ended again, and nothing is paused")
    if silence.status.state == "pending":
        return f"it begins at {silence.starts_at} by Alertmanager's clock, which is behind this host's"
    return ""


def end_pauses(alertmanager: Alertmanager, host: str) -> Ended:
    """End every pause of this host, each by itself. Raises AlertmanagerError when it is not known which there are."""
    found = [silence for silence in alertmanager.every_silence() if silence.status.state != "expired"]
    ours = pauses(found, host)
    over, not_over = [], []
    for silence in ours:
        try:
            alertmanager.expire(silence.id)
        except AlertmanagerError as error:
            not_over.append((silence, str(error)))
        else:
            over.append(silence)
    return Ended(over, not_over, [silence for silence in found if silence not in ours])
