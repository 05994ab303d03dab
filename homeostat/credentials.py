"""Secrets by file: read, refused when they are placeholders, compared in constant time."""

from __future__ import annotations

import base64
import hmac
import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 16
LONGEST = 1024
_PLACEHOLDER = re.compile(
    r"change.?me|place.?holder|replace|example|insert|your[-_ ]|todo|default|secret|password|token|x{4,}|<.*>|\$\{.*\}|(.)\1{7,}",
    re.IGNORECASE,
)


class CredentialError(Exception):
    """A secret that cannot be used; the message names the file and what to do, never the secret."""


def read_token(path: str) -> str:
    """Return the token that the file at `path` holds, without surrounding blanks.

    Raises:
        CredentialError: no such file, one that others may read or change, more than one word, shorter than 16 characters,
            or a placeholder.

    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - its mode is asked of what was opened
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            token = file.read(4 * LONGEST).decode().strip()
    except (OSError, ValueError) as error:
        raise CredentialError(f"{path}: the token file cannot be read: {error.strerror if isinstance(error, OSError) else error}") from None
    # A group may read it, for Alertmanager reads the same file; whoever may write it, or is anybody, would be the operator.
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise CredentialError(f"{path}: others may read or change this token (mode {mode:04o}); run: chmod g-w,o= {path}")
    if len(token.split()) != 1 or not SHORTEST <= len(token) <= LONGEST:
        raise CredentialError(f"{path}: a token is one word of at least {SHORTEST} characters (and at most {LONGEST}); make one with: openssl rand -hex 32")
    if _PLACEHOLDER.search(token):
        raise CredentialError(f"{path}: this token is a placeholder; make one with: openssl rand -hex 32")
    return token


def read_tokens(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the token of each file. Raises CredentialError as `read_token`."""
    return tuple(read_token(path) for path in paths)


def authorized(header: str | None, tokens: tuple[str, ...]) -> bool:
    """Say whether an `Authorization` header bears one of `tokens`, as bearer or as the password of basic.

    Every token is compared in constant time, also after one has fit. No tokens means nobody.
    """
    given = _presented(header or "").encode()
    fits = [hmac.compare_digest(given, token.encode()) for token in tokens]
    return bool(given) and any(fits)


def _presented(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode("utf-8").partition(":")[2]
        except ValueError:
            return ""
    return ""
