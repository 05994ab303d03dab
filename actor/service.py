"""What the actor's pages share: the world, who may do what, and the bell that wakes the loop."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from actor.webhook import RequestCounts
from homeostat.credentials import CredentialError, read_token
from homeostat.daemon import is_loopback

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.config import Config


@dataclasses.dataclass
class Service:
    """One running actor as its web pages see it; no tokens at all is allowed only in shadow mode on loopback."""

    world: World
    intake_tokens: tuple[str, ...]
    operator_tokens: tuple[str, ...]
    requests: RequestCounts = dataclasses.field(default_factory=RequestCounts)
    bell: threading.Event = dataclasses.field(default_factory=threading.Event)


def read_tokens(config: Config, listen_address: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the intake's and the operator's tokens.

    Raises:
        CredentialError: a file is unusable, one token serves both, or there is none where there must be one.

    """
    security = config.security
    intake = tuple(read_token(path) for path in security.intake_token_files)
    operator = (read_token(security.operator_token_file),) if security.operator_token_file else ()
    if set(intake) & set(operator):
        raise CredentialError("security: the intake and the operator need different tokens")
    harmless = config.autonomy.mode == "shadow" and is_loopback(listen_address)
    if not harmless and not (intake and operator):
        raise CredentialError(
            "security: intake_token_files and operator_token_file must be set; without them the actor starts only in mode shadow on loopback"
        )
    return intake, operator
