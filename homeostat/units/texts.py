"""Reads unit files and quadlets as systemd does (systemd.syntax(7)): sections, settings said several times, taken back, or broken over lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from homeostat.units.command_lines import argv_of, podman_options, split
from homeostat.units.seals import pairs, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.units.facts import Settings

# Of these the last word counts; what is said of others adds up.
_ONE = re.compile(
    r"(?:Memory|CPU|Tasks|Limit|Timeout|Watchdog|StartLimit|Restart|OOM|Protect|Private|Kill)\w*"
    r"|User|Group|Type|Description|WorkingDirectory|RootDirectory|Slice|Nice|UMask|NotifyAccess"
)
# Of these each word is a setting of its own.
_PRIVATE = frozenset({"Environment", "Label", "Annotation"})
# Of these the whole value may be a secret.
_SEALED = frozenset({"SetCredential", "SetCredentialEncrypted", "StandardInputText", "StandardInputData"})


def settings_of(texts: Iterable[str]) -> Settings:
    """Return what a unit's file and then its drop-ins say together, by `Section.Setting`; environment and labels by `Section.Setting NAME`, with a seal for the value, as credentials have.

    What systemd takes no notice of is left out, and so is a call of podman, which may hold passwords; `podman_options` tells of that.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        for section, key, value in lines_of(text):
            name = f"{section}.{key}"
            if section.startswith("X-") or podman_options(argv_of(value, {})) is not None:
                continue
            if not value:
                # An empty one takes back what was said so far.
                found = {said: values for said, values in found.items() if said != name and not said.startswith(f"{name} ")}
            elif key in _PRIVATE:
                found |= {f"{name} {variable}": (seal,) for variable, seal in pairs(split(value, {})).items()}
            elif key in _SEALED:
                found[name] = (*found.get(name, ()), sealed(value))
            else:
                found[name] = (value,) if _ONE.fullmatch(key) else (*found.get(name, ()), value)
    return found


def lines_of(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each setting of a unit file as section, name and value, in order; what is no setting is left out."""
    section, begun = "", ""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(("#", ";")):
            continue
        whole, begun = f"{begun} {bare}".strip(), ""
        if whole.endswith("\\"):
            begun = whole[:-1].rstrip()
        elif whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
        elif "=" in whole:
            key, _, value = whole.partition("=")
            yield section, key.strip(), value.strip()
