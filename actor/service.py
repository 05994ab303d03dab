"""What the actor's pages share: the world, who may do what, and the bell that wakes the loop."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from actor.webhook import RequestCounts
from homeostat.credentials import CredentialError, read_tokens
from homeostat.daemon import is_loopback

if TYPE_CHECKING:
    from actor.world import World
    from homeostat.config import Config
    from homeostat.doctor.model import Checked


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """What the doctor found at each check, and when (Unix seconds)."""

    checks: tuple[Checked, ...]
    at: float

# Who has every gate asked holds a thread of the web server for as long as Prometheus hangs; the stop and deliveries need some too.
_MOST_ASKING = 4


@dataclasses.dataclass
class Service:
    """One running actor as its web pages see it; no tokens at all is allowed only in shadow mode on loopback.

    The bell wakes the loop; what was heard `incomplete` has Alertmanager asked at once, and what is `reconfigured` the host.
    Whoever has every gate asked within a request is one of the few that are `asking`.
    """

    world: World
    intake_tokens: tuple[str, ...]
    operator_tokens: tuple[str, ...]
    metrics_tokens: tuple[str, ...] = ()
    requests: RequestCounts = dataclasses.field(default_factory=RequestCounts)
    api_requests: RequestCounts = dataclasses.field(default_factory=RequestCounts)
    bell: threading.Event = dataclasses.field(default_factory=threading.Event)
    incomplete: threading.Event = dataclasses.field(default_factory=threading.Event)
    reconfigured: threading.Event = dataclasses.field(default_factory=threading.Event)
    examined: Examined | None = None
    asking: threading.BoundedSemaphore = dataclasses.field(default_factory=lambda: threading.BoundedSemaphore(_MOST_ASKING))


Tokens = tuple[str, ...]


def credentials(config: Config, listen_address: str) -> tuple[Tokens, Tokens, Tokens]:
    """Return the tokens of the intake, of the operator, and of who reads metrics.

    Raises:
        CredentialError: a file is unusable, one token serves two, or there is none where there must be one.

    """
    security = config.security
    kinds = [read_tokens(paths) for paths in (security.intake_token_files, security.operator_token_files, security.metrics_token_files)]
    if len(set().union(*kinds)) < sum(len(tokens) for tokens in kinds):
        raise CredentialError("security: the intake, the operator and metrics need different tokens, each in one file")
    intake, operator, metrics = kinds
    harmless = config.autonomy.mode == "shadow" and is_loopback(listen_address)
    if not harmless and not (intake and operator):
        raise CredentialError(
            "security: intake_token_files and operator_token_files must be set; without them the actor starts only in mode shadow on loopback"
        )
    return intake, operator, metrics
