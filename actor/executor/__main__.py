"""`homeostat-executor`: started by systemd when an intent lies there, gone again when none has come for a while."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import pathlib
from typing import TYPE_CHECKING

import click

from actor.executor import intents
from actor.executor.policy import looks_back
from actor.executor.root import Root, answer
from actor.playbook import load_playbooks
from homeostat import __version__, daemon, logs, struct_types
from homeostat.clock import SystemClock
from homeostat.config import DEFAULT_CONFIG, Config, ConfigError, load
from homeostat.config.ownership import rules_of, see_that_only_root_writes
from homeostat.config.section import DAY
from homeostat.config.shared_windows import UnknownWindowsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.playbook import Playbook

log = logging.getLogger(__name__)

_WORKERS = 8
_POLL_SECONDS = 0.01
_IDLE_SECONDS = 5.0
# Whose answer could not be written, on a full disk say, is tried again, but not a hundred times a second.
_REST_SECONDS = 1.0
# What was done stays known for so long at least.
_HELD_SECONDS = 30 * DAY
# What was taken back is still listened for.
_ANSWER_STAYS_SECONDS = 30.0


@click.command()
@click.option("--config.file", "config_file", type=click.Path(path_type=pathlib.Path), default=DEFAULT_CONFIG, show_default=True, help="The configuration.")
@click.option("--config.check", "check_only", is_flag=True, help="Check the configuration, say what is wrong, and exit.")
@click.option("--log.level", "log_level", type=click.Choice(logs.LEVELS), default="info", show_default=True)
@click.option("--log.format", "log_format", type=click.Choice(logs.FORMATS), default="logfmt", show_default=True)
@click.version_option(__version__, "--version")
def main(config_file: pathlib.Path, check_only: bool, log_level: str, log_format: str) -> None:
    """Do as root what the actor without root has written down, after a look of its own; end when nothing more comes."""
    logs.configure(log_level, log_format)
    try:
        config, playbooks = _configuration(config_file, strictly=check_only)
        if not check_only:
            serve(Root.of(config, playbooks, SystemClock()), is_outdated=_watch(config_file, config))
    except (ConfigError, OSError, ValueError) as error:
        daemon.die(str(error))


def _configuration(config_file: pathlib.Path, *, strictly: bool) -> tuple[Config, dict[str, Playbook]]:
    """Read what root may do. Raises ConfigError where it does not fit, or somebody else could have written it."""
    try:
        config = load(config_file, Config)
    except UnknownWindowsError as fault:
        if strictly:
            raise
        # What was begun is finished and undone all the same, whoever breaks Alertmanager's file meanwhile.
        log.error("no window is open until this is mended: %s", fault)  # noqa: TRY400 - a user's error
        config = fault.rest
    if config.actor.executor_directory is None:
        raise ConfigError(str(config_file), 0, "actor.executor_directory", "must be set for the executor to have a place of its own")
    playbooks = load_playbooks(config.actor.playbook_directory)
    see_that_only_root_writes(rules_of(config_file, config))
    return config, playbooks


def _watch(config_file: pathlib.Path, config: Config) -> Callable[[], bool]:
    """Return what says whether a file that says what root may do is another than now."""

    def written() -> list[tuple[pathlib.Path, int, int]]:
        # A file that is replaced is another inode, and none that is written to can keep the time at which its inode was changed.
        return [(path, status.st_ino, status.st_ctime_ns) for path in rules_of(config_file, config) if (status := path.stat())]

    then = written()

    def is_outdated() -> bool:
        try:
            return written() != then
        except OSError:
            return True

    return is_outdated


def serve(root: Root, idle_seconds: float = _IDLE_SECONDS, is_outdated: Callable[[], bool] = lambda: False) -> None:
    """Answer intents as they come, several at a time, until none has been there for `idle_seconds`.

    When it `is_outdated` nothing more is taken: it ends with what is under way, and systemd starts one that reads anew what root may do.
    """
    busy: dict[str, concurrent.futures.Future[object]] = {}
    rests_until: dict[str, float] = {}
    struct_types.read_all()
    root.store.prune(root.clock.now() - max(_HELD_SECONDS, looks_back(root.config, root.playbooks.values())))
    last_seen = root.clock.monotonic()
    with concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="deed") as pool:
        while busy or (root.clock.monotonic() - last_seen < idle_seconds and not is_outdated()):
            waiting, answered = intents.names(root.intents), intents.names(root.answers)
            for name in answered - waiting:
                intents.remove(root.answers, name, written_before=root.clock.now() - _ANSWER_STAYS_SECONDS)
            for name in answered & waiting - busy.keys():
                _take_away(root, name)
            for name in waiting - answered - busy.keys() if not is_outdated() else ():
                if rests_until.get(name, 0.0) <= root.clock.monotonic():
                    busy[name] = pool.submit(answer, root, name)
            for name in [name for name, future in busy.items() if future.done()]:
                if _failed(name, busy.pop(name)):
                    rests_until[name] = root.clock.monotonic() + _REST_SECONDS
            last_seen = root.clock.monotonic() if waiting - answered else last_seen
            root.clock.sleep(_POLL_SECONDS)


def _take_away(root: Root, name: str) -> None:
    """Take away an intent whose answer nobody has fetched: who asked has died, and its folder would call for root for ever."""
    answer = pathlib.Path(root.answers, f"{name}.json")
    # It lies where another may put what is no file.
    with contextlib.suppress(OSError):
        if root.clock.now() - answer.stat().st_mtime > _ANSWER_STAYS_SECONDS:
            intents.remove(root.intents, name)


def _failed(name: str, future: concurrent.futures.Future[object]) -> bool:
    fault = future.exception()
    if fault is not None:
        log.error("intent %s could not be answered: %s", name, fault)
    return fault is not None


if __name__ == "__main__":
    main()
