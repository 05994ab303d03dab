"""The door to our own daemons' API, for the CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
import urllib3

from homeostat.http_session import BoundedSession, Bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_SECONDS = 10
# A deed's answer may wait for Prometheus and Alertmanager, each up to its own timeout.
_DEED_TIMEOUT_SECONDS = 60
_MOST_WORDS = 300
# Ten thousand forecasts with all that is said of them are less.
_MOST_BYTES = 64 * 1024 * 1024


class DaemonError(Exception):
    """A daemon gave no usable answer; the message says why in one line."""


class DaemonRefused(DaemonError):  # noqa: N818 - a past tense like every outcome
    """A daemon heard and says no, or knows no such thing: its words are the whole story."""


class DaemonClient:
    """Asks one daemon; `token` is the operator's, or None where none is configured. An answer is waited for as long as patience lasts."""

    def __init__(self, url: str, token: str | None, patience_seconds: float = _TIMEOUT_SECONDS) -> None:
        """Talk to the daemon at the base address `url`."""
        self.url = url.rstrip("/")
        self._patience_seconds = patience_seconds
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **parameters: str | float) -> Any:
        """Return the JSON at `/api/v1/PATH`.

        Raises:
            DaemonError: no connection, no answer in time, or a refusal.

        """
        return self._ask("GET", path, self._patience_seconds, params=parameters)

    def post(self, path: str, body: Any = None) -> Any:
        """Do what POST `/api/v1/PATH` does with a JSON `body`. Raises as `get`."""
        return self._ask("POST", path, _DEED_TIMEOUT_SECONDS, json=body)

    def page(self, path: str, token: str | None = None) -> tuple[int, str]:
        """Return the status and the text of the page at PATH below the base address, asked for with `token`.

        Raises:
            DaemonError: no connection, or no answer in time.

        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = requests.get(f"{self.url}/{path}", headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            raise DaemonError(f"{self.url} gave no answer: {type(error).__name__}; is the daemon running?") from None
        return response.status_code, " ".join(response.text[:_MOST_WORDS].split())

    def lines(self, path: str, **parameters: str | float) -> Iterator[str]:
        """Yield the lines of JSON at `/api/v1/PATH` as they come.

        Raises:
            DaemonError: as `get`, or the answer broke off.

        """
        try:
            with requests.get(
                f"{self.url}/api/v1/{path}", headers=self._headers, timeout=_DEED_TIMEOUT_SECONDS, allow_redirects=False, params=parameters, stream=True
            ) as response:
                if response.status_code != requests.codes.ok:
                    raise DaemonError(f"{self.url} answered {response.status_code}: {response.text.strip()}")
                for line in response.iter_lines(chunk_size=65536):
                    yield line.decode()
        except requests.RequestException as error:
            raise DaemonError(f"{self.url} broke off its answer: {type(error).__name__}") from None

    def _ask(self, method: str, path: str, timeout_seconds: float, **options: Any) -> Any:
        try:
            with BoundedSession(Bounds(_MOST_BYTES, timeout_seconds)) as session:
                response = session.request(
                    method, f"{self.url}/api/v1/{path}", headers=self._headers, timeout=timeout_seconds, allow_redirects=False, **options
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise DaemonError(f"{self.url} gave no answer: {type(error).__name__}; is the daemon running?") from None
        try:
            answer = response.json()
        except ValueError:
            raise DaemonError(f"{self.url} answered {response.status_code} and no JSON; is it a Homeostat daemon of this version?") from None
        if response.status_code in {requests.codes.conflict, requests.codes.not_found} and isinstance(answer, dict) and "error" in answer:
            raise DaemonRefused(answer["error"])
        if response.status_code != requests.codes.ok:
            raise DaemonError(f"{self.url} answered {response.status_code}: {answer['error'] if isinstance(answer, dict) and 'error' in answer else answer}")
        return answer
