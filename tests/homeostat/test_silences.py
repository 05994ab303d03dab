"""What active silences do to Homeostat."""

from __future__ import annotations

import itertools
import pathlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeostat.alertmanager import Matcher, Silence, SilenceStatus
from homeostat.silences import Judged, Known, is_pause, judge, pause_matchers, pauses
from tests.support import HOST

KNOWN = Known(HOST, ("jellyfin", "web", "/srv"), ("disk-cleanup", "service-restart"))
BOTH = "HomeostatAutoExecute|HomeostatNotifyExecute"
RULES = pathlib.Path(__file__).parents[2] / "alert-rules"


def written(text: str) -> Matcher:
    """Read a matcher as amtool writes it."""
    sign = next(sign for sign in ("=~", "!~", "!=", "=") if sign in text)
    name, value = text.split(sign, 1)
    return Matcher(name, value, is_regex=sign.endswith("~"), is_equal=not sign.startswith("!"))


def silence(*matchers: str, comment: str = "maintenance", author: str = "ada") -> Silence:
    return Silence("s1", tuple(written(text) for text in matchers), author, comment, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", SilenceStatus("active"))


def judged(*matchers: str) -> Judged | None:
    found = judge([silence(*matchers)], KNOWN)
    return found[0] if found else None


@pytest.mark.parametrize(
    "matchers",
    [
        (f"alertname=~{BOTH}", f"host={HOST}"),
        (f"alertname=~{BOTH}",),
        ("alertname=~Homeostat.*Execute", f"host=~{HOST}|h2", "risk!=high", "decision=~.+"),
        (f"host={HOST}",),
        ("severity!=none", "target!="),
        ("decision=~auto-execute|notify-execute",),
    ],
)
def test_what_mutes_every_executing_decision_of_this_host_pauses_everything(matchers: tuple[str, ...]) -> None:
    found = judged(*matchers)
    assert found is not None
    assert (found.executing, found.scope, found.doubts) == ("all", "everything", ())
    assert found.by_whom == "by ada until 2026-01-02T00:00:00Z: maintenance"


@pytest.mark.parametrize(
    ("matchers", "scope"),
    [
        ((f"alertname=~{BOTH}", "target=web"), "target web"),
        ((f"alertname=~{BOTH}", f"host={HOST}", "action=disk-cleanup", "target=/srv"), "action disk-cleanup, target /srv"),
        (("target=~j.*",), 'target=~"j.*"'),
        (("alertname=HomeostatAutoExecute",), "HomeostatAutoExecute"),
        (("decision=notify-execute",), "HomeostatNotifyExecute"),
        (("risk=medium",), "HomeostatNotifyExecute, risk medium"),
        (("severity=critical", f"host={HOST}"), "severity critical"),
        (("problem=disk_exhaustion", f"alertname=~{BOTH}"), "problem disk_exhaustion"),
        (("problem=~disk_.*", f"alertname=~{BOTH}"), 'problem=~"disk_.*"'),
        ((f"alertname=~{BOTH}", "target!~web|/srv"), 'target!~"web|/srv"'),
        ((f"alertname=~{BOTH}", "problem!=backup_stale", "team!=a"), 'problem!="backup_stale"'),
    ],
)
def test_what_mutes_some_executing_decisions_says_which(matchers: tuple[str, ...], scope: str) -> None:
    found = judged(*matchers)
    assert found is not None
    assert (found.executing, found.scope) == ("some", scope)


@pytest.mark.parametrize(
    "matchers",
    [
        ("alertname=HostDown",),
        (f"alertname=~{BOTH}", "host=h2"),
        ("instance=nas:9100", "job=node"),
        ("alertname=HomeostatProblem", "target=wbe"),
        ("alertname=HomeostatProposalWaiting", f"host={HOST}"),
        ("alertname=HomeostatPropose",),
        ("service=web",),
        ("target=webb",),
        ("alertname=~.*Down", f"host={HOST}"),
    ],
)
def test_a_silence_about_something_else_does_not_concern_us(matchers: tuple[str, ...]) -> None:
    assert judged(*matchers) is None


@pytest.mark.parametrize("matchers", [("host!=h2",), ("alertname!=HostDown",), ("alertname=~.+",), ("severity!=info", "team!=a"), ("cluster!=",), ("host!=h1",)])
def test_a_lone_negative_matcher_mutes_everybodys_alerts_and_is_warned_about(matchers: tuple[str, ...]) -> None:
    found = judged(*matchers)
    if matchers == ("cluster!=",):
        # It fits only what has a cluster.
        assert found is None
        return
    assert found is not None
    assert found.everybody
    (warning,) = found.warnings()
    assert "mutes alerts of every name" in warning
    assert "amtool silence expire s1" in warning


def test_a_silence_that_also_keeps_people_from_hearing_says_of_what() -> None:
    found = judged(f"host={HOST}", "target=web")
    assert found is not None
    assert found.unheard[:2] == ("HomeostatProblem", "HomeostatUndecided")
    assert "also keeps people from hearing of HomeostatProblem, HomeostatUndecided" in found.warnings()[0]
    assert judged("severity=none") is not None, "nobody hears the Watchdog"


def test_a_pause_keeps_nobody_from_hearing() -> None:
    found = judge([Silence("s1", tuple(pause_matchers(HOST, "web", "service-restart")), "ada", "x", "", "", SilenceStatus("active"))], KNOWN)[0]
    assert (found.executing, found.unheard, found.everybody, found.warnings()) == ("some", (), False, [])


@pytest.mark.parametrize(
    ("matchers", "doubt"),
    [
        (("alertname=HomeostatAutoExecuted",), "no alert of Homeostat is called HomeostatAutoExecuted; did you mean HomeostatAutoExecute?"),
        (("alertname=homeostatautoexecute",), "no alert of Homeostat is called homeostatautoexecute; did you mean HomeostatAutoExecute?"),
        (("alertname=HomeostatWatchdgo",), "no alert of Homeostat is called HomeostatWatchdgo; did you mean HomeostatWatchdog?"),
        (("alertname=~HomeostatAutoExecute|HomeostatNotifyExcute",), "no alert of Homeostat is called HomeostatNotifyExcute; did you mean HomeostatNotifyExecute?"),
        (("alertname=Homeostat.*",), 'no alert is called Homeostat.*, and = takes no pattern; did you mean alertname=~"Homeostat.*"?'),
        ((f"alertname={BOTH}",), f'no alert is called {BOTH}, and = takes no pattern; did you mean alertname=~"{BOTH}"?'),
        ((f"alertname=~{BOTH}", "target=jelyfin"), "there is no target jelyfin; did you mean jellyfin?"),
        ((f"alertname=~{BOTH}", "target=~jelyfin|web"), "there is no target jelyfin; did you mean jellyfin?"),
        ((f"alertname=~{BOTH}", "target=nextcloud"), "nothing is executed at target nextcloud; known: jellyfin, web, /srv"),
        ((f"alertname=~{BOTH}", "action=disc-cleanup"), "there is no action disc-cleanup; did you mean disk-cleanup?"),
        ((f"alertname=~{BOTH}", "service=web"), "no decision has a label service; did you mean target?"),
        ((f"alertname=~{BOTH}", "tarket=x"), "no decision has a label tarket; did you mean target?"),
        ((f"alertname=~{BOTH}", "instance=nas"), "no decision has a label instance, unless your Prometheus adds it (external_labels); they have alertname, "),
        ((f"alertname=~{BOTH}", "target=wbe"), "there is no target wbe; did you mean web?"),
        ((f"alertname=~{BOTH}", "host=H1.lan:9100"), "there is no host H1.lan:9100; did you mean h1?"),
        ((f"host={HOST}", "target=jelyfin"), "there is no target jelyfin; did you mean jellyfin?"),
        ((f"alertname=~{BOTH}", "severity=crit"), "there is no severity crit; did you mean critical?"),
    ],
)
def test_a_silence_that_was_meant_for_us_and_misses_us_is_doubted(matchers: tuple[str, ...], doubt: str) -> None:
    found = judged(*matchers)
    assert found is not None
    assert [told.startswith(doubt) for told in found.doubts] == [True], found.doubts
    assert doubt in found.warnings()[-1]


def test_no_alert_of_ours_is_taken_for_a_misspelled_one() -> None:
    names = {rule["alert"] for path in RULES.glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"] if "alert" in rule}
    assert len(names) > 15
    for name in sorted(names):
        found = judged(f"alertname={name}", "target=web")
        assert found is None or found.doubts == (), name


def test_a_pattern_that_we_cannot_read_counts_as_muting() -> None:
    found = judged(f"alertname=~{BOTH}", "target=~\\pL+")
    assert found is not None
    assert found.executing == "all"


def test_the_furthest_reaching_comes_first() -> None:
    some, everything, everybody = silence(f"alertname=~{BOTH}", "target=web"), silence(f"alertname=~{BOTH}"), silence("host!=x")
    assert [one.silence for one in judge([some, everything, everybody], KNOWN)] == [everybody, everything, some]


def test_nobody_who_gave_no_name_and_no_reason_is_told_as_such() -> None:
    (found,) = judge([silence(f"alertname=~{BOTH}", author=" ", comment="")], KNOWN)
    assert found.by_whom == "by nobody who gave a name until 2026-01-02T00:00:00Z: no reason was given"


VALUES = {
    "alertname": ["HomeostatAutoExecute", "HomeostatNotifyExecute"],
    "host": [HOST],
    "target": list(KNOWN.targets),
    "action": list(KNOWN.actions),
    "severity": ["critical", "warning", "info"],
    "problem": ["disk_exhaustion", "memory_leak"],
}
MATCHERS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.builds(
        Matcher, st.just(name), st.sampled_from([*VALUES[name], "", "h.*", ".+", "|".join(VALUES[name]), "x"]), st.booleans(), st.booleans()
    )
)


@given(st.lists(MATCHERS, min_size=1, max_size=4))
def test_what_is_judged_is_what_is_muted(matchers: list[Matcher]) -> None:
    found = judge([Silence("s1", tuple(matchers), "a", "c", "", "", SilenceStatus("active"))], KNOWN)
    decisions = [dict(zip(VALUES, chosen, strict=True)) for chosen in itertools.product(*VALUES.values())]
    muted = [labels for labels in decisions if all(matcher.matches(labels) for matcher in matchers)]
    reach = found[0].executing if found else "none"
    if reach == "all":
        assert len(muted) == len(decisions)
    if muted:
        assert reach != "none"
    assert bool(found and found[0].everybody) == all(matcher.matches({"alertname": "another"}) for matcher in matchers)


NAMES = st.text(max_size=12)


@given(NAMES.filter(str.strip), st.none() | NAMES, st.none() | NAMES, st.dictionaries(st.text(max_size=6), st.text(max_size=6)))
def test_a_pause_never_fits_an_alert_of_people_or_of_strangers(host: str, target: str | None, action: str | None, labels: dict[str, str]) -> None:
    made = Silence("s1", tuple(pause_matchers(host, target, action)), "a", "c", "", "", SilenceStatus("active"))
    assert is_pause(made.matchers, host)
    assert pauses([made], host) == [made]
    people = [{"alertname": name, "host": host, "target": target or "", "action": action or "", "severity": "critical"} for name in ("HomeostatProblem", "HomeostatWatchdog", "HostDown")]
    foreign = {**labels, "alertname": labels.get("alertname", "")}
    assert not any(made.matches(one) for one in [*people, foreign, {}])
    assert not judge([made], Known(host, (target or "",)))[0:1] or not judge([made], Known(host, (target or "",)))[0].everybody


@pytest.mark.parametrize("matchers", [(f"alertname=~{BOTH}",), ("alertname=~.*", f"host={HOST}"), (f"host={HOST}",), (f"alertname=~{BOTH}", "host=h2"), ("host!=h2",)])
def test_what_is_no_pause_of_ours_is_not_taken_for_one(matchers: tuple[str, ...]) -> None:
    assert not is_pause([written(text) for text in matchers], HOST)


def test_a_pause_of_a_host_without_a_name_is_none() -> None:
    assert not is_pause(pause_matchers(""), "")
