"""Who gives a command."""

from __future__ import annotations

import getpass
import os
import socket


def author() -> str:
    """Return the name of the user who gives the command, or the number of one who has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def signature() -> str:
    """Return who gives the command, and where: user@host."""
    return f"{author()}@{socket.gethostname()}"
