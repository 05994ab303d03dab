"""What each file frees when several go: files that share blocks with one another free those only once all of them are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.disk.files import FoundFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actor.disk.extents import Extent
    from actor.disk.rule import Candidate


class Chosen(FoundFile, frozen=True, kw_only=True):
    """A file, the rule that names it, the bytes it frees when those before it are gone, and those that others hold too.

    Files of one `bundle` (0: none) stand together and free what is told only if all of them go.
    """

    rule: str
    frees_bytes: int
    pinned_bytes: int = 0
    bundle: int = 0


def choose(candidates: Iterable[Candidate], together: Mapping[Extent, frozenset[int]]) -> list[Chosen]:
    """Return each candidate once, in order, with what it frees; a bundle stands where its first file does.

    `together` holds the extents that only these files hold, each with their inodes.
    """
    by_inode: dict[int, Candidate] = {}
    for candidate in candidates:
        by_inode.setdefault(candidate.file.inode, candidate)
    place = {inode: number for number, inode in enumerate(by_inode, start=1)}
    first = _first_of_bundle(place, together.values())
    bundled = {inode for holders in together.values() for inode in holders}
    waiting = {extent: set(holders) for extent, holders in together.items()}
    return [
        _chosen(by_inode[inode], waiting, first[inode] if inode in bundled else 0)
        for inode in sorted(by_inode, key=lambda inode: (first[inode], place[inode]))
    ]


def _first_of_bundle(place: Mapping[int, int], groups: Iterable[frozenset[int]]) -> dict[int, int]:
    """Return for each inode the first place among all that it is tied to, by whatever chain of groups."""
    leader = {inode: inode for inode in place}

    def lead(inode: int) -> int:
        while leader[inode] != inode:
            leader[inode] = leader[leader[inode]]
            inode = leader[inode]
        return inode

    for group in groups:
        leads = {lead(inode) for inode in group}
        front = min(leads, key=lambda inode: place[inode])
        leader.update(dict.fromkeys(leads, front))
    return {inode: place[lead(inode)] for inode in place}


def _chosen(candidate: Candidate, waiting: dict[Extent, set[int]], bundle: int) -> Chosen:
    held, inode = candidate.occupied, candidate.file.inode
    mine = [extent for extent in held.shared if extent in waiting]
    for extent in mine:
        waiting[extent].discard(inode)
    return Chosen(
        path=candidate.file.path,
        inode=inode,
        modified_ns=candidate.file.modified_ns,
        rule=candidate.rule,
        frees_bytes=held.own_bytes + sum(extent.disk_bytes for extent in mine if not waiting[extent]),
        pinned_bytes=held.shared_bytes - sum(extent.disk_bytes for extent in mine),
        bundle=bundle,
    )
