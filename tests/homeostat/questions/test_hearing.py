"""Questions are told by their words, however freely they are put, and always in the same way."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.questions.hearing import Heard, Unheard, hear, one_letter_apart
from homeostat.questions.patterns import NOBODY, built_in

FREELY = {
    "top-memory": (
        "Could you please tell me which container is hogging memory?", "what's eating my ram", "memroy usage", "show the top 3 memory consumers", "which programs use most memory",
    ),
    "top-cpu": ("whats using all my cpu", "who is burning cpu", "CPU usage please", "processor load of nas7"),
    "is-running": ("is jellyfin running", "Is Jellyfin still alive?", "jellyfin status", "is jellyfin ok", "jellyfin up?"),
    "is-up": ("is nas7 reachable", "uptime of nas7"),
    "service-status": ("status of services", "list all services", "are my services healthy", "which containers failed"),
    "network-members": ("who's online", "network members please", "list hosts on the network", "which machines are down"),
    "network-overview": ("overview of the network", "how much network traffic is there", "netwrok overview", "is the network busy"),
    "disk-usage": ("disks usage overview", "how much disk space do I have left", "how much free space is on /srv/media", "is the disk full", "hwo full are teh disks"),
    "disk-details": ("details about disks", "details for /srv/media"),
    "last-restart": ("when did jellyfin last restart", "when was jellyfin restarted the last time", "how often was jellyfin restarted"),
    "recent-events": ("what happened in the last 3 days", "recent events please", "what's new", "show recent incidents", "what happend today"),
    "worry": ("whats wrong", "anything I should be concerned about?", "is everything all right", "any problems?", "what needs attention today?"),
    "when-full": ("when does /srv/media run out", "is jellyfin leaking memory", "forecast for /srv/media", "how long until /srv/media is full?"),
    "runs-out-next": ("what runs out next?", "what is going to be full soon"),
    "disks-run-out": ("which filesystem fills up next", "which disk fills up first", "any disks filling up?", "when do we run out of space"),
    "memory-runs-out": ("when will memory run out", "any memory leaks?", "will I run out of memory?", "which service leaks", "when is the memory full", "when will RAM be exhausted"),
    "service-memory": ("how much memory does jellyfin use", "is jellyfin using too much ram"),
    "service-cpu": ("cpu usage of jellyfin", "how much cpu is jellyfin taking"),
    "did": ("what did homeostat do today", "what have you been doing", "which actions did you take last week", "what was done in the last month"),
    "refused": ("what did you refuse", "why were actions refused", "what was blocked this week"),
    "pending": ("what is waiting for my approval", "any proposals?", "what do I need to approve", "is something pending"),
    "why": ("why was jellyfin restarted", "why didn't you restart jellyfin", "why did you do nothing about /srv/media"),
    "advice": ("why is jellyfin so slow?", "jellyfin is slow, what should i do", "what's wrong with jellyfin", "how can I fix immich", "why is jellyfin down?"),
    "success": ("how successful are you",),
    "state": ("what mode are you in",),
    "backups": ("how old is the last backup",),
    "log-errors": ("errors in the logs",),
}  # fmt: skip
ALSO = {
    "top-memory": ("which app needs the most RAM?", "memory hogs", "is there enough memory", "how much ram do we have", "list services by memory", "who eats the ram on nas7"),
    "top-cpu": ("what's hogging the processor", "show cpu load", "is the cpu overloaded", "why is the CPU so high", "top 5 processes by cpu", "how loaded is nas7"),
    "is-running": ("has jellyfin crashed", "check jellyfin", "is the jellyfin service running", "can you check whether jellyfin is online", "is jellyfin available", "state of jellyfin please"),
    "service-status": ("anything down?", "which services are not running", "did any service fail", "show me all units", "overview of services", "do all services work"),
    "network-members": ("list the machines", "what devices are on my network", "which exporters are down", "show hosts", "is everything reachable", "which nodes are offline"),
    "network-overview": ("show network usage", "how many connections are open", "any packet loss or errors on eth0", "bandwidth", "traffic on nas7", "how busy is the network right now"),
    "disk-usage": ("free space", "how full is my storage", "which disk is the fullest", "are we running low on disk", "storage left", "how much space does /srv/media have"),
    "disk-details": ("show disk io", "inode usage", "tell me more about /srv/media", "what type of filesystem is /srv/media", "how fast do the disks grow"),
    "last-restart": ("when did you last restart jellyfin", "jellyfin last restart time", "since when is jellyfin running", "which service restarted last", "how long has jellyfin been running", "restart history of jellyfin"),
    "is-up": ("when did nas7 boot", "last reboot of nas7"),
    "recent-events": ("what did I miss", "show me the latest alerts", "which alerts are firing", "what happened last night", "what happened to jellyfin yesterday", "show events of the last 2 hours"),
    "worry": ("should I be worried?", "how is everything", "what is urgent", "give me a health check", "are we okay", "is there trouble"),
    "when-full": ("when will /srv/media fill up", "does immich leak", "how long will /srv/media last", "when does /srv/media reach its limit", "will /srv/media be full this week", "how much time does /srv/media have left"),
    "runs-out-next": ("what is about to run out", "forecast", "will anything run out soon"),
    "did": ("show me what you did", "what did you fix", "did you do anything today", "summary of actions this month", "how many restarts did you do this week", "which problems did you repair"),
    "refused": ("what did you decide not to do", "which actions were vetoed", "anything refused lately", "what have you refused to do", "why did you refuse", "list refusals of the last 3 days"),
    "pending": ("do I need to do anything", "what are you waiting for", "what needs my approval", "what will you do next", "show pending approvals", "what will happen tomorrow", "is anything waiting for me"),
    "why": ("why did you clean /srv/media", "why has nothing been done about jellyfin", "why was jellyfin killed", "what made you restart jellyfin", "why did homeostat restart jellyfin yesterday", "why didn't you do anything about jellyfin"),
    "advice": ("jellyfin is very slow", "jellyfin keeps crashing", "help me with immich", "what happened to make jellyfin slow", "what do you recommend for /srv/media", "jellyfin hangs"),
    "success": ("how confident are you about disk cleanup", "how often do your actions succeed", "how good are you", "how reliable are your actions", "success rate please"),
    "state": ("is homeostat running", "is homeostat paused", "are you in shadow mode", "what stops you", "is anything paused", "what is your mode"),
    "backups": ("is the backup okay", "did the backup run", "how fresh are my snapshots"),
    "certificates": ("which certs expire soon", "are any certificates expiring"),
    "log-errors": ("show log errors", "anything weird in the logs", "what errors does the journal show"),
    "drift": ("is anything out of date compared to its unit", "config drift"),
}  # fmt: skip
# What people of a homelab type, written down before anybody looked at the words of the kinds.
TYPED = {
    "top-memory": ("whats eating my ram",),
    "top-cpu": ("which process hogs the cpu", "what is the load on nas7"),
    "temperature": ("how hot is the cpu",),
    "worry": ("is there anything broken right now", "is everything ok"),
    "disk-usage": ("how much space left on /srv/media",),
    "when-full": ("how long until /srv/media is full", "is jellyfin leaking memory"),
    "is-running": ("is jellyfin up?",),
    "failed": ("did anything crash last night", "what went wrong today", "which actions failed this week", "what failed yesterday", "what broke overnight", "what were the failures this week", "can you tell me what failed", "how do I see what failed"),
    "recent-events": ("what happened while I was asleep", "what changed since yesterday", "has anything been deployed recently", "give me a summary of the last 24 hours"),
    "did": ("what did you do yesterday", "show me everything you did today"),
    "refused": ("why was my action refused",),
    "why": ("why didn't you restart jellyfin",),
    "pending": ("what needs my approval", "anything waiting for me?"),
    "certificates": ("how many days until the certs expire", "is the tls certificate of nas7 still valid"),
    "backups": ("did last night's backup work", "when was the last backup", "how old is the newest backup of /srv/media", "why did the backup fail", "did any backup fail"),
    "log-errors": ("any errors in the journal since yesterday",),
    "rolled-back": ("what did you roll back", "did you undo anything this month", "what was rolled back"),
    "swap": ("how full is swap", "is the machine swapping", "when will swap run out", "will the swap be exhausted", "how's my swap doing"),
    "windows": ("when is the next maintenance window", "are you allowed to act right now", "may you restart things now?", "when can you act again", "when is the next window?", "may it act now?", "is there a window tonight", "when will you act on /srv/media", "how long is the maintenance window"),
    "network-overview": ("how's the network doing", "who is hogging the bandwidth"),
    "network-members": ("which hosts are down",),
    "service-status": ("how many services are running", "list all containers"),
    "is-up": ("how long has nas7 been up", "when did nas7 reboot last"),
    "memory-runs-out": ("will we run out of memory this week",),
    "disks-run-out": ("which disk fills up fastest", "when will I need to buy a new disk"),
    "accuracy": ("how good are your predictions", "how accurate are you"),
    "success": ("how confident are you", "can I trust you"),
    "advice": ("what's wrong with jellyfin", "how do I fix immich", "why is nas7 slow", "should I restart jellyfin", "is jellyfin failing"),
    "drift": ("tell me about drift",),
}  # fmt: skip
QUESTIONS = built_in()


def heard(text: str) -> Heard:
    found = hear(text, QUESTIONS, NOBODY)
    assert isinstance(found, Heard), found
    return found


@pytest.mark.parametrize(("name", "text"), [(name, text) for phrasings in (FREELY, ALSO, TYPED) for name, texts in phrasings.items() for text in texts])
def test_a_question_is_understood_with_courtesy_plurals_and_slips(name: str, text: str) -> None:
    assert heard(text).name == name


@pytest.mark.parametrize("text", ["bake me a cake", "what is the meaning of life", "", "?", "jellyfin"])
def test_what_is_no_question_of_ours_is_none(text: str) -> None:
    found = hear(text, QUESTIONS, NOBODY)
    assert isinstance(found, Unheard)
    assert found.nearest is None


@pytest.mark.parametrize(("text", "nearest", "word"), [("is jelly running?", "is-running", "jelly"), ("why is jelyfin slow?", "advice", "jelyfin"), ("when will media be full", "when-full", "media")])
def test_a_misspelt_name_is_never_answered_by_a_vaguer_question(text: str, nearest: str, word: str) -> None:
    found = hear(text, QUESTIONS, NOBODY)
    assert isinstance(found, Unheard)
    assert (found.nearest, found.unknown) == (nearest, (word,))


def test_the_words_that_told_it_and_the_names_are_kept() -> None:
    found = heard("Why did you restart JELLYFIN on nas7?")
    assert found.because == ("why", "did", "you", "restart", "jellyfin", "nas7")
    assert found.names == {"service": "jellyfin", "target": "jellyfin", "host": "nas7"}


def test_how_many_are_asked_for_is_no_time() -> None:
    assert heard("top 3 memory").count == 3
    assert heard("memory in the last 3 days").count == 10
    assert heard("top 0 memory").count == 1


def test_a_slip_of_a_short_word_is_no_other_word() -> None:
    assert isinstance(hear("smart of jellyfin", QUESTIONS, NOBODY), Unheard)
    assert heard("satrt of jellyfin").name == "last-restart"


@pytest.mark.parametrize(("one", "other", "apart"), [("memory", "memroy", True), ("memory", "memry", True), ("memory", "memoryy", True), ("memory", "nemory", True), ("memory", "memory", True), ("memory", "mermoyr", False), ("disk", "dusty", False)])
def test_a_slip_is_one_letter(one: str, other: str, apart: bool) -> None:
    assert one_letter_apart(one, other) is apart
    assert one_letter_apart(other, one) is apart


def test_a_question_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 500 letters; this one has 501"):
        hear("x" * 501, QUESTIONS, NOBODY)


@given(st.text(max_size=120) | st.lists(st.sampled_from(sorted({word for texts in FREELY.values() for text in texts for word in text.split()})), max_size=12).map(" ".join))
def test_any_text_is_heard_or_not_and_always_alike(text: str) -> None:
    assert hear(text, QUESTIONS, NOBODY) == hear(text, dict(QUESTIONS), NOBODY)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [("what happened yesterday in the last 3 days", ()), ("what happened on 2026-11-20", ("2026-11-20",)), ("what happened on monday at 3:30", ("monday", "3:30")), ("top 5 memory", ()), ("what happened in the last 3 days", ()), ("top memory 5", ("5",)), ("is nas7 up", ()), ("are the disks healthy", ("healthy",)), ("is my raid okay", ("raid",))],
)  # fmt: skip
def test_a_word_or_number_that_says_nothing_here_is_told_of(text: str, unknown: tuple[str, ...]) -> None:
    assert heard(text).unknown == unknown


def test_a_second_name_of_the_same_kind_is_kept_apart() -> None:
    names = dataclasses.replace(NOBODY, kinds={**NOBODY.kinds, "traefik": frozenset({"service", "target"})})
    found = hear("are jellyfin and traefik running", QUESTIONS, names)
    assert isinstance(found, Heard)
    assert (found.names["service"], found.beside) == ("jellyfin", ("traefik",))
