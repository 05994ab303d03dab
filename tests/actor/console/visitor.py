"""A person at the console, for tests: logs in, reads the forms of a page, and sends them as a browser would."""

from __future__ import annotations

import dataclasses
import html.parser
from typing import TYPE_CHECKING, Any

from tests.actor.web import OPERATOR, Pages, pages_of

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.support import Actor


@dataclasses.dataclass
class Form:
    """A form as it stands on a page: where it goes, and its fields with their values."""

    action: str
    fields: dict[str, str]


class _Reader(html.parser.HTMLParser):
    """Reads a page: its forms, its text, every element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag == "form":
            self.forms.append(Form(found["action"], {}))
        elif tag in {"input", "textarea", "select"} and "name" in found:
            self.forms[-1].fields[found["name"]] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(answer: TestResponse) -> _Reader:
    reader = _Reader()
    reader.feed(answer.text)
    return reader


def text(answer: TestResponse) -> str:
    """Return what a page says, as it is read."""
    return " ".join(" ".join(read(answer).text).split())


@dataclasses.dataclass
class Visitor:
    """A browser at the console."""

    pages: Pages
    client: FlaskClient

    def form(self, page: str, action: str) -> Form:
        """Return the form of a page that goes to an address."""
        return next(form for form in read(self.client.get(page)).forms if form.action == action)

    @property
    def cookie(self) -> tuple[str, str]:
        """The name and the value of the cookie that it was given."""
        given = self.client.get_cookie(self.pages.app.config["SESSION_COOKIE_NAME"])
        assert given is not None
        return given.key, given.value

    def log_in(self, name: str = "ada", token: str = OPERATOR[0], onward: str = "") -> TestResponse:
        form = self.form(f"/login?next={onward}", "/login")
        return self.client.post("/login", data={**form.fields, "name": name, "token": token})

    def say(self, incident_id: str, word: str, **fields: str) -> TestResponse:
        """Send the form of a word as it stands on the incident's page, with other values, and return the page that comes."""
        form = self.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/{word}")
        return self.send(form, **fields)

    def send(self, form: Form, **fields: str) -> TestResponse:
        answer = self.client.post(form.action, data={**form.fields, **fields})
        return self.client.get(answer.headers["Location"]) if answer.status_code == 303 else answer


def visiting(actor: Actor, **tokens: Any) -> Visitor:
    """Return a browser that nobody has logged in with."""
    pages = pages_of(actor, **tokens)
    return Visitor(pages, pages.client)


def message(answer: TestResponse) -> str:
    """Return what a page tells in its message."""
    assert 'class="message' in answer.text, answer.text
    after = answer.text.split('class="message', 1)[1].split(">", 1)[1].split("</p>")[0]
    reader = _Reader()
    reader.feed(after)
    return " ".join(" ".join(reader.text).split())
