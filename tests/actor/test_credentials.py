"""Who may do what: without a valid credential nothing changes but a counter, and the intake's opens nothing of the operator's."""

from __future__ import annotations

import base64
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actor.live import Live, living
from tests.actor.process import INTAKE as LIVE_INTAKE
from tests.actor.process import OPERATOR as LIVE_OPERATOR
from tests.actor.web import AS_ALERTMANAGER, AS_OPERATOR, INTAKE, OPERATOR, Pages, pages_of, payload
from tests.support import DISK, WEB, Actor

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

# What anybody may ask changes nothing: a GET, and no incident's story.
PUBLIC = {("GET", "/-/healthy"), ("GET", "/-/ready"), ("GET", "/metrics"), ("GET", "/runbooks/x")}
# The console asks who it is: everything of it but this leads to its login.
LOGIN = {("GET", "/login"), ("GET", "/console.css")}
_NO_CONSOLE = ("/api/", "/-/", "/webhook", "/metrics", "/runbooks/")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SCHEMES = ("Bearer {}", "bearer {}", "Basic {}", "Token {}", "{}", "Bearer  {} x")


def of_console(method: str, path: str) -> bool:
    """Say whether an address is the console's; on `/` it is a delivery that is posted."""
    return (method, path) != ("POST", "/") and not path.startswith(_NO_CONSOLE)


def shut(method: str, path: str) -> set[int]:
    """Return how an address answers whoever has no credential for it."""
    return {200} if (method, path) in LOGIN else {303} if of_console(method, path) else {401}


def basic(password: str) -> str:
    return base64.b64encode(f"user:{password}".encode()).decode()


def addresses(pages: Pages, incident_id: str = "0a1b2c3d") -> list[tuple[str, str]]:
    """Return (method, address) of everything that the actor answers."""
    found = [("POST", "/webhook"), ("POST", "/")]
    for rule in pages.app.url_map.iter_rules():
        path = rule.rule.replace("<incident_id>", incident_id)
        words = re.search(r"<any\((.*)\):\w+>", path)
        each = [path.replace(words[0], word) for word in words[1].split(", ")] if words else [re.sub(r"<[^>]*>", "x", path)]
        found += [(method, one) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) for one in each]
    return sorted(set(found))


@pytest.fixture
def pages(actor: Actor) -> Pages:
    actor.decide(WEB, "service-restart", "propose", 0.75)
    actor.host.log("old.log.1")
    actor.decide(DISK, "disk-cleanup", "notify-execute", 0.85)
    actor.turn()
    return pages_of(actor)


def everything(actor: Actor, pages: Pages) -> Any:
    """Return all that could have been changed."""
    tables = [row["name"] for row in actor.journal.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return (
        {table: [tuple(row) for row in actor.journal.rows(f"SELECT * FROM {table}")] for table in tables},
        {path: path.stat().st_mtime_ns for path in actor.host.folder.rglob("*") if not path.name.startswith("journal.db")},
        (len(actor.alertmanager.posted), actor.world.config, pages.service.intake_tokens, pages.service.operator_tokens, pages.service.bell.is_set()),
    )


def test_everything_but_health_metrics_and_runbooks_needs_a_credential(actor: Actor, pages: Pages) -> None:
    before = everything(actor, pages)
    asked = addresses(pages, actor.incident().id)
    assert len(asked) > 12
    for method, path in asked:
        answer = pages.client.open(path, method=method, data=payload())
        assert (answer.status_code in shut(method, path)) != ((method, path) in PUBLIC), (method, path, answer.status_code)
    assert everything(actor, pages) == before


def test_the_intakes_credential_opens_nothing_of_the_operators_and_the_reverse(actor: Actor, pages: Pages) -> None:
    before = everything(actor, pages)
    for method, path in addresses(pages, actor.incident().id):
        other = AS_OPERATOR if (method, path) == ("POST", "/") or path == "/webhook" else AS_ALERTMANAGER
        answer = pages.client.open(path, method=method, data=payload(), headers=other)
        assert (answer.status_code in shut(method, path)) != ((method, path) in PUBLIC), (method, path, answer.status_code)
    assert everything(actor, pages) == before


KNOWN = {*INTAKE, *OPERATOR}
GUESSES = st.one_of(
    st.none(),
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60),
    st.builds(
        lambda scheme, token, coded: scheme.format(basic(token) if coded else token),
        st.sampled_from(SCHEMES),
        st.one_of(st.sampled_from(sorted(KNOWN)).flatmap(lambda token: st.sampled_from([token[:-1], token + "x", token.upper(), token[1:], f"{token}\0", ""])), st.text("abcdef0123456789-", max_size=40)),
        st.booleans(),
    ),
).filter(lambda header: header is None or ("\r" not in header and "\n" not in header))


BODIES = st.sampled_from([b"", b"{}", payload(), b'{"author": "eve", "plan_hash": "x", "until": null}'])


