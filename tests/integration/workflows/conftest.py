"""The home that the workflows are proven in: booted once in a session, new for every module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration import homes
from tests.integration import machine as machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.home import Home


@pytest.fixture(scope="session")
def booted_home() -> Iterator[Home]:
    obstacle = machines.lacking()
    if obstacle is not None:
        pytest.skip(obstacle)
    with homes.built() as home:
        yield home


@pytest.fixture(scope="module")
def home(booted_home: Home) -> Home:
    booted_home.fresh()
    return booted_home
