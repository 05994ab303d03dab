"""What the kernel tells of a host's shortage: how long work waited for a resource (PSI), and how much memory is available."""

from __future__ import annotations

import pathlib

import msgspec

RESOURCES = ("cpu", "memory", "io")
_PROC = pathlib.Path("/proc")


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of time, 0 to 1, averaged over the last ten seconds and over the last minute."""

    of_ten_seconds: float = 0.0
    of_minute: float = 0.0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """For how much of the time some of the work waited for a resource, and for how much of it all of the work did."""

    some: Share
    full: Share = Share()


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes that can be had without swapping, and all there are."""

    available_bytes: int
    total_bytes: int

    @property
    def available_ratio(self) -> float:
        """The share that is available, 0 to 1."""
        return self.available_bytes / self.total_bytes


def waiting_for(resource: str) -> Waiting | None:
    """Return what the kernel tells of one of RESOURCES; None where it was built or booted without PSI."""
    try:
        return parse_waiting(_PROC.joinpath("pressure", resource).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def memory() -> Memory:
    """Return how much memory this host has. Raises OSError and ValueError where /proc/meminfo does not tell."""
    return parse_memory(_PROC.joinpath("meminfo").read_text(encoding="ascii"))


def parse_waiting(text: str) -> Waiting:
    """Read the lines `some avg10=0.00 avg60=1.50 ...` and `full ...` (kernel documentation, accounting/psi), which are in percent. Raises ValueError."""
    lines = {words[0]: dict(word.split("=", 1) for word in words[1:]) for words in map(str.split, text.splitlines()) if words}
    # Older kernels tell of the processor only how long some of the work waited.
    return Waiting(some=_share(lines.get("some", {})), full=_share(lines["full"]) if "full" in lines else Share())


def _share(told: dict[str, str]) -> Share:
    try:
        return Share(of_ten_seconds=float(told["avg10"]) / 100, of_minute=float(told["avg60"]) / 100)
    except KeyError as missing:
        raise ValueError(f"{missing} is missing") from None


def parse_memory(text: str) -> Memory:
    """Read what /proc/meminfo says. Raises ValueError."""
    told = {name: rest.split() for name, _, rest in (line.partition(":") for line in text.splitlines())}
    try:
        available_bytes, total_bytes = (int(told[name][0]) * 1024 for name in ("MemAvailable", "MemTotal"))
    except (KeyError, IndexError) as missing:
        raise ValueError(f"{missing} is missing") from None
    if total_bytes <= 0:
        raise ValueError("MemTotal is nothing")
    return Memory(available_bytes=available_bytes, total_bytes=total_bytes)
