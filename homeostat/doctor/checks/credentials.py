"""Every token file that the configuration names can be used, none is a placeholder, and no token serves two."""

from __future__ import annotations

import itertools
import os
import pathlib
from typing import TYPE_CHECKING

from homeostat.credentials import CredentialError, read_token
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config
# Who reads a token besides root, as the install has it: Alertmanager runs in the group prometheus.
_READERS = {"intake": "-o homeostat -g prometheus", "operator": "-g homeostat", "metrics": "-g homeostat-daemons"}


def _ask(subject: Subject) -> Iterator[Finding]:
    config = subject.doors.config
    tokens: dict[str, set[str]] = {}
    unusable = 0
    for key, path in _files(config):
        if _is_hidden(path):
            yield warned(f"{key}: {path} cannot be read by this user, so it was not looked at", "run homeostat doctor as root")
            unusable += 1
            continue
        try:
            tokens.setdefault(key, set()).add(read_token(path))
        except CredentialError as error:
            yield failed(f"{key}: {error}", _mended(key, path))
            unusable += 1
    for one, other in itertools.combinations((key for key in tokens if key.startswith("security.")), 2):
        if tokens[one] & tokens[other]:
            yield failed(f"{one} and {other} hold the same token: who has one has the other's rights", f"give {other} a file of its own")
    yield from _missing(config)
    if not unusable:
        yield passed(f"{sum(map(len, tokens.values()))} token files can be used")


def _files(config: Config) -> Iterator[tuple[str, str]]:
    for kind in ("intake", "operator", "metrics"):
        for path in getattr(config.security, f"{kind}_token_files"):
            yield f"security.{kind}_token_files", path
    for section in ("prometheus", "alertmanager"):
        path = getattr(config, section).bearer_token_file
        if path:
            yield f"{section}.bearer_token_file", path


def _mended(key: str, path: str) -> str:
    """Say what makes a token file usable; a token that is only open to others is closed, and stays."""
    kind = key.removeprefix("security.").removesuffix("_token_files")
    if kind in _READERS:
        return f"if it is only open to others: chmod g-w,o= {path}; else: {_made(kind, path)}, and systemctl restart homeostat-actor homeostat-exporter"
    return f"write the token that {key.partition('.')[0]} asks for into {path}, as root: install -m 640 -g homeostat-daemons /dev/stdin {path}"


def _made(kind: str, path: str) -> str:
    return f"openssl rand -hex 32 | install -m 640 {_READERS[kind]} /dev/stdin {path}"


def _is_hidden(path: str) -> bool:
    """Say whether there may be a file that only others can read: that is no fault of the file."""
    try:
        return pathlib.Path(path).exists() and not os.access(path, os.R_OK)
    except PermissionError:
        return True


def _missing(config: Config) -> Iterator[Finding]:
    for kind, whose in (("intake", "Alertmanager's deliveries"), ("operator", "approving, vetoing and undoing")):
        if not getattr(config.security, f"{kind}_token_files"):
            said = f"security.{kind}_token_files is empty: {whose} need no credential"
            path = f"/etc/homeostat/{kind}.token"
            fix = f"{_made(kind, path)}, and name {path} in security.{kind}_token_files"
            yield warned(said, fix) if config.autonomy.mode == "shadow" else failed(f"{said}, and the actor does not start outside mode shadow", fix)


CHECK = Check(order=20, ask=_ask)
