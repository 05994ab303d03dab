"""What will run out, in the console: as the exporter tells it, with what is decided about it, and plain words where somebody is silent."""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from actor.console import expected
from exporter.load import Loads, Profile
from homeostat.config.types import Traffic
from homeostat.prometheus import Series
from tests.actor.console.visitor import Visitor, read, text, visiting
from tests.httpd import Asked, Reply, Site, serving
from tests.outlooks import A_FEW, Course, exporter
from tests.support import DAY, DISK, HOUR, Actor, Host
from tests.unreal_past import Remembering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DISK_COURSE = Course("disk", used=0.9, a_day=0.03)


@pytest.fixture
def town() -> Iterator[Site]:
    """Serve where the exporter is looked for."""
    with serving(lambda asked: Reply({"forecasts": [], "total": 0})) as site:
        yield site


@contextlib.contextmanager
def at_console(host: Host, town: Site, **changes: Any) -> Iterator[tuple[Actor, Visitor]]:
    actor = Actor(host, exporter={"url": town.url, **changes})
    actor.prometheus = actor.world.prometheus = Remembering(actor.clock)  # type: ignore[assignment]
    visitor = visiting(actor)
    visitor.log_in()
    try:
        yield actor, visitor
    finally:
        actor.journal.close()


@pytest.fixture
def actor(host: Host, town: Site) -> Iterator[Actor]:
    with at_console(host, town) as (actor, _):
        yield actor


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def forecasting(actor: Actor, town: Site, courses: Sequence[Course], loads: Loads | None = None) -> None:
    town.answer = exporter(courses, actor.clock, loads)


def targets(answer: Any) -> list[str]:
    links = [attributes["href"] for tag, attributes in read(answer).elements if tag == "a" and "/forecasts/target" in attributes.get("href", "")]
    return [link.split("target=")[1].replace("%2F", "/") for link in links]


def kinds(answer: Any, kind: str) -> int:
    return sum(kind in attributes.get("class", "").split() for _, attributes in read(answer).elements)


