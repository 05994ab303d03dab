"""An answer never counts what it was not told whole."""

from __future__ import annotations

from actor.routes import incidents as routes
from homeostat.questions.model import MOST_ENTRIES
from tests.homeostat.cli.conftest import incident
from tests.homeostat.questions.test_answering import Doors, ask, parts


def test_the_most_that_is_told_is_what_the_api_lists() -> None:
    assert MOST_ENTRIES == routes._MOST


def test_a_journal_that_tells_not_all_is_said_to() -> None:
    told = parts(ask(Doors({}, [incident()] * MOST_ENTRIES)))["Naps"]
    assert told.lines == ("The journal tells the 1000 that were touched last: there may be more.",)
    assert told.more == MOST_ENTRIES - 20
    assert parts(ask(Doors({}, [incident()] * (MOST_ENTRIES - 1))))["Naps"].lines == ()
