"""What one look at a service tells: what its files declare, and what runs of it."""

from __future__ import annotations

from typing import Literal

import msgspec

# `{"Service.MemoryMax": ("512M",), "--env LANG": ("#5f2c...",)}`: what is said of each setting, in order.
Settings = dict[str, tuple[str, ...]]
Kind = Literal["unit", "command", "image"]
DriftSeverity = Literal["minor", "major"]


class File(msgspec.Struct, frozen=True):
    """A file that a unit is declared in, and when it last changed here (Unix seconds); None where it cannot be looked at."""

    path: str
    changed_at: float | None

    def is_newer(self, than: float) -> bool:
        """Say whether it changed after a Unix time; what cannot be looked at may have."""
        return self.changed_at is None or self.changed_at > than


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container: `command` is how podman was called to make it; `tagged_id` is the image that its image's name means now, None for none.

    `environment` is what its process really has, by name, with a seal for the value. Times are Unix seconds.
    """

    name: str
    image: str
    image_id: str
    tagged_id: str | None = None
    command: Settings = {}
    environment: Settings = {}
    running: bool = True
    image_created_at: float | None = None


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """One service as its manager and its files tell; of a container without a unit only `container` and `active` say something.

    `load` is systemd's LoadState. `files` are those on disk that declare it, with its drop-ins; for a quadlet its own files in
    place of what is generated. `declared` is what they say, as a reload would read it; `loaded` is what the unit said that was
    loaded when it was started, where that is still to be had. `command` is how podman would be called by what is declared, None for what is no container.
    `mistake` is why podman's generator makes no unit of its quadlet, one line.
    """

    active: bool
    load: str = "loaded"
    invocation: str = ""
    needs_reload: bool = False
    started_at: float | None = None
    files: tuple[File, ...] = ()
    declared: Settings = {}
    loaded: Settings | None = None
    command: Settings | None = None
    container: Container | None = None
    mistake: str | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A look at several services by their names in the catalogue; `unseen` says in one line why one could not be looked at."""

    units: dict[str, Unit] = {}
    unseen: dict[str, str] = {}
