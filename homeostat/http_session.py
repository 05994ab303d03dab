"""HTTP with bounds: an answer that is larger or slower than allowed is cut off."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any

import requests

from homeostat.clock import SystemClock

if TYPE_CHECKING:
    from homeostat.clock import Clock

_CHUNK_BYTES = 1024 * 1024


class TooLargeError(requests.RequestException):
    """An answer holds more bytes than it may."""


class TooSlowError(requests.RequestException):
    """An answer began in time and did not end in time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, with the names that prometheus-api-client asks of one."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        """Read the body as JSON. Raises ValueError."""
        return json.loads(self.content)


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """How large an answer may be, and how long its body may take."""

    most_bytes: int
    timeout_seconds: float


class BoundedSession(requests.Session):
    """Reads answers within bounds, sends a POST's parameters in its body, and keeps the last answer of each thread."""

    def __init__(self, bounds: Bounds, clock: Clock | None = None) -> None:
        """Hold every answer to `bounds`, by `clock`."""
        super().__init__()
        self.last = threading.local()
        self._bounds = bounds
        self._clock = clock or SystemClock()
        # On loopback compressing costs the server more than it saves.
        self.headers["Accept-Encoding"] = "identity"

    def request(self, method: str | bytes, url: str | bytes, **options: Any) -> Answer:  # type: ignore[override]
        """Do as `requests.Session.request` does, with `params` in the body of a POST, and read the whole answer.

        Raises:
            requests.RequestException: no answer, or one out of bounds.
            urllib3.exceptions.HTTPError: the answer broke off.

        """
        if method == "POST" and "params" in options:
            options["data"] = options.pop("params")
        with super().request(method, url, stream=True, **options) as response:
            answer = Answer(response.status_code, self._read(response))
        self.last.answer = answer
        return answer

    def _read(self, response: requests.Response) -> bytes:
        deadline = self._clock.monotonic() + self._bounds.timeout_seconds
        chunks, size = [], 0
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._bounds.most_bytes:
                raise TooLargeError(f"more than {self._bounds.most_bytes >> 20} MiB; does it match more series than meant?")
            if self._clock.monotonic() > deadline:
                raise TooSlowError(f"not over after {self._bounds.timeout_seconds:g} s")
        return b"".join(chunks)