def test_the_soonest_comes_first_and_only_of_this_host(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    page = ada.client.get("/forecasts")
    assert targets(page) == ["/srv/media", "jellyfin", "/", "/var/lib/containers", "/srv/media", "new"]
    assert "/elsewhere" in targets(ada.client.get("/forecasts?hosts=all"))
    assert "no forecast: not enough data" in text(page)
    assert kinds(page, "plot-median") == 5


def test_of_a_fleet_whose_targets_have_the_same_names_only_the_past_of_those_that_are_drawn_is_asked_for(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, [Course("/"), Course("/", host="a.b")])
    for page, hosts in (("/forecasts", "h1"), ("/forecasts?hosts=all", r"a\\.b|h1")):
        assert ada.client.get(page).status_code == 200
        assert f'{{host=~"{hosts}",target=~"/"}}' in actor.prometheus.queries[-1]  # type: ignore[attr-defined]


def test_a_target_is_found_by_a_part_of_its_name(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    assert targets(ada.client.get("/forecasts?like=MEDIA")) == ["/srv/media", "/srv/media"]
    assert "Nothing that is forecast of h1 bears that name." in text(ada.client.get("/forecasts?like=nowhere"))


def test_a_decision_that_stands_is_linked_beside_its_forecast(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, [DISK_COURSE])
    assert "no decision on it has come here yet" in text(ada.client.get("/forecasts"))
    actor.host.log("one.log.1")
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    for page in ("/forecasts", "/forecasts/target?host=h1&target=disk"):
        answer = ada.client.get(page)
        assert f'href="/incidents/{actor.incident().id}"' in answer.text
        assert "proposed propose disk-cleanup" in text(answer)


def test_ten_thousand_targets_are_paged(actor: Actor, ada: Visitor, town: Site) -> None:
    one = exporter([DISK_COURSE], actor.clock)
    entry = json.loads(one(Asked("GET", "/api/v1/forecast", {"fan": ["true"]}, {}, b"")).content())["forecasts"][0]

    def many(asked: Asked) -> Reply:
        first, most = (int(asked.query[name][0]) for name in ("offset", "limit"))
        return Reply({"forecasts": [entry | {"target": f"t{first + number}"} for number in range(min(most, 10_000 - first))], "total": 10_000})

    town.answer = many
    first, last = ada.client.get("/forecasts"), ada.client.get("/forecasts?page=400")
    assert (len(targets(first)), targets(first)[0], targets(last)[-1]) == (25, "t0", "t9999")
    assert "page 1 of 400" in text(first)
    assert ["Later" in text(first), "Later" in text(last), "Sooner" in text(last)] == [True, False, True]


def test_a_targets_page_tells_how_likely_why_and_what_was(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    times, used = A_FEW[0].past(actor.clock.now())
    actor.prometheus.past = [Series(A_FEW[0].labels, tuple(times), tuple(used))]
    page = ada.client.get("/forecasts/target?host=h1&target=/srv/media")
    told = text(page)
    for words in ("disk_exhaustion", "inode_exhaustion", "within 24h", f"{used[-1] * 100:.3g} GB", "100 GB", "a day"):
        assert words in told
    assert (kinds(page, "plot-line"), kinds(page, "plot-median"), kinds(page, "plot-limit")) == (2, 2, 2)
    assert sum(tag == "meter" for tag, _ in read(page).elements) == 10
    assert "var-host=h1&amp;var-target=%2Fsrv%2Fmedia" in page.text
    assert [asked.query["target"] for asked in town.asked] == [["/srv/media"]]


@pytest.mark.parametrize(("horizon", "past"), [(600.0, 600.0), (30 * DAY, 7 * DAY), (1.0, 60.0)])
def test_as_much_of_the_past_is_asked_for_as_of_the_time_ahead_up_to_a_week(actor: Actor, ada: Visitor, town: Site, horizon: float, past: float) -> None:
    forecasting(actor, town, [DISK_COURSE])
    tell = town.answer

    def soon(asked: Asked) -> Reply:
        entry = json.loads(tell(asked).content())["forecasts"][0]
        return Reply({"forecasts": [entry | {"fan": {"ahead_seconds": [0.0, horizon], **{key: [0.5, None] for key in ("lower", "median", "upper")}}}]})

    town.answer = soon
    for page, samples in (("/forecasts", 84), ("/forecasts/target?host=h1&target=disk", 336)):
        assert ada.client.get(page).status_code == 200
        asked = actor.prometheus.asked[-1]  # type: ignore[attr-defined]
        assert asked == (actor.clock.now() - past, actor.clock.now(), past / samples)


def test_a_leak_and_its_quiet_hours_are_told(host: Host, town: Site) -> None:
    traffic = {"service": "jellyfin", "query": "x"}
    quiet = np.tile(np.where(np.arange(24) < 6, 0.1, 0.9), 7)
    loads = Loads((Profile(Traffic(**traffic), "h1", quiet),), (), {})
    with at_console(host, town, traffic=[traffic]) as (actor, ada):
        forecasting(actor, town, A_FEW, loads)
        told = text(ada.client.get("/forecasts/target?host=h1&target=jellyfin"))
        assert re.search(r"Leaks \d\d % sure \d+ MB an hour", told)
        assert "When it is quiet" in told
        assert "at 10 % of its busiest hour" in told


def test_a_problem_that_is_seen_has_no_picture_and_no_number(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, [DISK_COURSE])
    tell = town.answer

    def seen(asked: Asked) -> Reply:
        entry = json.loads(tell(asked).content())["forecasts"][0]
        nothing = {"usage_ratio": None, "limit": None, "fan": None, "probabilities": {}, "probability": None, "reason": "out_of_domain"}
        return Reply({"forecasts": [entry | nothing | dict.fromkeys(("time_to_limit_seconds", "slope_per_second"), dict.fromkeys(("lower", "median", "upper")))]})

    town.answer = seen
    page = ada.client.get("/forecasts/target?host=h1&target=disk")
    assert "It is seen, not forecast" in text(page)
    assert (kinds(page, "plot"), "out of domain" in text(page), "asserted with" in text(page)) == (0, False, True)


def test_a_target_that_nobody_forecasts_is_told_so(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    answer = ada.client.get("/forecasts/target?host=h1&target=nowhere")
    assert answer.status_code == 404
    assert "Nothing is forecast of a target of that name now." in text(answer)


@pytest.mark.parametrize("broken", [Reply(b"<html>", 200), Reply([], 200), Reply({"forecasts": [{"target": 1}]}, 200), Reply({"error": "x"}, 500), Reply(b"", 502)])
def test_an_exporter_that_answers_nonsense_is_said_to_be_silent(ada: Visitor, town: Site, broken: Reply) -> None:
    town.answer = lambda asked: broken
    for page in ("/forecasts", "/forecasts/target?host=h1&target=/"):
        answer = ada.client.get(page)
        assert answer.status_code == 200
        assert "The exporter does not answer:" in text(answer)
        assert town.url in text(answer)


def test_an_exporter_that_is_away_is_said_to_be_so_with_what_to_do(host: Host) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (_, ada):
        answer = ada.client.get("/forecasts")
        assert "The exporter does not answer: http://127.0.0.1:9 gave no answer" in text(answer)
        assert "?." not in text(answer)
        assert 'href="/runbooks/HomeostatExporterDown.md"' in answer.text


def forecast_before(actor: Actor, seconds_ago: float) -> None:
    """Let Prometheus have what the exporter published so many seconds ago, of a disk that runs out and of one that never does."""
    actor.prometheus.evaluated_seconds_ago = seconds_ago
    for target, median, used in (("disk", 3 * DAY, 0.912), ("never", math.inf, 0.3)):
        key = {**DISK._asdict(), "target": target}
        actor.prometheus.put("homeostat_usage_ratio", used, **key)
        for bound, factor in (("lower", 0.5), ("median", 1.0), ("upper", 2.0)):
            actor.prometheus.put("homeostat_time_to_limit_seconds", median * factor, **key, bound=bound)
            for number, ahead in enumerate(("0s", "24h", "7d")):
                actor.prometheus.put("homeostat_forecast_usage_ratio", used + number * 0.04 * factor, **key, bound=bound, ahead=ahead)
        for horizon, chance in (("7d", 0.8), ("24h", 0.1)):
            actor.prometheus.put("homeostat_limit_probability_ratio", chance, **key, horizon=horizon)


@pytest.mark.parametrize("page", ["/forecasts", "/forecasts?hosts=all", "/forecasts?like=DIS", "/forecasts/target?host=h1&target=disk"])
def test_while_the_exporter_is_away_what_it_forecast_last_stands_there_with_its_age(host: Host, page: str) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (actor, ada):
        forecast_before(actor, 12 * 60)
        answer = ada.client.get(page)
        told = text(answer)
        assert "The exporter does not answer: http://127.0.0.1:9 gave no answer" in told
        for number in ("91.2 %", "in 3 d", "90 %: 36 h to 6 d"):
            assert number in told, (number, told)
        assert "12 min ago" in told.partition("in 3 d")[2]
        assert (kinds(answer, "plot-median") > 0, "then" in told) == (True, True)
        assert "Its value" not in told


def test_while_the_exporter_is_away_the_last_forecasts_come_the_soonest_first_and_are_found_and_paged(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (actor, ada):
        forecast_before(actor, 60)
        assert targets(ada.client.get("/forecasts")) == ["disk", "never"]
        assert targets(ada.client.get("/forecasts?like=eve")) == ["never"]
        monkeypatch.setattr("actor.console.pages.forecasts._PER_PAGE", 1)
        page = ada.client.get("/forecasts?page=2")
        assert (targets(page), "page 2 of 2" in text(page)) == (["never"], True)


def test_what_had_reached_its_limit_then_is_not_said_to_reach_it_now(host: Host) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (actor, ada):
        forecast_before(actor, 60)
        for bound in ("lower", "median", "upper"):
            actor.prometheus.put("homeostat_time_to_limit_seconds", 0.0, **DISK._asdict(), bound=bound)
        for page in ("/forecasts", "/forecasts/target?host=h1&target=disk"):
            told = text(ada.client.get(page))
            assert ("already then" in told, "0 ms" in told) == (True, False)


@pytest.mark.parametrize(
    ("down", "told"),
    [(False, "Prometheus has nothing that was forecast in the last hours."), (True, "Prometheus does not answer either: Prometheus at http://prometheus.invalid gave no answer")],
)
def test_without_old_numbers_none_are_shown_and_the_page_says_why(host: Host, down: bool, told: str) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (actor, ada):
        actor.prometheus.down = down
        for page in ("/forecasts", "/forecasts/target?host=h1&target=disk"):
            answer = ada.client.get(page)
            assert (answer.status_code, told in text(answer), kinds(answer, "plot")) == (200, True, 0)


def test_the_first_page_does_not_say_that_nothing_runs_out_when_nothing_is_forecast_any_more(host: Host) -> None:
    with at_console(host, Site("http://127.0.0.1:9", lambda asked: Reply())) as (actor, ada):
        assert "Nothing is forecast here now." in text(ada.client.get("/"))
        forecast_before(actor, 12 * 60)
        answer = actor.prometheus.query

        def gone(promql: str) -> Any:
            # What is no longer scraped is stale at once.
            return [] if "@" not in promql and "max_over_time" not in promql else answer(promql)

        actor.prometheus.query = gone  # type: ignore[method-assign]
        told = text(ada.client.get("/"))
        assert "What stands here was forecast last" in told
        assert re.search(r"in 3 d as of \S+ \S+ UTC 12 min ago disk", told)


def test_a_page_does_not_wait_for_an_exporter_that_hangs(monkeypatch: pytest.MonkeyPatch, ada: Visitor, town: Site) -> None:
    monkeypatch.setattr(expected, "PATIENCE_SECONDS", 0.2)
    over = threading.Event()

    def hang(asked: Asked) -> Reply:
        over.wait(30)
        return Reply()

    town.answer = hang
    try:
        assert "The exporter does not answer: no answer within 0.2 s" in text(ada.client.get("/forecasts"))
    finally:
        over.set()


def test_without_prometheus_the_pictures_show_no_past_and_say_so(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    actor.prometheus.down = True
    for page in ("/forecasts", "/forecasts/target?host=h1&target=/srv/media"):
        answer = ada.client.get(page)
        assert "Prometheus does not answer, so the pictures show no past" in text(answer)
        assert kinds(answer, "plot-median")


def test_a_past_of_infinities_breaks_no_picture(actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, A_FEW)
    now = actor.clock.now()
    actor.prometheus.past = [Series(A_FEW[0].labels, tuple(now - number * HOUR for number in (4, 3, 2, 1)), (0.5, math.inf, math.nan, -math.inf))]
    for page in ("/forecasts", "/forecasts/target?host=h1&target=/srv/media"):
        answer = ada.client.get(page)
        assert answer.status_code == 200
        drawn = " ".join(attributes.get(name, "") for _, attributes in read(answer).elements for name in ("d", "x", "y"))
        assert "nan" not in drawn
        assert "inf" not in drawn


def test_before_anything_is_forecast_the_page_says_what_it_waits_for(host: Host, actor: Actor, ada: Visitor, town: Site) -> None:
    forecasting(actor, town, [])
    assert "Nothing is forecast of h1 yet." in text(ada.client.get("/forecasts"))


def test_an_exporter_that_only_looks_is_said_to_forecast_nothing(host: Host, town: Site) -> None:
    with at_console(host, town, forecast=False) as (_, ada):
        assert "exporter.forecast is false" in text(ada.client.get("/forecasts"))


@pytest.mark.parametrize("asked", ["page=0", "page=-1", "page=x", "page=" + "9" * 400, "like=" + "x" * 5000, "like=%00%ff", "hosts=%3Cb%3E", "page=99999999"])
def test_whatever_is_asked_for_the_page_answers(actor: Actor, ada: Visitor, town: Site, asked: str) -> None:
    forecasting(actor, town, A_FEW)
    assert ada.client.get(f"/forecasts?{asked}").status_code == 200


def published(actor: Actor) -> None:
    for bound, factor in (("lower", 0.5), ("median", 1.0), ("upper", 2.0)):
        for number, ahead in enumerate(("0s", "24h", "7d", "30d", "of old")):
            actor.prometheus.put("homeostat_forecast_usage_ratio", 0.9 + number * 0.05 * factor, **DISK._asdict(), bound=bound, ahead=ahead)


def test_an_incident_shows_what_was_expected_when_it_was_decided_and_what_came(actor: Actor, ada: Visitor) -> None:
    actor.host.log("one.log.1")
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    address = f"/incidents/{actor.incident().id}"
    assert "As it was expected" not in text(ada.client.get(address))
    published(actor)
    now = actor.clock.now()
    actor.prometheus.past = [Series(DISK._asdict(), (now - DAY, now), (0.8, 0.9))]
    page = ada.client.get(address)
    assert "As it was expected, and what came" in text(page)
    assert (kinds(page, "plot-median"), kinds(page, "plot-band"), kinds(page, "plot-line")) == (1, 1, 1)
    assert "decided" in text(page)
    assert 'href="/forecasts/target?host=h1&amp;target=disk"' in page.text
    actor.prometheus.down = True
    assert ada.client.get(address).status_code == 200


def test_ten_thousand_incidents_are_paged(actor: Actor, ada: Visitor) -> None:
    actor.host.log("one.log.1")
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    with actor.journal.transaction() as db:
        columns = [row["name"] for row in db.execute("SELECT name FROM pragma_table_info('incidents')")]
        other = {"id": "'i' || n", "opened_at": "opened_at - n", "episode_ended_at": "opened_at", "state": "NULL", "wake_at": "NULL", "outcome": "'alerted'"}
        copied = ", ".join(other.get(name, name) for name in columns)
        numbers = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9999)"
        db.execute(f"{numbers} INSERT INTO incidents ({', '.join(columns)}) SELECT {copied} FROM incidents, numbers")
    first, last = ada.client.get("/decisions"), ada.client.get("/decisions?page=200")
    for page in (first, last):
        assert len([tag for tag, _ in read(page).elements if tag == "tr"]) == 51
    assert "page 1 of 200" in text(first)
    assert 'href="/incidents/i9999"' in last.text
    assert ada.client.get("/").status_code == 200
