"""Durations and sizes as people write them in configuration."""

from __future__ import annotations

import re

_DURATION_PARTS = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_DURATION_MS = (365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGTP]?i?B)")
_SIZE_POWERS = " kMGTP"


class Duration(float):
    """Seconds, written as Prometheus writes them: `90s`, `10m`, `1h30m`, `7d`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read `7d` into seconds.

        Raises:
            ValueError: `text` is no Prometheus duration.

        """
        match = _DURATION_PARTS.fullmatch(text) if isinstance(text, str) and text else None
        if match is None:
            raise ValueError(f"{text!r} is no duration; write it like 30s, 10m, 1h30m or 7d")
        return cls(sum(int(part) * unit for part, unit in zip(match.groups(), _DURATION_MS, strict=True) if part) / 1000)

    def __str__(self) -> str:
        rest_ms, words = round(self * 1000), ""
        for letters, seconds in zip(("d", "h", "m", "s", "ms"), (86400, 3600, 60, 1, 0.001), strict=True):
            count, rest_ms = divmod(rest_ms, round(seconds * 1000))
            words += f"{count}{letters}" if count else ""
        return words or "0s"


class Size(int):
    """Bytes, written `512MiB` (powers of 1024) or `10MB` (powers of 1000)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Size:
        """Read `10MB` into bytes.

        Raises:
            ValueError: `text` is no size.

        """
        match = _SIZE.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is no size; write it like 512MiB or 10MB")
        number, unit = match.groups()
        base = 1024 if "i" in unit else 1000
        power = _SIZE_POWERS.index(unit[0]) if unit != "B" else 0
        return cls(float(number) * base**power)

    def __str__(self) -> str:
        letters = list(enumerate(_SIZE_POWERS))[:0:-1]
        units = [("B", 1), *((f"{letter}{i}B", base**power) for i, base in (("", 1000), ("i", 1024)) for power, letter in letters)]
        return min((f"{int(self) // size}{unit}" for unit, size in units if int(self) % size == 0), key=len)
