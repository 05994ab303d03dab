"""An actor whose deeds another thread does as root would, through the very files."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import pytest

from actor.executor import intents
from actor.executor.__main__ import serve
from actor.executor.client import remote_hands
from actor.executor.intents import Answer, Intent
from actor.executor.root import Root, answer
from actor.world import case_of
from homeostat.clock import SystemClock
from tests.support import Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from actor.deeds import Hands
    from actor.model import Case, Plan

NAME = "0123456789abcdef"


@dataclasses.dataclass
class Pair:
    """The process without root, root's half, and what they share."""

    actor: Actor
    root: Root
    hands: Hands

    def case(self, action: str = "service-restart", target: str = "web", incident_id: str = "i1") -> Case:
        return case_of(self.actor.world, self.actor.world.playbooks[action], target, incident_id)

    def plan(self, action: str = "service-restart", target: str = "web") -> Plan:
        return self.hands.plan(self.case(action, target), self.actor.world.playbooks[action])

    def ask(self, deed: str, *arguments: Any, **changes: Any) -> Answer:
        """Have root answer an intent that anybody could have written."""
        self.lay(deed, *arguments, **changes)
        return self.answered()

    def lay(self, deed: str, *arguments: Any, **changes: Any) -> None:
        """Write an intent as anybody could."""
        said = {
            "id": NAME, "deed": deed, "incident_id": "i1", "action": "service-restart", "target": "web", "arguments": arguments,
            "written_at": self.root.clock.now(), "uptime_seconds": self.root.clock.monotonic(),
        }  # fmt: skip
        intents.write(self.root.intents, NAME, Intent(**said | changes))

    def answered(self) -> Answer:
        given = answer(self.root, NAME)
        assert given is not None
        return given


def settings(folder: pathlib.Path, **changes: Any) -> dict[str, Any]:
    return {"actor": {"executor_directory": str(folder / "root")}} | changes


def paired(host: Host, **changes: Any) -> Pair:
    """Build both halves on one host; nobody answers yet."""
    actor = Actor(host, **settings(host.folder, **changes))
    clock = SystemClock()
    actor.world.hands = remote_hands(actor.config.actor, clock, actor.journal.ballast.give_up)
    root = Root.of(actor.config, actor.world.playbooks, clock)
    return Pair(actor, root, actor.world.hands)


@pytest.fixture
def pair(host: Host) -> Iterator[Pair]:
    built = paired(host)
    yield built
    built.actor.journal.close()


@pytest.fixture
def answering(pair: Pair) -> Iterator[Pair]:
    with served(pair):
        yield pair


@contextlib.contextmanager
def served(pair: Pair) -> Iterator[None]:
    """Let root answer for as long as the block lasts."""
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            serve(pair.root, idle_seconds=0.05)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
