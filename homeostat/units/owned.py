"""Programs that an owner named: who else may have written them."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from homeostat.config.ownership import open_to_others
from homeostat.units.places import Unreachable

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv


def see_that_owned(argv: Argv) -> None:
    """See that every file that a command names, and every folder on the way, is root's or ours, and nobody else may write it. Raises Unreachable.

    Every file, for an interpreter runs whatever it is given; every folder, for who may write it may put another file there.
    """
    for path in [pathlib.Path(argv[0]), *(pathlib.Path(word) for word in argv[1:] if word.startswith("/"))]:
        try:
            other = open_to_others(path)
        except OSError as error:
            raise Unreachable(f"{path} cannot be run: {error.strerror}") from None
        if other is not None:
            raise Unreachable(f"{other} must belong to root and be writable by nobody else")
