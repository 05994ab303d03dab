"""A small real host, an actor on it, and a real btrfs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import real
from tests.support import Actor, Host

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.fixture
def host(tmp_path: pathlib.Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def actor(host: Host) -> Iterator[Actor]:
    running = Actor(host)
    yield running
    running.journal.close()


@pytest.fixture(scope="session")
def btrfs() -> Iterator[pathlib.Path]:
    """Mount a btrfs for as long as the tests run."""
    with real.btrfs() as place:
        yield place


@pytest.fixture
def units() -> Iterator[pathlib.Path]:
    """Return where the system's units are; the one of the test is gone after it."""
    with real.units("contract.service") as place:
        yield place


@pytest.fixture
def thin(host: Host) -> Iterator[tuple[str, pathlib.Path]]:
    """Mount a thin volume of the test's own."""
    with real.thin_volume(host.folder.name) as volume:
        yield volume
