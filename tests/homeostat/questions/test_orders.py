"""An order typed as a question is answered with what would do it, in one line, and nothing is done."""

from __future__ import annotations

import dataclasses

import pytest

from homeostat.config import Config, loads
from homeostat.questions.answering import answer
from homeostat.questions.hearing import hear
from homeostat.questions.model import NotUnderstood
from homeostat.questions.orders import Ordered, answer_to, known_orders
from homeostat.questions.patterns import NOBODY, built_in, misunderstood
from homeostat.questions.spans import Span
from tests.contracts.test_terminal import written as typed_in
from tests.homeostat.questions.test_answering import Doors

SERVICES = loads(
    """
services:
  jellyfin: {manager: systemd, unit: jellyfin.service}
  immich: {manager: podman, unit: immich}
  ownd: {manager: command, commands: {show: [/usr/bin/ownd, show], restart: [/usr/bin/ownd, "start again"]}}
""",
    Config,
    "homeostat.yml",
).services
NAMES = dataclasses.replace(NOBODY, kinds={**NOBODY.kinds, **{name: frozenset({"service", "target"}) for name in SERVICES}})


def told(text: str, span: Span | None = None) -> str:
    order = hear(text, built_in(), NAMES)
    assert isinstance(order, Ordered), order
    line = answer_to(order, SERVICES, span)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("restart jellyfin", "systemctl restart jellyfin.service"), ("please restart jellyfin", "systemctl restart jellyfin.service"), ("how do I restart immich?", "podman restart immich"),
        ("bounce ownd", "/usr/bin/ownd 'start again'"), ("stop jellyfin", "systemctl stop jellyfin.service"), ("restart it", "homeostat proposals"), ("pause jellyfin", "homeostat pause --for 2h --service jellyfin --reason WHY"),
        ("don't touch /srv/media", "homeostat pause --for 2h --filesystem /srv/media --reason WHY"), ("stop restarting jellyfin", "homeostat pause --for 2h --service jellyfin --reason WHY"),
        ("approve 3f2a", "homeostat approve 3f2a"), ("could you please approve it", "homeostat approve ID"), ("deny 0a1b2c3d", "homeostat deny 0a1b2c3d"), ("cancel 3f2a", "homeostat veto 3f2a"),
        ("clean up the disk", "homeostat proposals"), ("stop everything", "homeostat stop"), ("can you stop everything", "homeostat stop"), ("resume", "homeostat resume"), ("undo the last action", "homeostat undo"),
        ("undo 3f2a", "homeostat undo 3f2a"), ("fix jellyfin", "homeostat ask what should I do about jellyfin"), ("how do I pause you?", "homeostat pause --for 2h --reason WHY"), ("switch to active mode", "homeostat check-config"), ("turn off jellyfin", "systemctl stop jellyfin.service"), ("show me the report", "homeostat report --period 24h"),
        ("mute alerts", "homeostat pause --for 2h --reason WHY"), ("leave me alone", "homeostat pause --for 2h --reason WHY"), ("how to free up space", "homeostat proposals"),
    ],
)  # fmt: skip
def test_an_order_is_answered_with_the_command_that_would_do_it(text: str, command: str) -> None:
    line = told(text)
    assert line.startswith("`homeostat ask` only answers and changes nothing. ")
    assert line.endswith(f" `{command}`.")


def test_the_time_that_is_said_is_the_commands() -> None:
    assert "`homeostat pause --for 3h --reason WHY`" in told("pause for 3 hours", Span(0.0, None, 3 * 3600.0))


def test_where_there_is_no_command_that_is_said() -> None:
    assert told("stop ownd").endswith("Homeostat has no command for that.")
    assert told("run a backup").endswith("Homeostat makes no backups, it looks after those that others make.")


@pytest.mark.parametrize("text", ["restart history of jellyfin", "stop reasons", "pause status", "can you check whether jellyfin is online", "how do I fix jellyfin", "free space", "when did you restart jellyfin", "run out of memory"])
def test_a_question_is_no_order(text: str) -> None:
    assert not isinstance(hear(text, built_in(), NAMES), Ordered)


def test_nobody_but_the_catalogue_is_asked_and_nothing_else_is_told() -> None:
    doors = Doors({}, [])
    with pytest.raises(NotUnderstood, match=r"changes nothing\. What would do it is `homeostat pause --for 2h --reason WHY`") as refused:
        answer(doors, "pause for 2h")  # type: ignore[arg-type]
    assert refused.value.can_be_asked == ()
    assert len(doors.asked) == 1


def test_every_command_that_is_told_can_be_typed() -> None:
    commands = [order.command for order in known_orders().values() if order.command.startswith("homeostat ")]
    assert all(list(typed_in(command.replace("{any_id}", ""))) for command in commands)


def test_an_example_of_ones_own_that_is_an_order_is_told_of() -> None:
    own = loads('questions: {cats: {examples: [restart the cat], words: [[cat]], answers: [{title: Cats, columns: {cats: {promql: "vector(9)"}}}]}}', Config, "homeostat.yml").questions
    assert list(misunderstood(own, own)) == [("cats", 0, "an order")]
