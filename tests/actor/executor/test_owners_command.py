"""An owner's programs go through root: root plans them from its own playbooks, and runs no other undo than the one it has given."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tests.actor.executor.conftest import paired, served
from tests.actor.playbooks import marks
from tests.support import WEB

if TYPE_CHECKING:
    from tests.actor.executor.conftest import Pair
    from tests.support import Host


def pair_of(host: Host) -> Pair:
    own = marks(host, "")["actor"]
    return paired(host, actor={"executor_directory": str(host.folder / "root"), **own})


def test_a_step_that_fails_at_root_has_root_run_the_undo_of_each(host: Host) -> None:
    pair = pair_of(host)
    with served(pair):
        pair.actor.decide(WEB, "marks")
        pair.actor.turn()
    assert pair.actor.incident().outcome == "rolled_back", pair.actor.incident().reason
    assert (host.folder / "undone").read_text().split() == ["second", "first"]
    pair.actor.journal.close()


def test_root_runs_no_undo_that_it_has_not_given(host: Host) -> None:
    pair = pair_of(host)
    pair.ask("plan", action="marks")
    given = pair.ask("protect", action="marks").result
    forged = copy.deepcopy(given)
    forged["record"]["undoes"][0]["argv"] = ["/usr/bin/touch", str(host.folder / "forged")]
    refused = pair.ask("undo", forged, action="marks")
    assert (refused.said, "no record that root has given" in refused.reason) == ("failed", True)
    assert not (host.folder / "forged").exists()
    assert pair.ask("undo", given, action="marks").result["restored"] == 2
    pair.actor.journal.close()
