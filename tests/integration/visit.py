"""A person at a console that is served for real, without a browser."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30


class Visit(requests.Session):
    """Reads the pages of one console."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def page(self, path: str) -> str:
        """Return a page that must be there."""
        answer = self.get(self.base + path, timeout=SECONDS)
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.text


@contextlib.contextmanager
def visiting(base: str, token: str) -> Iterator[Visit]:
    """Log in with the operator's token, as ada."""
    with Visit(base) as visit:
        form = re.search(r'name="csrf_token" value="([^"]+)"', visit.page("/login"))
        assert form is not None
        visit.post(f"{base}/login", data={"csrf_token": form[1], "name": "ada", "token": token}, timeout=SECONDS)
        yield visit
