"""A rotation whose process is killed, before, in and after a deletion: the next one knows what is gone, and deletes nothing twice or beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from actor.disk import subvolumes
from tests import real
from tests.actor.test_rotation import AGES, REDUNDANT, SPACE, Shelf
from tests.crash import Killed

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from tests.support import Host

pytestmark = pytest.mark.integration


@pytest.fixture
def shelf(host: Host) -> Iterator[Shelf]:
    with real.btrfs() as place:
        yield Shelf(place, host)


def dies(when: str, number: int) -> Callable[..., Any]:
    """Return what stands for the deletion of a subvolume and kills the process at the given one, just before or after it."""
    delete, calls = subvolumes.delete, iter(range(1, 100))

    def deadly(*values: Any) -> Any:
        this = next(calls)
        if (this, when) == (number, "before"):
            raise Killed(when)
        done = delete(*values)
        if (this, when) == (number, "after"):
            raise Killed(when)
        return done

    return deadly


def there(taken: dict[float, pathlib.Path]) -> set[float]:
    return {age for age, path in taken.items() if path.exists()}


@pytest.mark.parametrize(("when", "number", "gone"), [("before", 1, REDUNDANT), ("after", 1, (81,)), ("before", 3, (81, 80)), ("after", 4, REDUNDANT)])
def test_what_is_gone_is_verified_and_what_was_not_begun_stays_or_is_asked_anew(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, when: str, number: int, gone: tuple[float, ...]
) -> None:
    taken = shelf.series(*AGES)
    with shelf.actor() as actor:
        actor.decide(SPACE, "backup-rotation")
        with monkeypatch.context() as patch:
            patch.setattr(subvolumes, "delete", dies(when, number))
            with pytest.raises(Killed):
                actor.turn()
        revived = actor.restarted()
        for _ in range(2):
            revived.turn()
        incident = revived.incident()
        revived.journal.close()
    assert (incident.outcome, incident.state) == ("succeeded", None), incident.reason
    assert there(taken) == set(AGES) - set(gone)


def test_one_that_is_stopped_in_the_midst_leaves_the_rest_and_says_so(shelf: Shelf) -> None:
    taken = shelf.series(*AGES)
    with shelf.actor() as actor:
        perform, calls = actor.world.hands.perform, iter(range(1, 100))

        def stopping(*values: Any) -> Any:
            if next(calls) == 2:
                actor.stop()
            return perform(*values)

        actor.world.hands = dataclasses.replace(actor.world.hands, perform=stopping)
        actor.decide(SPACE, "backup-rotation")
        actor.turn()
        assert actor.incident().outcome == "rollback_conflict"
        assert "but this cannot be undone: delete snapshot" in actor.incident().reason
    assert set(AGES) - there(taken) <= {80, 81}
