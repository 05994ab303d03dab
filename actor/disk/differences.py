"""What an action changed in a whole tree: compared folder by folder, for there may be millions of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.disk import three_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actor.disk.three_way import Changes, Part, Trace


def _all(path: str, seen: Trace) -> bool:
    del path, seen
    return True


def differences(before: int, live: int, counts: Callable[[str, Trace], bool] = _all) -> Changes:
    """Return what an action left below the open folder `live` of each path that `counts` and is another than below `before`."""
    found: Changes = {}
    for old, new in _side_by_side(three_way.by_folder(before), three_way.by_folder(live)):
        for path, left in three_way.changes(_counting(old, counts), _counting(new, counts)).items():
            # A folder stands with what lies in it, a file with what lies beside it: what became the other comes twice.
            if left is not None or path not in found:
                found[path] = left
    return found


def _counting(part: dict[str, Trace], counts: Callable[[str, Trace], bool]) -> dict[str, Trace]:
    return {path: seen for path, seen in part.items() if counts(path, seen)}


def _side_by_side(before: Iterator[Part], live: Iterator[Part]) -> Iterator[tuple[dict[str, Trace], dict[str, Trace]]]:
    """Yield the traces of each folder on both sides, none where it is missing; both come in the order of their paths."""
    old, new = next(before, None), next(live, None)
    while old is not None or new is not None:
        place = min(part[0] for part in (old, new) if part is not None)
        yield (
            old[1] if old is not None and old[0] == place else {},
            new[1] if new is not None and new[0] == place else {},
        )
        old = next(before, None) if old is not None and old[0] == place else old
        new = next(live, None) if new is not None and new[0] == place else new
