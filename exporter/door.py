"""Root's door: what only root may see is asked of a process that systemd starts for one question (deploy/homeostat-observer.socket)."""

from __future__ import annotations

import dataclasses
import functools
import os
import socket
from typing import TYPE_CHECKING

import msgspec

from exporter.observation import NotSeen
from homeostat.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.observation import Looking, Observer

SOCKET = "/run/homeostat-observer.sock"
_MOST_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# Root's process is ended a little earlier (RuntimeMaxSec).
_DEADLINE_SECONDS = 100.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What root saw, as JSON of the observer's own facts; or `null`, and in one line why it saw nothing."""

    facts: msgspec.Raw = msgspec.Raw(b"null")
    reason: str = ""


def through(observers: Mapping[str, Observer]) -> dict[str, Observer]:
    """Return observers, by id, as this process can use them: where it is not root, those that need root gather through the door."""
    if os.geteuid() == 0:
        return dict(observers)
    return {name: dataclasses.replace(observer, gather=functools.partial(facts_of, name, observer)) if observer.needs_root else observer for name, observer in observers.items()}


def facts_of(name: str, observer: Observer, looking: Looking, path: str = SOCKET) -> msgspec.Struct:
    """Return what root saw with an observer; root looks by its own configuration and its own clock. Raises NotSeen."""
    del looking
    try:
        answer = msgspec.json.decode(_asked(name, path), type=Answer)
        if answer.reason:
            raise NotSeen(answer.reason)
        facts: msgspec.Struct = msgspec.json.decode(answer.facts, type=observer.facts)
    except FileNotFoundError:
        raise NotSeen(f"only root sees this, and {path} is not there; start homeostat-observer.socket") from None
    except PermissionError:
        raise NotSeen(f"only root sees this, and {path} is not for this user; it must be in the group homeostat-observers") from None
    except OSError as fault:
        raise NotSeen(f"root does not answer at {path}: {fault}") from None
    except msgspec.DecodeError as fault:
        raise NotSeen(f"root's answer at {path} cannot be read: {fault}") from None
    return facts


def _asked(name: str, path: str) -> bytes:
    """Send one line and return all that comes back. Raises OSError."""
    clock = SystemClock()
    ends_at = clock.monotonic() + _DEADLINE_SECONDS
    answer = bytearray()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_DEADLINE_SECONDS)
        connection.connect(path)
        connection.sendall(f"{name}\n".encode())
        connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(_CHUNK_BYTES):
            answer += chunk
            left_seconds = ends_at - clock.monotonic()
            if left_seconds <= 0 or len(answer) > _MOST_BYTES:
                raise OSError("its answer does not end")
            connection.settimeout(left_seconds)
    return bytes(answer)
