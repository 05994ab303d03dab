"""Who may look and speak at the console: login, forms that nobody else can send, methods, headers, and loopback without a login."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from actor.console.visits import LASTS_SECONDS
from actor.journal import incidents
from tests.actor.console.visitor import Form, Visitor, message, text, visiting
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, OPERATOR, payload
from tests.support import WEB, Actor, configured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Host

HTTPS = {"links": {"console": "https://homeostat.example.org"}}
STRICT = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGES = ("/", "/proposals", "/decisions", "/playbooks", "/playbooks/disk-cleanup", "/controls", "/incidents/{id}")
FORMS = (
    *(f"/incidents/{{id}}/{word}" for word in ("approve", "deny", "veto", "defer", "again")),
    *(f"/controls/{word}" for word in ("pause", "end", "close", "stop", "resume")),
    "/logout",
)


@pytest.fixture
def stranger(actor: Actor) -> Visitor:
    return visiting(actor)


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


@pytest.fixture
def open_door(host: Host) -> Iterator[Actor]:
    """Run an actor that may do nothing, without any token."""
    running = Actor(host, autonomy={"mode": "shadow"})
    yield running
    running.journal.close()


def proposed(actor: Actor) -> str:
    actor.decide(WEB, "service-restart", "propose", 0.85)
    actor.turn()
    return actor.incident().id


def everything(actor: Actor) -> Any:
    """Return all that the journal holds, what was posted, and how often the service was restarted."""
    tables = [row["name"] for row in actor.journal.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    held = {name: [tuple(row) for row in actor.journal.rows(f"SELECT * FROM {name}")] for name in tables}
    return held, list(actor.alertmanager.posted), actor.host.restarts()


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_logged_in_is_asked_who_it_is_and_gets_the_page_that_was_asked_for(actor: Actor, stranger: Visitor, page: str) -> None:
    address = page.format(id=proposed(actor))
    asked = stranger.client.get(address)
    assert asked.status_code == 303
    assert "web" not in stranger.client.get(asked.headers["Location"]).text
    assert stranger.log_in(onward=address).headers["Location"] == address
    assert stranger.client.get(address).status_code == 200


@pytest.mark.parametrize("form", FORMS)
def test_a_word_of_who_is_not_logged_in_does_nothing_and_says_so(actor: Actor, stranger: Visitor, form: str) -> None:
    address = form.format(id=proposed(actor))
    before = everything(actor)
    token = stranger.form("/login", "/login").fields["csrf_token"]
    for data in ({}, {"csrf_token": token, "plan_hash": "x"}):
        asked = stranger.client.post(address, data=data)
        assert "/login?" in asked.headers["Location"]
        assert "You are logged out, so nothing was done." in message(stranger.client.get(asked.headers["Location"]))
    assert everything(actor) == before


@pytest.mark.parametrize("token", ["", "x", "operator", OPERATOR[0] + "x", OPERATOR[0][:-1], "é" * 20, "\x00" * 16])
def test_a_wrong_token_lets_nobody_in_and_counts_as_the_api_s_do(stranger: Visitor, token: str) -> None:
    answer = stranger.log_in(token=token)
    assert (answer.status_code, "That is not the operator's token" in message(answer)) == (401, True)
    assert stranger.pages.service.api_requests.read()[401] == 1
    assert stranger.client.get("/").status_code == 303


def test_a_stranger_s_wrong_tokens_lock_nobody_out(stranger: Visitor) -> None:
    assert {stranger.log_in(token="wrong").status_code for _ in range(50)} == {401}
    assert stranger.pages.service.api_requests.read()[401] == 50
    assert stranger.log_in().status_code == 303


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "ada\x1b[2J", "ada\u202e", "\ufeff"])
def test_a_name_is_short_and_printable(stranger: Visitor, name: str) -> None:
    answer = stranger.log_in(name=name)
    assert (answer.status_code, "Give a name" in message(answer)) == (400, True)
    assert stranger.client.get("/").status_code == 303


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie: a=b", "/api/v1/status", "/metrics",
     "/login", "/nowhere", "/incidents/x/approve", "http:///", "http://[", "//evil.example//..", "/\t/evil.example", "/-/healthy", "\x00", "e" * 5000],
)  # fmt: skip
def test_a_login_leads_to_pages_of_the_console_only(stranger: Visitor, onward: str) -> None:
    form = stranger.form("/login", "/login")
    answer = stranger.client.post("/login", data={**form.fields, "name": "ada", "token": OPERATOR[0], "next": onward})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_login_keeps_the_page_of_a_list(stranger: Visitor) -> None:
    assert stranger.log_in(onward="/decisions%3Fpage=3").headers["Location"] == "/decisions?page=3"


def test_a_visit_ends_in_time(actor: Actor, ada: Visitor) -> None:
    actor.clock.advance(LASTS_SECONDS - 1)
    assert ada.client.get("/").status_code == 200
    actor.clock.advance(1)
    assert ada.client.get("/").status_code == 303


def test_a_clock_that_is_set_back_prolongs_no_visit(actor: Actor, ada: Visitor) -> None:
    actor.clock.jump(-LASTS_SECONDS)
    actor.clock.advance(LASTS_SECONDS)
    assert ada.client.get("/").status_code == 303


def test_a_rotated_token_ends_the_visits_that_it_let_in(ada: Visitor) -> None:
    ada.pages.service.operator_tokens = ("operator-new-0123456789ab", OPERATOR[0])
    assert ada.client.get("/").status_code == 200
    ada.pages.service.operator_tokens = ("operator-new-0123456789ab",)
    assert ada.client.get("/").status_code == 303
    assert ada.log_in(token="operator-new-0123456789ab").status_code == 303
    assert ada.client.get("/").status_code == 200


def test_the_first_token_ends_the_visits_that_needed_none(open_door: Actor) -> None:
    visitor = visiting(open_door, intake=(), operator=())
    assert visitor.client.get("/").status_code == 200
    visitor.pages.service.operator_tokens = OPERATOR
    assert visitor.client.get("/").status_code == 303


def test_a_logout_ends_the_visit_for_who_kept_its_cookie_too(ada: Visitor) -> None:
    cookie = ada.cookie
    ada.send(ada.form("/", "/logout"))
    assert ada.client.get("/").status_code == 303
    ada.client.set_cookie(*cookie)
    assert ada.client.get("/").status_code == 303


def test_another_process_knows_no_cookie_of_this_one(actor: Actor, ada: Visitor) -> None:
    other = visiting(actor)
    other.client.set_cookie(*ada.cookie)
    assert other.client.get("/").status_code == 303
    assert other.pages.app.secret_key != ada.pages.app.secret_key


def test_the_consoles_of_two_hosts_at_one_name_do_not_log_each_other_out(actor: Actor, ada: Visitor) -> None:
    actor.world.config = configured(actor.host.settings(), host="h2")
    other = visiting(actor)
    other.log_in()
    ada.client.set_cookie(*other.cookie)
    assert ada.client.get("/").status_code == 200


@pytest.mark.parametrize(("links", "secure"), [({}, False), (HTTPS, True)])
def test_the_cookie_is_for_the_console_alone_and_over_tls_only_where_there_is_some(actor: Actor, stranger: Visitor, links: dict[str, Any], secure: bool) -> None:
    actor.world.config = configured(actor.host.settings(), **links)
    header = stranger.log_in().headers["Set-Cookie"]
    assert ["HttpOnly" in header, "SameSite=Lax" in header, "Path=/" in header, "Domain" in header, "Secure" in header] == [True, True, True, False, secure]
    assert OPERATOR[0] not in header


@pytest.mark.parametrize("form", FORMS)
def test_a_forged_or_a_stale_form_does_nothing(actor: Actor, ada: Visitor, form: str) -> None:
    address = form.format(id=proposed(actor))
    of_another = visiting(actor)
    of_another.log_in()
    tokens = ["", "x", of_another.form("/", "/logout").fields["csrf_token"]]
    before = everything(actor)
    for data in ({}, *({"csrf_token": token, "plan_hash": "x"} for token in tokens)):
        answer = ada.client.post(address, data=data)
        assert (answer.status_code, "stale or forged" in message(answer)) == (400, True)
    assert everything(actor) == before
    assert not ada.pages.service.bell.is_set()
    assert ada.client.get("/").status_code == 200


def test_a_login_that_no_form_of_ours_sent_is_not_looked_at(stranger: Visitor) -> None:
    answer = stranger.client.post("/login", data={"name": "ada", "token": OPERATOR[0]})
    assert "/login?lost=1" in answer.headers["Location"]
    assert stranger.client.get("/").status_code == 303


def test_a_form_of_before_a_restart_leads_to_the_login_and_back_to_its_page(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    page = f"/incidents/{incident_id}"
    form = ada.form(page, f"{page}/approve")
    next_process = visiting(actor)
    answer = next_process.client.post(form.action, data=form.fields, headers={"Referer": f"http://localhost{page}"})
    login = next_process.form(answer.headers["Location"], "/login")
    assert next_process.client.post("/login", data={**login.fields, "name": "ada", "token": OPERATOR[0]}).headers["Location"] == page
    assert actor.incident().state == "proposed"


def test_a_login_begins_another_session_than_the_one_before_it(stranger: Visitor) -> None:
    before = stranger.form("/login", "/login").fields["csrf_token"]
    stranger.log_in()
    answer = stranger.client.post("/logout", data={"csrf_token": before})
    assert answer.status_code == 400


def test_the_api_takes_no_cookie(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    token = ada.form("/", "/logout").fields["csrf_token"]
    answers = [
        ada.client.get("/api/v1/status"),
        ada.client.post(f"/api/v1/incidents/{incident_id}/deny", json={"author": "a"}, headers={"X-CSRFToken": token}),
        ada.client.post("/-/reload", headers={"X-CSRFToken": token}),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert actor.incident().state == "proposed"


def test_the_api_the_reload_and_the_webhook_need_no_form(actor: Actor, stranger: Visitor) -> None:
    incident_id = proposed(actor)
    answers = [
        stranger.client.post(f"/api/v1/incidents/{incident_id}/deny", json={"author": "ada@desk"}, headers=AS_OPERATOR),
        stranger.client.post("/-/reload", headers=AS_OPERATOR),
        stranger.client.post("/", data=payload(), headers=AS_ALERTMANAGER),
        stranger.client.post("/webhook", data=payload(), headers=AS_ALERTMANAGER),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 202, 202]


def test_a_get_changes_nothing_wherever_it_goes(actor: Actor, ada: Visitor) -> None:
    actor.world.ready.set()
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    before = everything(actor)
    asked = 0
    for rule in ada.pages.app.url_map.iter_rules():
        words = re.findall(r"\w+", rule.rule.rpartition("any(")[2].partition(")")[0]) if "any(" in rule.rule else ["x"]
        for word in words:
            path = re.sub(r"<any[^>]*>", word, rule.rule).replace("<incident_id>", incident_id)
            path = re.sub(r"<[^>]*>", "x", path)
            for method in ("GET", "HEAD"):
                answer = ada.client.open(path, method=method, query_string={**form.fields, "now": "1", "for": "2h", "page": "1"}, headers=AS_OPERATOR)
                assert answer.status_code < 500, (path, answer.text)
                asked += 1
    assert asked > 40
    assert everything(actor) == before
    assert not ada.pages.service.bell.is_set()
    assert ada.client.get("/").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_word_is_only_posted(actor: Actor, ada: Visitor, method: str) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    before = everything(actor)
    assert ada.client.open(form.action, method=method, data=form.fields).status_code == 405
    assert everything(actor) == before


@pytest.mark.parametrize("address", ["/", "/login", "/decisions", "/incidents/nowhere", "/nowhere", "/api/v1/status", "/metrics", "/runbooks/x"])
def test_every_answer_is_strict(ada: Visitor, address: str) -> None:
    headers = ada.client.get(address).headers
    assert {name: headers.get(name) for name in STRICT} == STRICT


def test_the_style_sheet_is_kept_and_its_address_changes_with_it(stranger: Visitor) -> None:
    page = stranger.client.get("/login").text
    found = re.search(r'href="(/console\.css\?v=[0-9a-f]{12})"', page)
    assert found is not None
    answer = stranger.client.get(found[1])
    assert (answer.status_code, answer.mimetype, "immutable" in answer.headers["Cache-Control"]) == (200, "text/css", True)
    assert not re.search(r"<script|<style|style=|\son\w+=", page)


def test_without_a_token_there_is_no_login_but_every_form_is_ours(open_door: Actor) -> None:
    actor, visitor = open_door, visiting(open_door, intake=(), operator=())
    actor.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    incident_id = actor.incident().id
    assert "no operator's token is configured" in text(visitor.client.get("/"))
    assert visitor.client.get("/login?next=/decisions").headers["Location"] == "/decisions"
    assert visitor.client.post(f"/incidents/{incident_id}/veto").status_code == 400
    assert message(visitor.say(incident_id, "veto")).startswith("Heard: vetoed by anybody@console")


@pytest.mark.parametrize("name", ["evil.example", "evil.example:9922", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1:9922", "[", ""])
def test_without_a_token_a_name_that_is_not_ours_is_not_answered(open_door: Actor, name: str) -> None:
    visitor = visiting(open_door, intake=(), operator=())
    for path in ("/", "/login", "/decisions", "/api/v1/status", "/api/v1/journal/export"):
        answer = visitor.client.get(path, headers={"Host": name})
        assert (answer.status_code in {400, 403}, "Set-Cookie" in answer.headers) == (True, False), path


@pytest.mark.parametrize("name", ["localhost", "localhost:9922", "127.0.0.1:9922", "127.0.1.1", "[::1]:9922", "homeostat.example.org"])
def test_without_a_token_loopback_s_names_and_the_console_s_are_answered(open_door: Actor, name: str) -> None:
    open_door.world.config = configured(open_door.host.settings(), autonomy={"mode": "shadow"}, **HTTPS)
    visitor = visiting(open_door, intake=(), operator=())
    assert [visitor.client.get(path, headers={"Host": name}).status_code for path in ("/", "/api/v1/status")] == [200, 200]


def test_prometheus_reads_metrics_under_any_name(open_door: Actor) -> None:
    visitor = visiting(open_door, intake=(), operator=())
    assert [visitor.client.get(path, headers={"Host": "nas:9922"}).status_code for path in ("/metrics", "/-/healthy")] == [200, 200]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:3000", "http://[", ""])
def test_without_a_token_nothing_is_taken_that_another_page_sends(open_door: Actor, origin: str) -> None:
    actor, visitor = open_door, visiting(open_door, intake=(), operator=())
    actor.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    body = b'{"author": "mallory"}'
    address = f"/api/v1/incidents/{actor.incident().id}/veto"
    answer = visitor.client.post(address, data=body, content_type="text/plain", headers={"Origin": origin})
    assert (answer.status_code, actor.incident().outcome) == (403, "shadowed")
    assert visitor.client.post("/-/reload", headers={"Origin": origin}).status_code == 403
    assert visitor.client.post("/webhook", data=payload(), content_type="text/plain", headers={"Origin": origin}).status_code == 401
    answers = [visitor.client.post(address, data=body), visitor.client.post("/-/reload"), visitor.client.post("/webhook", data=payload())]
    assert [answer.status_code for answer in answers] == [200, 200, 202]


def test_with_a_token_any_name_is_answered_for_a_proxy_may_give_it_another(actor: Actor, ada: Visitor) -> None:
    assert visiting(actor).client.get("/login", headers={"Host": "homeostat.home.arpa"}).status_code == 200


def test_a_form_of_ours_holds_no_more_than_it_needs(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form: Form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    proposal = incidents.proposal_of(actor.journal, incident_id)
    assert proposal is not None
    assert (set(form.fields), form.fields["plan_hash"]) == ({"csrf_token", "plan_hash", "reason"}, proposal["plan_hash"])
