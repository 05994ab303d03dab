"""Changes of a measure, as a playbook asks for them."""

from __future__ import annotations

import re

_FORM = re.compile(r"\s*([+-]|[<>])\s*(\d+(?:\.\d+)?)\s*")


class Change(str):
    """A change of a measure: `+0.03` rose by more than 0.03, `-0.02` fell by more, `> 0` and `< 0` by anything."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read a change.

        Raises:
            ValueError: it is none of the four forms.

        """
        if not _FORM.fullmatch(text):
            raise ValueError(f"{text!r} is no change; write '+0.03' (rose by more), '-0.02' (fell by more), '> 0' or '< 0'")
        return cls(text)

    @property
    def bound(self) -> tuple[bool, float]:
        """Whether the measure must rise above, else fall below, and how much it must have changed for that."""
        match = _FORM.fullmatch(self)
        assert match is not None
        sign, amount = match.group(1), float(match.group(2))
        return sign in "+>", -amount if sign == "-" else amount

    def met(self, change: float) -> bool:
        """Say whether a measured `change` is what this asks."""
        rises, amount = self.bound
        return change > amount if rises else change < amount

    def implies(self, other: Change) -> bool:
        """Say whether whatever meets this meets `other` too."""
        (rises, amount), (other_rises, other_amount) = self.bound, other.bound
        return rises == other_rises and (amount >= other_amount if rises else amount <= other_amount)
