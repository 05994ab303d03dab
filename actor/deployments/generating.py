"""Whether systemd could make a unit of what is declared: asked before a reload, which would drop what it cannot read."""

from __future__ import annotations

import contextlib
import pathlib
import re
from typing import TYPE_CHECKING

from actor import systemctl
from homeostat import shell
from homeostat.units.files import QUADLETS

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service
    from homeostat.units.places import Place

_ANALYZE = "/usr/bin/systemd-analyze"
_ASK_SECONDS = 30
_SAYS = re.compile(r"quadlet-generator\[\d+\]: (?!Loading source|No files parsed)(.*)")
_UNKNOWN_KEY = re.compile(r"unsupported key '(?P<key>\w+)' in group '\w+' in (?P<path>/\S+)")


def mistake(service: Service, own: str) -> str | None:
    """Say in one line what keeps the file `own` from becoming the service's unit, or None; a mistake in another quadlet counts.

    For podman's generator makes no unit at all while it cannot read one of its files.
    """
    place = systemctl.place_of(systemctl.user_of(service))
    if own.endswith(QUADLETS):
        return _of_quadlets(place)
    of_user = ("--user",) if place.home is not None else ()
    completed = shell.run((*place.prefix, _ANALYZE, *of_user, "verify", "--man=no", "--recursive-errors=no", own), _ASK_SECONDS)
    if completed.ok:
        return None
    return f"systemd would not load it so: {'; '.join(completed.output.strip().splitlines()[:3]) or completed}"


def _of_quadlets(place: Place) -> str | None:
    generator = next(word for word in place.generator if word.endswith("-generator"))
    if not pathlib.Path(generator).exists():
        return f"podman's generator {generator} is not installed, so no quadlet becomes a unit"
    completed = shell.run(place.generator, _ASK_SECONDS)
    if completed.ok:
        return None
    said = [_with_line(match[1]) for match in map(_SAYS.match, completed.output.splitlines()) if match is not None]
    return f"podman's generator would make no unit of it: {'; '.join(said[:3]) or completed}"


def _with_line(said: str) -> str:
    """Return podman's words of an unknown key with the file and the line where it stands: it names the quadlet, whichever drop-in that is in."""
    found = _UNKNOWN_KEY.search(said)
    if found is None:
        return said
    quadlet = pathlib.Path(found["path"])
    for path in (quadlet, *sorted(quadlet.with_name(f"{quadlet.name}.d").glob("*.conf"))):
        with contextlib.suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            number = next((number for number, line in enumerate(lines, 1) if line.partition("=")[0].strip() == found["key"]), None)
            if number is not None:
                return f"{path} line {number}: unsupported key {found['key']!r}"
    return said
