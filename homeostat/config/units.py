"""Durations and sizes as people write them in configuration."""

from __future__ import annotations

import re

_DURATION_PARTS = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_DURATION_SECONDS = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
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
        return cls(sum(int(part) * unit for part, unit in zip(match.groups(), _DURATION_SECONDS, strict=True) if part))

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
