"""A person stays in charge of the whole real chain: silences, windows, breakers, late words, and parts that die meanwhile."""

from __future__ import annotations

import itertools
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.integration import house as houses
from tests.integration import stack

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from tests.integration.house import House

pytestmark = pytest.mark.chain

# Longer than the chain needs from the trouble to the restart: about five seconds here.
QUIET_SECONDS = 12


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    services = ("auth", "blog", "cache", "dns", "easel", "files", "git", "home", "irc")
    with houses.built(tmp_path_factory.mktemp("house"), *services) as built:
        yield built


def stays(house: House, service: str, runs: int = 0, seconds: float = QUIET_SECONDS) -> None:
    """See that a service is not restarted for a while."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert house.runs(service) == runs, houses.in_short(house.story(service))
        time.sleep(0.2)


def test_without_a_persons_word_what_is_sure_is_done(house: House) -> None:
    house.trouble("auth")
    story = house.until("auth", "succeeded")
    assert house.runs("auth") == 1
    assert story["decision"] == "auto-execute"
    stack.wait_for("the outcome with people", lambda: house.told_people("HomeostatOutcome", "auth"))


def test_a_silence_before_the_problem_holds_it_back_while_people_still_hear(house: House) -> None:
    house.said("pause", "--for", "10m", "--service", "blog", "--reason", "a concert")
    house.trouble("blog")
    stack.wait_for("the muted decision", lambda: [alert for alert in house.alerts("HomeostatAutoExecute", target="blog") if alert["status"]["state"] == "suppressed"])
    stack.wait_for("people hear of the problem", lambda: house.told_people("HomeostatProblem", "blog"))
    stays(house, "blog")
    assert "a concert" in house.said("status")
    assert "a concert" in house.said("resume")
    house.until("blog", "succeeded")
    assert house.runs("blog") == 1


def test_a_silence_made_elsewhere_between_the_announcement_and_the_deed_holds_it_back(house: House) -> None:
    house.trouble("cache", "notify-execute")
    house.until("cache", "announced")
    made = subprocess.run(
        ["amtool", f"--alertmanager.url={house.url('alertmanager')}", "silence", "add", "--author=ada", "--comment=not now", "--duration=10m", "target=cache"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    story = house.until("cache", "refused")
    assert story["reason"].startswith("silenced: silenced by ada")
    stays(house, "cache")
    subprocess.run(["amtool", f"--alertmanager.url={house.url('alertmanager')}", "silence", "expire", made.stdout.strip()], check=True, capture_output=True)
    # What was refused is asked again within a minute, and announced anew.
    house.until("cache", "succeeded")
    assert house.runs("cache") == 1


def test_a_silence_after_the_deed_changes_nothing_of_it(house: House) -> None:
    house.trouble("dns")
    done = house.until("dns", "succeeded")
    house.said("pause", "--for", "10m", "--service", "dns", "--reason", "too late")
    assert house.story("dns")["outcome"] == done["outcome"]
    house.said("resume")
    stays(house, "dns", runs=1, seconds=3)


def test_a_yes_that_comes_after_the_problem_went_away_does_nothing(house: House) -> None:
    house.trouble("easel", "propose")
    known = house.until("easel", "proposed")["id"]
    house.well("easel")
    stack.wait_for("the decision to be gone", lambda: not house.alerts("HomeostatPropose", target="easel"))
    late = house.cli("approve", known, "--yes")
    assert "nothing is done" in late.stdout + late.stderr or late.returncode != 0, late.stdout + late.stderr
    stays(house, "easel", seconds=5)
    assert house.until("easel", "cleared")["id"] == known


def test_an_alertmanager_that_is_killed_holds_everything_back_and_a_pause_outlives_it(house: House) -> None:
    house.said("pause", "--for", "10m", "--service", "files", "--reason", "a long copy")
    house.trouble("git", "notify-execute")
    house.until("git", "announced")
    house.kill("alertmanager")
    house.trouble("files")
    stays(house, "git", seconds=2 * houses.GRACE_SECONDS)
    assert "Alertmanager" in house.story("git")["reason"]
    house.start("alertmanager")
    house.until("git", "succeeded")
    # It had a pause in its memory that was not yet on its disk.
    stays(house, "files")
    assert "a long copy" in house.said("status")
    house.said("resume")
    house.until("files", "succeeded")


def test_a_prometheus_that_dies_for_a_while_ends_no_episode_and_nothing_is_done_meanwhile(house: House) -> None:
    house.trouble("home", "propose")
    known = house.until("home", "proposed")["id"]
    house.kill("prometheus")
    house.trouble("irc")
    stack.wait_for("Alertmanager to take it for over", lambda: not house.alerts("HomeostatPropose", target="home"), 60)
    meanwhile = house.cli("approve", known, "--yes")
    assert "Prometheus does not say whether this still fires" in meanwhile.stdout + meanwhile.stderr
    stays(house, "home", seconds=25)
    assert (house.story("home")["state"], house.story("home")["episode_ended_at"]) == ("proposed", None)
    house.start("prometheus")
    house.until("irc", "succeeded")
    stack.wait_for("the yes to be taken", lambda: house.cli("approve", known, "--yes").returncode == 0)
    assert house.until("home", "succeeded")["id"] == known


def test_three_failures_open_the_breaker_which_mutes_what_would_be_executed_until_a_person_resumes(tmp_path: pathlib.Path) -> None:
    # What fails is trusted less each time: without a threshold of the owner's own the third would only be told of.
    willing = {"actions": {"service-restart": {"min_confidence": 0.3}}}
    with houses.built(tmp_path, "ape", "bat", "cat", "dog", autonomy=willing) as house:
        for name in ("ape", "bat", "cat"):
            (house.place(name) / "refuses").touch()
            house.trouble(name)
            house.until(name, "failed")
        stack.wait_for("people hear of the breaker", lambda: house.alerts("HomeostatBreakerOpen", scope="global"))
        house.trouble("dog")
        stack.wait_for("an inhibited decision", lambda: [alert for alert in house.alerts("HomeostatAutoExecute", target="dog") if alert["status"]["inhibitedBy"]])
        stays(house, "dog")
        assert "BREAKER" in house.said("status")
        stack.wait_for("people hear of the problem all the same", lambda: house.told_people("HomeostatProblem", "dog"))
        assert "every breaker is closed" in house.said("resume")
        house.until("dog", "succeeded")


def test_a_window_that_opens_lets_the_backlog_through_one_after_the_other_and_only_what_is_still_needed(tmp_path: pathlib.Path) -> None:
    with houses.built(tmp_path, "ant", "bee", "cow", "dog", windows=[{"years": ["2099"]}]) as house:
        # Alertmanager's times are whole minutes: one that begins soon, but not before everything waits for it.
        opens_at = (int(time.time() + 45) // 60 + 1) * 60
        start, end = (time.strftime("%H:%M", time.gmtime(opens_at + seconds)) for seconds in (0, 900))
        house.configure(windows=[{"times": [{"start_time": start, "end_time": end if end > start else "24:00"}]}])
        house.reload()
        for name in house.services:
            house.trouble(name)
        for name in house.services:
            assert house.until(name, "deferred")["wake_at"] == opens_at
        assert all(name in house.said("scheduled") for name in house.services)
        house.well("cow")
        assert time.time() < opens_at, "the machine was too slow for this test"
        done = [house.until(name, "succeeded", 300) for name in ("ant", "bee", "dog")]
        assert all(story["acted_at"] >= opens_at for story in done)
        turns = sorted((story["acted_at"], story["closed_at"]) for story in done)
        assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(turns)), turns
        assert [house.runs(name) for name in house.services] == [1, 1, 0, 1]


def test_a_change_of_level_is_in_force_within_a_scrape_and_needs_no_reload_of_rules(tmp_path: pathlib.Path) -> None:
    with houses.built(tmp_path, "ant", "bee") as house:
        house.trouble("ant", "notify-execute")
        house.until("ant", "announced")
        house.configure(autonomy={"level": "conservative"})
        house.reload()
        threshold = 'homeostat_autonomy_threshold_ratio{risk="low",decision="auto-execute"} == 0.95'
        stack.wait_for("the new threshold", lambda: stack.promql(house.url("prometheus"), threshold))
        house.trouble("bee", "notify-execute")
        assert house.until("bee", "proposed")["decision"] == "propose"
        stays(house, "bee", seconds=5)


def test_a_second_actor_on_one_journal_does_not_start_and_says_why(house: House) -> None:
    second = house.second_actor()
    assert second.returncode == 1
    assert second.stderr.startswith("error: ")
    assert "another" in second.stderr
    assert "Traceback" not in second.stderr