@given(asked=st.tuples(st.integers(0, 10_000), st.sampled_from(METHODS)), header=GUESSES, body=BODIES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_guesses_changes_nothing_but_a_counter(actor: Actor, pages: Pages, asked: tuple[int, str], header: str | None, body: bytes) -> None:
    known, (number, method) = addresses(pages, actor.incident().id), asked
    path = known[number % len(known)][1]
    before, refused = everything(actor, pages), pages.service.requests.read()[401]
    headers = {"Authorization": header} if header is not None else {}
    answer = pages.client.open(path, method=method, data=body, headers=headers)
    assert answer.status_code in ({200, 503} if path.startswith("/-/") else {200, 404}) | {303, 401, 405}
    assert answer.status_code != 200 or method in {"GET", "HEAD", "OPTIONS"}
    assert everything(actor, pages) == before
    assert pages.service.requests.read()[401] - refused == int(path == "/webhook" or (path, method) == ("/", "POST"))


@pytest.fixture
def live(tmp_path: pathlib.Path) -> Iterator[Live]:
    (tmp_path / "live").mkdir()
    with living(tmp_path / "live") as place:
        yield place


def test_a_real_actor_changes_nothing_without_a_credential(live: Live, actor: Actor) -> None:
    wrong = ({}, {"Authorization": "Bearer 00ff00ff00ff00ff"}, {"Authorization": f"Bearer {LIVE_INTAKE[:-1]}"}, {"Authorization": "Basic " + basic("guess-guess-guess")})
    asked = [one for one in addresses(pages_of(actor)) if one not in PUBLIC]
    assert {("POST", "/api/v1/undo"), ("POST", "/api/v1/incidents/0a1b2c3d/approve"), ("POST", "/-/reload")} <= set(asked)
    with live.start() as running:
        for method, path in asked:
            # Undo and approve need another credential than the intake's, and the intake another than the operator's.
            other = LIVE_INTAKE if path not in {"/", "/webhook"} or of_console(method, path) else LIVE_OPERATOR
            tried = (*wrong, {"Authorization": f"Bearer {other}"})
            codes = {requests.request(method, running.base + path, data=payload(), headers=headers, timeout=5, allow_redirects=False).status_code for headers in tried}
            assert codes == shut(method, path), (method, path)
        assert float(running.metric("homeostat_webhook_unauthenticated_total")) == 2 * (len(wrong) + 1)
        of_the_api = [path for _, path in asked if path.startswith("/api/")]
        assert float(running.metric("homeostat_api_unauthenticated_total")) == len(of_the_api) * (len(wrong) + 1)
        assert running.end()[0] == 0
    with sqlite3.connect(live.state / "journal.db") as db:
        rows = {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
    db.close()
    # When the next summary is due, it notes by itself.
    assert {name for name, count in rows.items() if count} <= {"breakers", "totals", "summaries"}
    assert rows["deliveries"] == rows["incidents"] == rows["words"] == 0


def test_a_real_actor_is_approved_by_the_operator_alone(live: Live) -> None:
    with live.start() as running:
        live.decide(running, decision="propose")
        story = live.until(running, lambda story: story["state"] == "proposed")
        address, said = f"{running.base}/api/v1/incidents/{story['id']}/approve", {"author": "eve", "plan_hash": story["proposal"]["plan_hash"]}
        for headers in ({}, {"Authorization": f"Bearer {LIVE_INTAKE}"}, {"Authorization": "Basic " + basic(LIVE_INTAKE)}):
            assert requests.post(address, json=said, headers=headers, timeout=5).status_code == 401
        assert live.incident(running)["state"] == "proposed"
        answer = requests.post(address, json={**said, "author": "ada"}, headers={"Authorization": "Basic " + basic(LIVE_OPERATOR)}, timeout=5)
        assert (answer.status_code, answer.json()["taken"]) == (200, True)
        story = live.until(running, lambda story: story["state"] == "running")
        assert [said["author"] for said in story["words"]] == ["ada"]


def test_an_approval_survives_kill_9(live: Live) -> None:
    with live.start() as running:
        live.decide(running, decision="propose")
        story = live.until(running, lambda story: story["state"] == "proposed")
        live.silences.append(_silence_of_web())
        assert live.run("approve", story["id"], "--yes").output.splitlines()[-1].startswith("approved; it waits, for silenced: ")
        running.process.kill()
        running.process.wait()
    live.silences[:] = [{**silence, "status": {"state": "expired"}} for silence in live.silences]
    with live.start() as running:
        story = live.until(running, lambda story: story["state"] == "running")
        assert [said["word"] for said in story["words"]] == ["approved"]


def _silence_of_web() -> dict[str, Any]:
    return {
        "id": "s1", "createdBy": "ada", "comment": "maintenance", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T01:00:00Z", "status": {"state": "active"},
        "matchers": [{"name": "target", "value": "web", "isRegex": False, "isEqual": True}],
    }  # fmt: skip


def test_tokens_are_rotated_by_a_reload_with_both_valid_meanwhile(live: Live) -> None:
    with live.start() as running:
        text = (live.folder / "homeostat.yml").read_text()
        new = live.folder / "operator.new"
        new.touch(mode=0o600)
        new.write_text("7c211433f02071597741e6ff5a8ea34d")
        old = f"- {live.folder}/operator\n"
        assert old in text
        (live.folder / "homeostat.yml").write_text(text.replace(old, f"- {new}\n  {old}"))
        assert running.post("/-/reload").status_code == 200
        for token in (LIVE_OPERATOR, "7c211433f02071597741e6ff5a8ea34d"):
            assert requests.get(f"{running.base}/api/v1/status", headers={"Authorization": f"Bearer {token}"}, timeout=5).status_code == 200
        (live.folder / "homeostat.yml").write_text(text.replace(old, f"- {new}\n"))
        assert running.post("/-/reload").status_code == 200
        assert running.get("/api/v1/status").status_code == 401
