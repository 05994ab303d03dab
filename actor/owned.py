"""Programs of the owner's that are run with privilege: nobody but root may have written what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import StepFailed
from homeostat.units.owned import see_that_owned
from homeostat.units.places import Unreachable

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv


def owned(argv: Argv) -> Argv:
    """Return a command that names only files of root's, or of this process's user. Raises StepFailed when somebody else may write one of them."""
    try:
        see_that_owned(argv)
    except Unreachable as fault:
        raise StepFailed(str(fault)) from None
    return argv
