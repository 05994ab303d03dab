"""What the exporter makes of root's answers, good and bad, over a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import exporter.observers
from exporter import door, observer_root
from exporter.door import Answer, facts_of, through
from exporter.observation import Looking, NotSeen, Observer, Sight
from homeostat.clock import SystemClock
from homeostat.config import Config
from homeostat.discovery import load_plugin

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator


class Facts(msgspec.Struct, frozen=True):
    number: int


OBSERVER = Observer(help={}, facts=Facts, gather=lambda _: Facts(1), read=lambda facts, looking: Sight(), needs_root=True)
LOOKING = Looking(Config(host="nas"), 0.0)


@contextlib.contextmanager
def answering(path: pathlib.Path, serve: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def once() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                serve(connection)

        thread = threading.Thread(target=once)
        thread.start()
        yield str(path)
        thread.join(5)


def with_answer(answer: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        assert connection.recv(64) == b"box\n"
        connection.sendall(answer)

    return serve


def test_what_root_saw_comes_as_the_observers_own_facts(tmp_path: pathlib.Path) -> None:
    answer = Answer(facts=msgspec.Raw(msgspec.json.encode(Facts(7))))
    with answering(tmp_path / "door", with_answer(msgspec.json.encode(answer))) as path:
        assert facts_of("box", OBSERVER, LOOKING, path) == Facts(7)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (msgspec.json.encode(Answer(reason="podman does not answer")), "^podman does not answer$"),
        (b"", "cannot be read"),
        (b'{"facts":{"number":"x"}}', "cannot be read"),
        (b'{"facts":null}', "cannot be read"),
        (b"not JSON", "cannot be read"),
    ],
)
def test_what_is_no_answer_is_not_seen_in_one_line(tmp_path: pathlib.Path, answer: bytes, words: str) -> None:
    with answering(tmp_path / "door", with_answer(answer)) as path, pytest.raises(NotSeen, match=words) as told:
        facts_of("box", OBSERVER, LOOKING, path)
    assert "\n" not in str(told.value)


def test_an_answer_without_end_is_cut(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_MOST_BYTES", 100_000)

    def serve(connection: socket.socket) -> None:
        while True:
            connection.sendall(b" " * 65536)

    with answering(tmp_path / "door", serve) as path, pytest.raises(NotSeen, match="its answer does not end"):
        facts_of("box", OBSERVER, LOOKING, path)


def test_a_silent_root_is_waited_for_no_longer_than_the_deadline(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_DEADLINE_SECONDS", 0.2)
    done = threading.Event()
    with answering(tmp_path / "door", lambda connection: done.wait(5) and None) as path:
        with pytest.raises(NotSeen, match="does not answer"):
            facts_of("box", OBSERVER, LOOKING, path)
        done.set()


def test_without_a_door_it_is_said_what_to_start(tmp_path: pathlib.Path) -> None:
    with pytest.raises(NotSeen, match=r"is not there; start homeostat-observer.socket$"):
        facts_of("box", OBSERVER, LOOKING, str(tmp_path / "door"))


def test_only_what_needs_root_goes_through_the_door_and_only_where_this_is_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    own = observer(needs_root=False)
    monkeypatch.setattr(door.os, "geteuid", lambda: 1000)
    found = through({"box": OBSERVER, "own": own})
    assert found["own"] is own
    assert found["box"].gather is not OBSERVER.gather
    monkeypatch.setattr(door.os, "geteuid", lambda: 0)
    assert through({"box": OBSERVER}) == {"box": OBSERVER}


def observer(*, needs_root: bool) -> Observer:
    return Observer(help={}, facts=Facts, gather=OBSERVER.gather, read=OBSERVER.read, needs_root=needs_root)


@pytest.mark.parametrize("name", ["drift", "deployments", "backups", "backup-integrity"])
def test_where_nothing_is_configured_root_is_not_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.os, "geteuid", lambda: 1000)
    asked: list[str] = []
    monkeypatch.setattr(door, "facts_of", lambda asked_of, *_: asked.append(asked_of))
    (found,) = through({name: load_plugin(exporter.observers, name, "OBSERVER", Observer)}).values()
    sight = found.look(LOOKING)
    assert (asked, sight.metrics, sight.troubles) == ([], (), ())


# Root's side of the door.


def said(said: bytes, then: Callable[[socket.socket], Any] = lambda connection: connection.shutdown(socket.SHUT_WR)) -> str:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(said)
        then(ours)
        return observer_root.heard(theirs, SystemClock())


def test_one_line_is_heard_and_nothing_after_it() -> None:
    assert said(b"services\nrm -rf /\n") == "services"
    assert said(b"services") == "services"
    assert said(b"") == ""


def test_a_long_line_is_not_heard_out() -> None:
    assert len(said(b"x" * 100_000)) <= 2 * 64


def test_silence_ends_at_the_deadline_however_it_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer_root, "_PATIENCE_SECONDS", 0.1)
    with pytest.raises(OSError, match="timed out"):
        said(b"ser", lambda connection: None)


@pytest.mark.parametrize("name", ["pressure", "", "no", "services\0", "__init__", "Services"])
def test_only_the_exact_id_of_an_observer_that_needs_root_is_looked_with(name: str, tmp_path: pathlib.Path) -> None:
    answer = observer_root.answered(name, tmp_path / "none.yml", SystemClock())
    assert bytes(answer.facts) == b"null"
    assert answer.reason


def test_a_configuration_that_others_may_write_is_none_to_look_by(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "homeostat.yml"
    file.write_text("host: nas\n")
    file.chmod(0o666)
    assert "writable by nobody else" in observer_root.answered("services", file, SystemClock()).reason
