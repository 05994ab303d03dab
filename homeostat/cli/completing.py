"""What a shell completes a word to: asked of the daemons for a moment only, and silent where nobody answers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

from homeostat.addresses import leads_to_loopback
from homeostat.clock import SystemClock
from homeostat.config import Config, load
from homeostat.credentials import CredentialError, read_token
from homeostat.daemon_client import DaemonClient, DaemonError
from homeostat.in_time import ask_all
from homeostat.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click


_PATIENCE_SECONDS = 1.0
# What was found by then is shown.
_MOST_SECONDS = 2.0
_MOST = 200
_MONTH_SECONDS = 30 * 86400
# A shell shows no more of what stands beside a word.
_MOST_HELP = 60

_Words = list[CompletionItem]


def completing(found: Callable[[Config], Iterable[tuple[str, str]]]) -> Callable[[click.Context, click.Parameter, str], _Words]:
    """Return what click asks: the words, each with what it means, that begin as what was typed; none where anything goes wrong."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> _Words:
        del parameter
        words: dict[str, str] = {}

        def gather() -> None:
            # One by one, as they are found.
            path = context.find_root().params["config_file"]
            words.update(found(load(path, Config) if path.exists() else Config()))

        # Who presses a key wants no traceback, and waits for nobody whose answer drips in.
        ask_all({"words": gather}, _MOST_SECONDS, 1, SystemClock())
        # A word that a shell would take apart, or that steers a terminal, is no help.
        return [CompletionItem(word, help=printable(meaning)[:_MOST_HELP]) for word, meaning in words.copy().items() if word.startswith(incomplete) and word.isprintable() and " " not in word]

    return complete


def _operator(config: Config) -> str | None:
    token = next(iter(config.security.operator_token_files), None)
    return read_token(token) if token else None


def _actor(config: Config) -> DaemonClient:
    return DaemonClient(config.actor_url, _operator(config), _PATIENCE_SECONDS)


def _told(incident: dict[str, Any]) -> tuple[str, str]:
    state = incident["outcome"] or incident["state"]
    return incident["id"], f"{incident['action']} at {incident['target']}: {state}"


def _incidents(config: Config) -> Iterable[tuple[str, str]]:
    return map(_told, _actor(config).get("decisions", last=_MONTH_SECONDS)[:_MOST])


def _proposed(config: Config) -> Iterable[tuple[str, str]]:
    return map(_told, _actor(config).get("proposals"))


def _scheduled(config: Config) -> Iterable[tuple[str, str]]:
    return map(_told, _actor(config).get("scheduled"))


def _services(config: Config) -> Iterable[tuple[str, str]]:
    return ((name, str(service.manager)) for name, service in config.services.items())


def _filesystems(config: Config) -> Iterable[tuple[str, str]]:
    return ((name, "file system") for name in config.filesystems)


def _named(config: Config) -> Iterable[tuple[str, str]]:
    """Yield all that the configuration names, for which nobody is asked."""
    yield from _services(config)
    yield from _filesystems(config)
    yield from ((name, "") for name in sorted(config.names - config.services.keys() - config.filesystems.keys()))


def _targets(config: Config) -> Iterable[tuple[str, str]]:
    yield from _named(config)
    with contextlib.suppress(DaemonError, CredentialError):
        door = DaemonClient(config.exporter.url, None if leads_to_loopback(config.exporter.url) else _operator(config), _PATIENCE_SECONDS)
        for entry in door.get("forecast", limit=_MOST)["forecasts"]:
            yield entry["target"], f"{entry['resource']} on {entry['host']}"


def _targets_and_incidents(config: Config) -> Iterable[tuple[str, str]]:
    yield from _named(config)
    with contextlib.suppress(DaemonError, CredentialError):
        yield from _incidents(config)


def _actions(config: Config) -> Iterable[tuple[str, str]]:
    return ((name, "") for name in _actor(config).get("status")["playbooks"])


def _observers(config: Config) -> Iterable[tuple[str, str]]:
    return ((name, "") for name in type(config.exporter.observers).__struct_fields__)


incidents = completing(_incidents)
proposed = completing(_proposed)
scheduled = completing(_scheduled)
services = completing(_services)
filesystems = completing(_filesystems)
observers = completing(_observers)
targets = completing(_targets)
targets_and_incidents = completing(_targets_and_incidents)
actions = completing(_actions)
