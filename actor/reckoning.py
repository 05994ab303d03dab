"""What a cleanup predicted, what it freed, and whether it goes on: it stops at its target, and where a prediction fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.model import Prediction
from homeostat.amounts import amount

if TYPE_CHECKING:
    from actor.model import Command

TOLERANCE = 0.20


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """What one command freed by the file system's own account: measured just before it and just after.

    `others_bytes` is what may have been written beside it in that moment, and is no fault of the prediction.
    """

    predicted: Prediction
    freed_bytes: int
    others_bytes: int
    free_bytes: int

    @property
    def as_predicted(self) -> bool:
        """It freed what was predicted, give or take a fifth and what others wrote meanwhile."""
        least = self.predicted.least_bytes * (1 - TOLERANCE) - self.others_bytes
        most = self.predicted.most_bytes * (1 + TOLERANCE) + self.others_bytes
        return least <= self.freed_bytes <= most


class Reckoning(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a run: the free bytes at which it stops, and what each command freed that was measured."""

    target_bytes: int | None = None
    freed: tuple[Freed, ...] = ()

    def after(self, result: dict[str, Any]) -> Reckoning:
        """Return the account with the result of one more command, which tells what it freed if it freed anything."""
        if "freed" not in result:
            return self
        return msgspec.structs.replace(self, freed=(*self.freed, msgspec.convert(result["freed"], Freed)))

    @property
    def mispredicted(self) -> Freed | None:
        """What did not free what was predicted, or None."""
        return next((freed for freed in self.freed if not freed.as_predicted), None)

    @property
    def reached(self) -> bool:
        """As much is free as was wanted."""
        return bool(self.freed) and self.target_bytes is not None and self.freed[-1].free_bytes >= self.target_bytes

    @property
    def over(self) -> bool:
        """Nothing more is to be freed in this run."""
        return self.reached or self.mispredicted is not None

    @property
    def sentence(self) -> str:
        """Prediction, measurement and target in words."""
        wrong = self.mispredicted
        if wrong is not None:
            return f"predicted to free {_predicted(wrong.predicted)}, measured {amount(wrong.freed_bytes, 'bytes')}: off by more than {TOLERANCE:.0%}, so it ended there"
        least = sum(freed.predicted.least_bytes for freed in self.freed)
        freed_bytes = sum(freed.freed_bytes for freed in self.freed)
        told = f"freed {amount(freed_bytes, 'bytes')} of {amount(least, 'bytes')} predicted, in {len(self.freed)} {'part' if len(self.freed) == 1 else 'parts'}"
        if self.target_bytes is None:
            return told
        reached = "is reached" if self.reached else "is not reached, for nothing more was within the rules"
        return f"{told}; the target of {amount(self.target_bytes, 'bytes')} free {reached}"


def predicted(commands: tuple[Command, ...]) -> int:
    """Return the bytes that commands are predicted to free at least, once they cannot be undone."""
    return sum(command.frees.least_bytes for command in commands if command.irreversible and command.frees is not None)


def _predicted(prediction: Prediction) -> str:
    least, most = amount(prediction.least_bytes, "bytes"), amount(prediction.most_bytes, "bytes")
    return least if least == most else f"{least} to {most}"
