"""Deliveries as a hurried Alertmanager would post them, and a book of those that were acknowledged."""

from __future__ import annotations

import contextlib
import http.client
import threading
from typing import TYPE_CHECKING

import msgspec

from actor.model import EpisodeKey
from tests.actor.web import AS_ALERTMANAGER, alert, payload
from tests.support import HOST, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLIENTS, _TARGETS = 3, 20


class Book:
    """Which deliveries were acknowledged with a 2xx, in the order in which the answers came, and how many were refused by 503."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.refused = 0
        self.other: list[int] = []
        self.over = threading.Event()

    def note(self, name: str, status: int) -> None:
        if status == 202:
            self.acknowledged.append(name)
        elif status == 503:
            self.refused += 1
        else:
            self.other.append(status)


def delivery(name: str, number: int) -> bytes:
    """Return a webhook body whose group key is `name`, about a target of no catalogue."""
    key = EpisodeKey(HOST, "memory_leak", f"t{number % _TARGETS}", "memory")
    return payload(alert(labels=labels_of(key, "none", "alert-only")), groupKey=name)


def names(bodies: Sequence[bytes]) -> list[str]:
    """Return the names of stored deliveries; what the actor told itself has none."""
    found = (msgspec.json.decode(body) for body in bodies)
    return [body["groupKey"] for body in found if "groupKey" in body]


@contextlib.contextmanager
def posting(port: int, name: str = "delivery") -> Iterator[Book]:
    """Post deliveries, each with a name of its own, to the loopback port as fast as they are answered."""
    book = Book()
    threads = [threading.Thread(target=_post, args=(port, f"{name}-{client}", book)) for client in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield book
    finally:
        book.over.set()
        for thread in threads:
            thread.join()


def _post(port: int, client: str, book: Book) -> None:
    connection, number = http.client.HTTPConnection("127.0.0.1", port, timeout=10), 0
    while not book.over.is_set():
        name, number = f"{client}-{number}", number + 1
        try:
            connection.request("POST", "/webhook", delivery(name, number), AS_ALERTMANAGER)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            # Its end: what was not answered was not acknowledged.
            connection.close()
            book.over.wait(0.05)
        else:
            book.note(name, answer.status)
    connection.close()
