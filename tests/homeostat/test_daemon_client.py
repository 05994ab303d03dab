"""The CLI's door to the daemons: every fault is one line that says what to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from homeostat.daemon_client import DaemonClient, DaemonError
from tests.httpd import Reply, Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(lambda asked: Reply({"mode": "active"})) as running:
        yield running


def test_an_answer_is_its_json_and_the_token_goes_along(site: Site) -> None:
    assert DaemonClient(f"{site.url}/", "a-token").get("decisions", last=60.0) == {"mode": "active"}
    (asked,) = site.asked
    assert (asked.method, asked.path, asked.query, asked.headers["Authorization"]) == ("GET", "/api/v1/decisions", {"last": ["60.0"]}, "Bearer a-token")


def test_a_post_is_one(site: Site) -> None:
    DaemonClient(site.url, None).post("breakers/reset")
    assert (site.asked[0].method, "Authorization" in site.asked[0].headers) == ("POST", False)


@pytest.mark.parametrize("code", [404, 409])
def test_a_no_of_the_daemons_own_is_told_without_its_address(site: Site, code: int) -> None:
    site.answer = lambda asked: Reply({"error": "there is none"}, code)
    with pytest.raises(DaemonError, match=r"^there is none$"):
        DaemonClient(site.url, None).get("status")


@pytest.mark.parametrize("reply", [Reply({"error": "the operator's bearer token is needed"}, 401), Reply({"error": "x"}, 400), Reply({"error": "x"}, 503)])
def test_a_refusal_is_told_in_its_own_words(site: Site, reply: Reply) -> None:
    site.answer = lambda asked: reply
    with pytest.raises(DaemonError, match=f"answered {reply.status}: {reply.body['error']}"):
        DaemonClient(site.url, None).get("status")


@pytest.mark.parametrize("body", [b"", b"<html>500</html>", b"\xff", b"[1, 2]", b"null", b'"x"'])
@pytest.mark.parametrize("status", [500, 404])
def test_a_refusal_that_is_no_json_of_ours_is_an_error_all_the_same(site: Site, body: bytes, status: int) -> None:
    site.answer = lambda asked: Reply(body, status)
    with pytest.raises(DaemonError) as error:
        DaemonClient(site.url, None).get("status")
    assert len(str(error.value).splitlines()) == 1


def test_no_daemon_is_an_error_that_asks_whether_it_runs() -> None:
    with pytest.raises(DaemonError, match=r"http://127\.0\.0\.1:9 gave no answer: ConnectionError; is the daemon running"):
        DaemonClient("http://127.0.0.1:9", None).get("status")


def test_an_answer_without_end_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeostat.daemon_client._MOST_BYTES", 1000)
    site.answer = lambda asked: Reply({"forecasts": "x" * 2000})
    with pytest.raises(DaemonError, match="gave no answer: TooLargeError"):
        DaemonClient(site.url, None).get("forecast")
