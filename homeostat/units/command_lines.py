"""Reads a unit's command lines as systemd does, and what they ask of podman."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homeostat.units.seals import OPEN, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeostat.units.facts import Settings

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_BARE, _DOUBLE, _SINGLE = r"(?:[^\s\"'\\]|\\.)+", r'"((?:[^"\\]|\\.)*)"', r"'((?:[^'\\]|\\.)*)'"
_WORD = re.compile(rf"(?:{_BARE}|{_DOUBLE}|{_SINGLE})+", re.DOTALL)
_PART = re.compile(rf"{_DOUBLE}|{_SINGLE}|({_BARE})", re.DOTALL)
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.)", re.DOTALL)
_SPECIFIER = re.compile("%(.)")
_VARIABLE = re.compile(r"\$\$|\$\{\w+\}|\$[A-Za-z_]\w*")
_PREFIXES = "-@:+!|"

_VERBS = frozenset({"container", "run", "create"})
_FLAGS = frozenset({
    "--detach", "--rm", "--rmi", "--replace", "--init", "--read-only", "--privileged", "--tty", "--interactive", "--no-hosts", "--no-hostname",
    "--no-healthcheck", "--oom-kill-disable", "--publish-all", "--quiet", "--disable-content-trust", "--read-only-tmpfs",
})  # fmt: skip
_LONG = {
    "-d": "--detach", "-t": "--tty", "-i": "--interactive", "-P": "--publish-all", "-q": "--quiet", "-v": "--volume", "-e": "--env", "-l": "--label",
    "-p": "--publish", "-m": "--memory", "-u": "--user", "-w": "--workdir", "-h": "--hostname", "-c": "--cpu-shares", "--net": "--network",
}  # fmt: skip
_SWITCHES = "dtiPq"
_PRIVATE = ("--env", "--label", "--annotation")


def split(line: str, specifiers: Mapping[str, str]) -> list[str]:
    """Split a setting's value into words, with quotes, escapes and specifiers resolved; `%%` is a `%`."""
    return [_SPECIFIER.sub(lambda found: _meaning(found[1], specifiers), _unquoted(word[0])) for word in _WORD.finditer(line)]


def argv_of(line: str, specifiers: Mapping[str, str]) -> list[str]:
    """Return the argv that a unit's `ExecStart` means; what its environment will say stands as OPEN."""
    return [_VARIABLE.sub(lambda found: "$" if found[0] == "$$" else OPEN, word) for word in split(line.lstrip(_PREFIXES), specifiers)]


def specifiers(unit: str, home: str | None = None, user: tuple[str, int] = ("root", 0)) -> dict[str, str]:
    """Return what the specifiers of systemd.unit(5) mean in a unit of the system's, or of a user's with that home."""
    bare = unit.rpartition(".")[0]
    prefix, _, instance = bare.partition("@")
    name, uid = user
    places = {"t": "/run", "E": "/etc", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "h": "/root"}
    if home is not None:
        places = {"t": f"/run/user/{uid}", "E": f"{home}/.config", "S": f"{home}/.local/state", "C": f"{home}/.cache", "h": home}
    return {**places, "n": unit, "N": bare, "p": prefix, "i": instance, "j": prefix.rpartition("-")[2], "u": name, "U": str(uid)}


def fits(declared: str, running: str) -> bool:
    """Say whether what runs may be what is declared: all that stands open fits anything. It takes no longer than reading both a few times."""
    first, *rest = declared.split(OPEN)
    if not rest:
        return declared == running
    *middle, last = rest
    at, end = len(first), len(running) - len(last)
    if at > end or not (running.startswith(first) and running.endswith(last)):
        return False
    for part in middle:
        # The first place that fits leaves the most for those behind it.
        found = running.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def podman_options(argv: Sequence[str]) -> Settings | None:
    """Return what a `podman run` asks for: its options by their long names, `image`, and `command` as one line; None where `argv` is none.

    Options in another order are the same ones. Environment and labels are told by name, with a seal for the value.
    """
    words = list(argv[1:])
    if not argv or argv[0].rpartition("/")[2] != "podman" or not {"run", "create"} & set(words):
        return None
    found: dict[str, list[str]] = {}
    while words and (words[0].startswith("-") or words[0] in _VERBS):
        word = words.pop(0)
        for name, value in _options(word, words) if word not in _VERBS else ():
            found.setdefault(name, []).append(value)
    private = {f"{name} {of}": (seal,) for name in _PRIVATE for of, seal in pairs(found.pop(name, [])).items()}
    told = {name: tuple(sorted(values)) for name, values in found.items()}
    return told | private | {"image": tuple(words[:1]), "command": (" ".join(words[1:]),)}


def _options(word: str, words: list[str]) -> list[tuple[str, str]]:
    """Return the long name and the value of an option, which may be the next of `words`; several switches may stand in one word."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        name = _LONG.get(name, name)
        return [(name, value if equals or name in _FLAGS else _next(words))]
    if all(letter in _SWITCHES for letter in word[1:]):
        return [(_LONG[f"-{letter}"], "") for letter in word[1:]]
    return [(_LONG.get(word[:2], word[:2]), word[2:].removeprefix("=") or _next(words))]


def _next(words: list[str]) -> str:
    return words.pop(0) if words else ""


def _meaning(letter: str, specifiers: Mapping[str, str]) -> str:
    return "%" if letter == "%" else specifiers.get(letter, OPEN)


def _unquoted(word: str) -> str:
    parts = (double or single or bare for double, single, bare in _PART.findall(word))
    return "".join(_ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), part) for part in parts)
