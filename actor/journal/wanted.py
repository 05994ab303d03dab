"""Which incidents are asked for, as a condition that the journal's own index can be walked with."""

from __future__ import annotations

import msgspec

from homeostat.words import Decision, Outcome

TOUCHED = "max(opened_at, coalesce(acted_at, 0), coalesce(closed_at, 0))"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents opened before a Unix time, with exactly these words, or on their way; None is any."""

    until: float | None = None
    target: str | None = None
    problem: str | None = None
    action: str | None = None
    decision: Decision | None = None
    outcome: Outcome | None = None
    pending: bool = False

    def condition(self, since: float | None) -> tuple[str, list[object]]:
        """Return the condition on incidents opened, acted on or closed since a Unix time (None: ever), with the values that its marks stand for."""
        said = {name: getattr(self, name) for name in ("target", "problem", "action", "decision", "outcome")}
        asked: dict[str, object] = {f"{name} = ?": value for name, value in said.items() if value is not None}
        asked |= {"opened_at < ?": self.until} if self.until is not None else {}
        asked = ({f"{TOUCHED} >= ?": since} if since is not None else {}) | asked
        terms = [*asked, *(["state IS NOT NULL"] if self.pending else [])]
        return " AND ".join(terms) or "true", [*asked.values()]


ALL = Wanted()
